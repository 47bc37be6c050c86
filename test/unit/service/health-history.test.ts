/** The health of tables over time: kept when it says something new, over restarts, and in bounded bytes. */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TableSurvey } from '../../../src/contracts/diagnosis.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { HealthHistory } from '../../../src/service/health-history.ts';
import { JournalFile } from '../../../src/service/journal-file.ts';
import { surveyInOrder } from '../../support/diagnosis.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const NAME = { namespace: ['web'], name: 'clicks' };
const UUID = tableUuid('0193f7a0-0000-7000-8000-00000000000a');
const OTHER = tableUuid('0193f7a0-0000-7000-8000-00000000000b');
const HOUR = 3_600_000;

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'health.log');
});
afterEach(() => folder.remove());

const fail = (error: unknown): void => {
  throw error;
};
const open = (bytes = 1024 * 1024): HealthHistory => new HealthHistory(new JournalFile(path, bytes, fail));
const seen = (at: number, facts: Partial<TableSurvey> = {}): TableSurvey => ({
  ...surveyInOrder,
  measuredAt: at,
  ...facts,
});

test('a point is kept when the score has moved, and one an hour when it has not', async () => {
  const history = open();
  history.look(NAME, UUID, seen(0));
  history.look(NAME, UUID, seen(60_000));
  // Two points of a hundred are no news, twenty are.
  history.look(NAME, UUID, seen(120_000, { sparableFiles: 24 }));
  history.look(NAME, UUID, seen(180_000, { sparableFiles: 55 }));
  history.look(NAME, UUID, seen(180_000 + HOUR - 1, { sparableFiles: 55 }));
  history.look(NAME, UUID, seen(180_000 + HOUR, { sparableFiles: 55 }));
  const points = await history.of(UUID, 10);
  expect(points.map(({ at, score, lost }) => [at, score, lost])).toEqual([
    [180_000 + HOUR, 80, { 'small-files': 20 }],
    [180_000, 80, { 'small-files': 20 }],
    [0, 100, {}],
  ]);
  expect((await history.of(UUID, 1)).map(({ at }) => at)).toEqual([180_000 + HOUR]);
});

test('tables are kept apart, also one that took the name of another', async () => {
  const history = open();
  history.look(NAME, UUID, seen(0));
  history.look(NAME, OTHER, seen(1));
  expect((await history.of(UUID, 10)).map(({ at }) => at)).toEqual([0]);
  expect((await history.of(OTHER, 10)).map(({ at }) => at)).toEqual([1]);
});

test('the past is there after a restart, and a line that is none of ours is left out', async () => {
  await writeFile(path, `{"table":"${UUID}"}\n{"table":"${UUID}","at":0,"score":1\n`);
  const before = open();
  before.look(NAME, UUID, seen(5, { manifests: 5_000 }));
  const [kept] = await before.of(UUID, 10);
  expect(kept).toMatchObject({ at: 5, score: 90, lost: { manifests: 10 }, manifests: 5_000, files: 100 });
  expect(await open().of(UUID, 10)).toEqual([kept]);
});

test('the bytes are bounded: the oldest points go', async () => {
  const history = open(10_000);
  for (let hour = 0; hour < 500; hour += 1) {
    history.look(NAME, UUID, seen(hour * HOUR));
    await history.of(UUID, 1);
  }
  const files = await readdir(folder.path);
  expect(files.toSorted()).toEqual(['health.log', 'health.log.1']);
  for (const file of files) expect((await stat(join(folder.path, file))).size).toBeLessThanOrEqual(10_000);
  const points = await history.of(UUID, 1_000);
  expect(points[0]?.at).toBe(499 * HOUR);
  expect(points.length).toBeGreaterThan(50);
  expect(points.length).toBeLessThan(500);
});
