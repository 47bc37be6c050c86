/** `npm run soak:concurrency -- [--minutes N] [--seed S]`: a line a minute, the figures, and what broke a promise. */
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { report } from './report.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const folder = await temporaryFolder();
try {
  const result = await soak({
    directory: folder.path,
    minutes,
    seed,
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${report(result, minutes, seed)}\n`);
  process.exitCode = result.violations.length === 0 ? 0 : 1;
} finally {
  await folder.remove();
}
