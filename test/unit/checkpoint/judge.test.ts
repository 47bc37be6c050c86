/** What a freshly loaded base means for a commit (protocol §4 step 4), fact by fact. */
import { describe, expect, test } from 'vitest';
import { findGap, judge, lostLanes, nextGeneration, type CommitPlan } from '../../../src/checkpoint/protocol.ts';
import { epoch, generation, laneId, offset, pipelineId, snapshotId, tableUuid } from '../../../src/core/ids.ts';
import type { LaneProgress, Progress } from '../../../src/record/progress.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const other = tableUuid('00000000-0000-4000-8000-000000000002');
const [a, b] = [laneId('a'.repeat(32)), laneId('b'.repeat(32))];
const OURS = snapshotId(77n);

const base = (lanes: Record<string, [number, number, 'lost'?]>, token = snapshotId(1n)): Progress => ({
  pipeline: pipelineId('sluice'),
  table,
  epoch: epoch(3),
  token,
  lanes: new Map(
    Object.entries(lanes).map(([lane, [next, gen, lost]]): [ReturnType<typeof laneId>, LaneProgress] => [
      laneId(lane),
      { next: offset(next), generation: generation(gen), ...(lost === undefined ? {} : { lost: true as const }) },
    ]),
  ),
});

const plan = (from: number | undefined, to: number, known: CommitPlan['known'] = new Map()): CommitPlan => ({
  table,
  lanes: new Map([[a, { from: from === undefined ? undefined : offset(from), to: offset(to) }]]),
  generation: generation(5),
  token: OURS,
  known,
  alone: false,
});

describe('judge', () => {
  test('a base exactly at the beginning of the cut may be attempted', () => {
    expect(judge(base({ [a]: [10, 5] }), plan(10, 20), false)).toEqual({ kind: 'attempt' });
    expect(judge(undefined, plan(undefined, 20), false)).toEqual({ kind: 'attempt' });
  });

  test('a base at its end is ours only with our token, in the property or in the history', () => {
    expect(judge(base({ [a]: [20, 5] }, OURS), plan(10, 20), false)).toEqual({ kind: 'ours' });
    expect(judge(base({ [a]: [20, 5] }), plan(10, 20), true)).toEqual({ kind: 'ours' });
    expect(judge(base({ [a]: [20, 5] }), plan(10, 20), false)).toEqual({ kind: 'recut' });
  });

  test('a base elsewhere, behind or ahead, or without the lane is cut again', () => {
    for (const next of [9, 11, 25]) expect(judge(base({ [a]: [next, 5] }), plan(10, 20), false).kind).toBe('recut');
    expect(judge(base({ [b]: [1, 1] }), plan(10, 20), false).kind).toBe('recut');
    expect(judge(base({ [a]: [3, 1] }), plan(undefined, 20), false).kind).toBe('recut');
  });

  test('a lane outside the cut that went back is noticed; one that was pruned is not', () => {
    const known = new Map([[b, offset(8)]]);
    expect(judge(base({ [a]: [10, 5], [b]: [8, 1] }), plan(10, 20, known), false).kind).toBe('attempt');
    expect(judge(base({ [a]: [10, 5], [b]: [7, 1] }), plan(10, 20, known), false).kind).toBe('recut');
    expect(judge(base({ [a]: [10, 5] }), plan(10, 20, known), false).kind).toBe('recut');
    const pruned = { ...base({ [a]: [10, 5] }), prunedTo: Number.parseInt('b'.repeat(12), 16) };
    expect(judge(pruned, plan(10, 20, known), false).kind).toBe('attempt');
  });

  test('a plan that stands alone suffers no lane that came or moved since', () => {
    const alone = { ...plan(10, 20, new Map([[a, offset(10)]])), alone: true };
    expect(judge(base({ [a]: [10, 5] }), alone, false).kind).toBe('attempt');
    expect(judge(base({ [a]: [10, 5], [b]: [1, 1] }), alone, false).kind).toBe('recut');
    expect(judge(base({ [a]: [20, 5], [b]: [1, 1] }, OURS), alone, false).kind).toBe('ours');
  });

  test('a lane of a newer generation fences, whatever its offset', () => {
    expect(judge(base({ [a]: [10, 6] }), plan(10, 20), false)).toEqual({ kind: 'fenced', lane: a, generation: 6n });
    expect(judge(base({ [a]: [10, 5], [b]: [1, 9] }), plan(10, 20), false).kind).toBe('attempt');
  });
});

describe('gaps', () => {
  const mark = { table, lane: a, next: offset(10) };
  test('a table below what was trimmed for it, or without the lane, has a gap', () => {
    expect(findGap(table, base({ [a]: [9, 1] }), [mark])).toEqual({ lane: a, tableAt: 9n, logFrom: 10n });
    expect(findGap(table, undefined, [mark])).toEqual({ lane: a, tableAt: undefined, logFrom: 10n });
  });
  test('a table at or above it, or marks of another table, are none', () => {
    expect(findGap(table, base({ [a]: [10, 1] }), [mark])).toBeUndefined();
    expect(findGap(table, base({}), [{ ...mark, table: other }])).toBeUndefined();
  });
});

test('lost lanes are those of which neither entries nor marks are here, once', () => {
  const held = [{ lane: b, first: offset(0), end: offset(1) }];
  expect(lostLanes(table, base({ [a]: [1, 1], [b]: [1, 1] }), held, [])).toEqual([a]);
  expect(lostLanes(table, base({ [a]: [1, 1] }), [], [{ table, lane: a, next: offset(1) }])).toEqual([]);
  expect(lostLanes(table, base({ [a]: [1, 1] }), [], [{ table: other, lane: a, next: offset(1) }])).toEqual([a]);
  expect(lostLanes(table, base({ [a]: [1, 1, 'lost'] }), [], [])).toEqual([]);
});

test('the next generation is above every one seen and at least the clock', () => {
  expect(nextGeneration([base({ [a]: [1, 41] }), undefined], 7)).toBe(42n);
  expect(nextGeneration([base({ [a]: [1, 41] })], 1_000)).toBe(1_000n);
  expect(nextGeneration([], -5)).toBe(0n);
});
