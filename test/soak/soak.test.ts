/** Two hours of mixed load in five minutes: memory, handles and log stay as they are, and every acknowledged record is there once. */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { report } from './report.ts';
import { soak } from './soak.ts';

const MINUTES = 5;
const SEED = 20_261_125;

test(`${MINUTES} minutes, seed ${SEED}: nothing grows, nothing is lost or doubled`, async () => {
  const folder = await temporaryFolder();
  const result = await soak({ directory: folder.path, minutes: MINUTES, seed: SEED });
  process.stderr.write(`${report(result, MINUTES, SEED)}\n`);
  expect(result.violations).toEqual([]);
  // A soak in which little was stored, nothing was refused or replayed, or nobody looked proves nothing.
  expect(result.samples.length).toBeGreaterThan(MINUTES * 20);
  expect(result.acknowledgedRecords).toBeGreaterThan(10_000);
  expect(result.acknowledgedDeadLetters).toBeGreaterThan(50);
  for (const status of [200, 202, 400, 404, 409, 413, 415, 422])
    expect(result.statuses.get(status), String(status)).toBeGreaterThan(0);
  await folder.remove();
});
