/**
 * Acknowledged = in the table exactly once, not acknowledged = at most once and whole requests only, after kill -9 at random moments and at
 * system-call fault points. A foreign engine reads the tables.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReaderEngine } from '../engines/harness.ts';
import { closeReaders, openReaders } from '../engines/readers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runCampaign } from './campaign.ts';
import { drawFault } from './fault-points.ts';

/** `npm run test:crash -- --kills N --seed S`; CI takes the defaults. */
const KILLS = Number(process.env['SLUICE_KILLS'] ?? 60);
const SEED = Number(process.env['SLUICE_SEED'] ?? 20_261_124);

let engines: readonly ReaderEngine[] = [];
beforeAll(async () => {
  engines = await openReaders(['pyiceberg']);
});
afterAll(() => closeReaders(engines));

async function rowsOf(metadata: string, column: string): Promise<readonly unknown[]> {
  const answer = await engines[0]?.read({ metadata, mode: 'rows', columns: [column] });
  if (answer?.kind !== 'rows') throw new Error(`pyiceberg: ${JSON.stringify(answer)}`);
  return answer.rows.map((row) => row[column]);
}

test(`${KILLS} kills, seed ${SEED}: every promise is kept`, { timeout: 120_000 + KILLS * 10_000 }, async () => {
  const folder = await temporaryFolder();
  const result = await runCampaign({
    setup: {
      directory: folder.path,
      yaml: 'checkpoint: { interval: 150ms }\nlog: { segment_bytes: 1MiB, trim_grace: 1s }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
    },
    kills: KILLS,
    seed: SEED,
    plan: { tables: ['crash.a', 'crash.b', 'crash.c'], producers: 6, maxRecords: 50, maxTextBytes: 2_000 },
    faultOf: (_life, random) => drawFault(random),
    read: async (_table, metadata) => (await rowsOf(metadata, 'id')).map(Number),
    readLetters: async (_table, metadata) =>
      (await rowsOf(metadata, 'original')).map((hex) => Buffer.from(String(hex), 'hex').toString()),
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  process.stderr.write(`${JSON.stringify({ ...result, violations: result.violations.length })}\n`);
  expect(result.violations.slice(0, 20)).toEqual([]);
  // A campaign in which nothing was acknowledged, or no fault struck, proves nothing.
  expect(result.acknowledgedDeadLetters).toBeGreaterThanOrEqual(3);
  expect(result.acknowledgedRecords).toBeGreaterThan(KILLS * 10);
  expect(result.killedByFault).toBeGreaterThan(0);
  await folder.remove();
});
