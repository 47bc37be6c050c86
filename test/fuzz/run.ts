/** `npm run fuzz:http -- [--requests N] [--seed S] [--connections C]`: prints figures, and the requests that broke a promise. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fuzz } from './campaign.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    connections: { type: 'string', default: '16' },
  },
});
const folder = await temporaryFolder();
let shown = 0;
const result = await fuzz({
  directory: folder.path,
  seed: Number(values.seed),
  requests: Number(values.requests),
  connections: Number(values.connections),
  onProgress: (done) => {
    if (done - shown < 5_000) return;
    shown = done;
    process.stderr.write(`${done} requests\n`);
  },
});
await folder.remove();
const statuses = [...result.statuses]
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([status, count]) => `${status}: ${count}`);
process.stdout.write(
  `${values.requests} requests, seed ${values.seed}, ${values.connections} connections, ${cpus().length} cores: ${result.seconds.toFixed(0)} s\n` +
    `answers ${statuses.join(', ')}\n` +
    `${result.acceptedRecords} records accepted and read back, ${result.damagedRecords} more of damaged bodies\n` +
    `peak memory of the daemon ${Math.round(result.peakBytes / 2 ** 20)} MiB\n` +
    `${result.violations.length} violations\n${result.violations.join('\n')}\n`,
);
process.exitCode = result.violations.length === 0 ? 0 : 1;
