/** Promises of the health score: 100 for a table in order, points lost in proportion, the worst cause first, small tables left in peace. */
import { expect, test } from 'vitest';
import type { TableSurvey } from '../../../src/contracts/diagnosis.ts';
import { healthOf } from '../../../src/diagnose/health.ts';
import { assertRunnable } from '../../support/commands.ts';
import { surveyInOrder } from '../../support/diagnosis.ts';

const GIB = 1024 ** 3;
const health = (facts: Partial<TableSurvey>) => healthOf({ ...surveyInOrder, ...facts }, 'web.clicks');

test('a table in order, and one without files, lose nothing', () => {
  expect(health({})).toEqual({ score: 100, factors: [] });
  expect(health({ files: 0, bytes: 0, records: 0n })).toEqual({ score: 100, factors: [] });
});

test.each<readonly [string, Partial<TableSurvey>, number]>([
  ['small-files', { sparableFiles: 55 }, 20],
  ['small-files', { sparableFiles: 100 }, 40],
  ['small-files', { files: 19, sparableFiles: 18 }, 0],
  ['deletes', { deleteRows: 20_000n }, 0],
  ['deletes', { deleteRows: 160_000n }, 13],
  ['deletes', { deleteRows: 2_000_000n }, 25],
  ['skew', { partitions: { count: 10, largestBytes: 55 * GIB, medianBytes: GIB } }, 8],
  // A large partition that is a single small file is nobody's trouble.
  ['skew', { partitions: { count: 10, largestBytes: GIB / 8, medianBytes: 1 } }, 0],
  ['snapshots', { snapshots: 5_250 }, 5],
  ['manifests', { manifests: 100_000 }, 10],
])('%s, case %#', (cause, facts, lost) => {
  const { score, factors } = health(facts);
  expect(score).toBe(100 - lost);
  expect(factors.map((factor) => [factor.cause, factor.lost])).toEqual(lost === 0 ? [] : [[cause, lost]]);
});

test.each<readonly [Partial<TableSurvey>, string, string, number]>([
  [{ sparableFiles: 55 }, 'sluice compact web.clicks', 'files a compaction would spare', 55],
  [{ deleteRows: 160_000n }, 'sluice compact web.clicks', 'rows in delete files', 160_000],
  [{ snapshots: 5_250 }, 'sluice expire web.clicks', 'snapshots', 5_250],
  [{ manifests: 1_500 }, 'sluice manifests web.clicks', 'manifests', 1_500],
  [
    { partitions: { count: 10, largestBytes: 55 * GIB, medianBytes: GIB } },
    'sluice describe web.clicks',
    'largest partition',
    55 * GIB,
  ],
])('a cause says the figures it stands on, and a command that there is: case %#', (facts, command, name, value) => {
  const [factor] = health(facts).factors;
  expect(factor?.command).toBe(command);
  assertRunnable(command);
  expect(factor?.evidence).toContainEqual(expect.objectContaining({ name, value }));
  expect(factor?.remedy).not.toBe('');
});

test('everything at its worst is 0, and the worst cause stands first', () => {
  const { score, factors } = health({
    sparableFiles: 100,
    deleteRows: 2_000_000n,
    partitions: { count: 10, largestBytes: 1_000 * GIB, medianBytes: GIB },
    snapshots: 50_000,
    manifests: 5_000,
  });
  expect(score).toBe(0);
  expect(factors.map(({ cause }) => cause)).toEqual(['small-files', 'deletes', 'skew', 'snapshots', 'manifests']);
});
