/**
 * Five minutes of our daemon, killed every 20 s and maintaining without a pause, beside PyIceberg and Spark that append, delete, compact and
 * expire: every row is there as often as it should be, no reader ever fails, and small files stay few.
 */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { report } from './report.ts';
import { soak } from './soak.ts';

const MINUTES = 5;
const SEED = 20_261_125;

test(`${MINUTES} minutes, seed ${SEED}: rows are exact, readers never fail, small files are few`, async () => {
  const folder = await temporaryFolder();
  const result = await soak({ directory: folder.path, minutes: MINUTES, seed: SEED });
  process.stderr.write(`${report(result, MINUTES, SEED)}\n`);
  expect(result.violations).toEqual([]);
  // A soak in which somebody did nothing, or nothing came in between, proves nothing.
  expect(result.kills).toBeGreaterThanOrEqual(MINUTES * 2);
  expect(result.acknowledgedRecords).toBeGreaterThan(10_000);
  expect(result.deletedRows).toBeGreaterThan(20);
  for (const what of ['append', 'delete'])
    for (const engine of ['pyiceberg', 'spark'])
      expect(result.attempts.count(`${engine} ${what}`, 'done'), `${engine} ${what}`).toBeGreaterThan(0);
  for (const what of ['spark rewrite', 'spark expire', 'spark manifests', 'spark orphans', 'pyiceberg tag'])
    expect(result.attempts.count(what, 'done'), what).toBeGreaterThan(0);
  expect(result.jobs.sum('files_removed')).toBeGreaterThan(100);
  expect(result.jobs.sum('snapshots_expired')).toBeGreaterThan(100);
  for (const kind of ['compact', 'expire-snapshots', 'rewrite-manifests', 'remove-orphans'])
    expect(result.jobs.done.get(kind) ?? 0, kind).toBeGreaterThan(0);
  for (const read of ['duckdb current', 'duckdb stale', 'duckdb kept', 'pyiceberg stale', 'spark kept'])
    expect(result.readers.reads.get(read) ?? 0, read).toBeGreaterThan(0);
  await folder.remove();
});
