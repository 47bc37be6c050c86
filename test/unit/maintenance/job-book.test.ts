/** Jobs over restarts: each with what it cost and gained, as many as are remembered, and those without an end told as what they are. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../src/contracts/maintenance-port.ts';
import { noteJob, rememberedJobs } from '../../../src/maintenance/job-book.ts';
import { REMEMBERED } from '../../../src/maintenance/jobs.ts';
import { JournalFile } from '../../../src/service/journal-file.ts';
import { jobOf } from '../../support/fake-ports.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'jobs.log');
});
afterEach(() => folder.remove());

const open = (): JournalFile =>
  new JournalFile(path, 1024 * 1024, (error) => {
    throw error;
  });

const DONE = jobOf({
  state: 'done',
  trigger: 'threshold',
  reason: '80 % of the files are small',
  arrangement: { strategy: 'sort', columns: [{ name: 'at', direction: 'desc', nullOrder: 'nulls-last' }] },
  startedAt: 1_000,
  endedAt: 3_000,
  progress: { done: 10, total: 10, unit: 'bytes' },
  estimate: { files: 12, bytes: 9_007_199_254_740_993n },
  result: { filesRemoved: 12, filesAdded: 1, bytesRead: 9_007_199_254_740_993n, seconds: 1.5 },
  log: [{ at: 2_000, line: '12 files became 1' }],
});

test('a job is remembered as it was, 64-bit figures and all', async () => {
  const journal = open();
  noteJob(journal, { ...DONE, state: 'running' });
  noteJob(journal, DONE);
  await journal.close();
  expect(await rememberedJobs(open())).toEqual([DONE]);
});

test('a job that was cut off with the daemon is cancelled, and says so', async () => {
  const journal = open();
  noteJob(journal, jobOf({ id: 'job_a', startedAt: 1 }));
  noteJob(journal, jobOf({ id: 'job_b', state: 'failed', endedAt: 2, error: 'no space' }));
  await journal.close();
  const jobs = await rememberedJobs(open());
  expect(jobs.map(({ id, state }) => [id, state])).toEqual([
    ['job_a', 'cancelled'],
    ['job_b', 'failed'],
  ]);
  expect(jobs[0]?.error).toMatch(/the daemon ended while it ran/);
});

test('as many as are remembered come back, oldest first', async () => {
  const journal = open();
  for (let number = 0; number < 2 * REMEMBERED; number += 1) {
    noteJob(journal, jobOf({ id: `job_${number}` }));
    noteJob(journal, jobOf({ id: `job_${number}`, state: 'done', endedAt: number }));
    if (number % 50 === 0) await journal.close();
  }
  await journal.close();
  const jobs = await rememberedJobs(open());
  expect(jobs).toHaveLength(REMEMBERED);
  expect([jobs[0]?.id, jobs.at(-1)?.id]).toEqual([`job_${REMEMBERED}`, `job_${2 * REMEMBERED - 1}`]);
});

test.each<readonly [string, Readonly<Record<string, unknown>>]>([
  ['another table form', { table: 'clicks' }],
  ['another state', { state: 'paused' }],
  ['another kind', { kind: 'defragment' }],
  ['a figure that is none', { estimate: { files: 'many' } }],
  ['another strategy', { arrangement: { strategy: 'hilbert', columns: [] } }],
  ['a column that is none', { arrangement: { strategy: 'sort', columns: ['at'] } }],
  ['a time that is none', { createdAt: 'yesterday' }],
  ['no log', { log: undefined }],
  ['no unit', { progress: { done: 0, total: 0 } }],
])('a line with %s is left out', async (_what, parts) => {
  const journal = open();
  noteJob(journal, DONE);
  await journal.close();
  const { table: _table, ...rest }: Job = DONE;
  const other = { ...rest, id: 'job_other', table: 'web.clicks', estimate: {}, result: {}, ...parts };
  await appendFile(path, `${JSON.stringify(other)}\n{"id":"job_cut","tab`);
  expect((await rememberedJobs(open())).map(({ id }) => id)).toEqual([DONE.id]);
});
