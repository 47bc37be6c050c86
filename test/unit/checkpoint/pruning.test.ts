/** Lanes leave the progress when they can no longer matter, and one that turns up again afterwards is refused (protocol §2). */
import { describe, expect, test } from 'vitest';
import { findGap, lanesToPrune, standingIn, wasPruned } from '../../../src/checkpoint/protocol.ts';
import { epoch, generation, laneId, offset, pipelineId, snapshotId, tableUuid } from '../../../src/core/ids.ts';
import { bornAt, mintLaneId } from '../../../src/core/lane-id.ts';
import { advance } from '../../../src/record/progress-step.ts';
import { decodeProgress, encodeProgress, type Progress } from '../../../src/record/progress.ts';

const DAY = 24 * 3_600_000;
const NOW = 1_800_000_000_000;
const table = tableUuid('00000000-0000-4000-8000-000000000001');
const laneOf = (birth: number) => laneId(birth.toString(16).padStart(12, '0') + '0'.repeat(20));
const old = laneOf(NOW - 30 * DAY);
const young = laneOf(NOW - DAY);

const progress = (lanes: readonly [ReturnType<typeof laneId>, number][]): Progress => ({
  pipeline: pipelineId('sluice'),
  table,
  epoch: epoch(7),
  token: snapshotId(9n),
  lanes: new Map(lanes.map(([lane, gen]) => [lane, { next: offset(5), generation: generation(gen) }])),
});

const held = (lane: ReturnType<typeof laneId>) => ({ lane, first: offset(0), end: offset(5) });

describe('which lanes are pruned', () => {
  const base = progress([
    [old, NOW - 30 * DAY],
    [young, NOW - DAY],
  ]);

  test('those whose last owner began before the retention, and only those', () => {
    expect(lanesToPrune(base, [], NOW, 7 * DAY)).toEqual([old]);
  });

  test('never one of which the log still holds something', () => {
    expect(lanesToPrune(base, [held(old)], NOW, 7 * DAY)).toEqual([]);
  });
});

test('a pruned lane is remembered by its birth, through the property and later commits', () => {
  const base = progress([[old, NOW - 30 * DAY]]);
  const step = {
    pipeline: base.pipeline,
    epoch: epoch(8),
    lanes: new Map([[young, { next: offset(1), generation: generation(NOW) }]]),
  };
  const pruned = advance(base, { ...step, prune: [old] }, table, snapshotId(10n));
  expect([...pruned.lanes.keys()]).toEqual([young]);
  const kept = decodeProgress('sluice', encodeProgress(advance(pruned, step, table, snapshotId(11n))));
  expect(wasPruned(kept, old)).toBe(true);
  expect(wasPruned(kept, young)).toBe(false);
  expect(wasPruned(kept, laneOf(NOW))).toBe(false);
});

test('what the log has trimmed of a pruned lane is no gap', () => {
  const pruned = advance(
    progress([[old, 1]]),
    { pipeline: pipelineId('sluice'), epoch: epoch(8), lanes: new Map(), prune: [old] },
    table,
    snapshotId(10n),
  );
  expect(findGap(table, pruned, [{ table, lane: old, next: offset(5) }])).toBeUndefined();
  expect(findGap(table, progress([]), [{ table, lane: old, next: offset(5) }])).toMatchObject({ lane: old });
});

test('a lane carries its birth and is never minted twice', () => {
  let byte = 0;
  const runtime = {
    clock: { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() },
    random: { bytes: (length: number) => new Uint8Array(length).fill((byte += 1)), float: () => 0 },
  };
  const lane = mintLaneId(runtime);
  expect(lane).toMatch(/^[0-9a-f]{32}$/);
  expect(bornAt(lane)).toBe(NOW);
  expect(mintLaneId(runtime)).not.toBe(lane);
});

describe('where a table stands in the lanes of the log', () => {
  const other = laneOf(NOW - 2 * DAY);

  test('is its progress, and the beginning of a lane that it does not know', () => {
    const base = progress([[young, NOW - DAY]]);
    expect(standingIn(base, [held(young), held(other)])).toEqual(
      new Map([
        [other, 0n],
        [young, 5n],
      ]),
    );
    expect(standingIn(undefined, [held(young)])).toEqual(new Map([[young, 0n]]));
  });

  test('is unsaid of a lane that was pruned: the table held all of it', () => {
    const base: Progress = { ...progress([[young, NOW - DAY]]), prunedTo: NOW - 20 * DAY };
    expect(standingIn(base, [held(old), held(other)])).toEqual(
      new Map([
        [other, 0n],
        [young, 5n],
      ]),
    );
  });
});
