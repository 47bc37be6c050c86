/** Trimming stays behind the commit by a grace, never passes what a table still needs, and remembers how far it went. */
import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/contracts/log.ts';
import { offset } from '../../../src/core/ids.ts';
import type { LogWorld } from '../../support/sim-disk/log-helpers.ts';
import {
  TABLE_A,
  TABLE_B,
  append,
  collect,
  draft,
  logWorld,
  onlyLane,
  texts,
  upTo,
} from '../../support/sim-disk/log-helpers.ts';

const MINUTE = 60_000;

/** A log of many small segments with 100 entries of table A. */
async function filled(world: LogWorld): Promise<Log> {
  const log = await world.open();
  for (let index = 0; index < 100; index++) await append(log, draft(TABLE_A, `${index}`));
  return log;
}

describe('grace', () => {
  it('keeps what is committed for ten minutes, so that a rolled-back table can be fed again', async () => {
    const world = logWorld({ segmentBytes: 1_000 });
    const log = await filled(world);
    const lane = onlyLane(log);
    log.committed(TABLE_A, upTo(lane, 100));
    world.runtime.advance(9 * MINUTE);
    await log.trim();
    expect(await collect(log, TABLE_A, upTo(lane, 0))).toHaveLength(100);
    world.runtime.advance(2 * MINUTE);
    await log.trim();
    expect(await collect(log, TABLE_A, upTo(lane, 0))).toHaveLength(0);
    expect(log.trimmed()).toEqual([{ table: TABLE_A, lane, next: 100n }]);
  });

  it('is not shortened by a wall clock that jumps, and begins again after a restart', async () => {
    const world = logWorld({ segmentBytes: 1_000 });
    const log = await filled(world);
    const lane = onlyLane(log);
    log.committed(TABLE_A, upTo(lane, 100));
    world.runtime.jump(1_000 * MINUTE);
    await log.trim();
    world.runtime.jump(-5_000 * MINUTE);
    await log.trim();
    expect(await collect(log, TABLE_A)).toHaveLength(100);
    world.runtime.advance(9 * MINUTE);
    world.disk.crashKill();
    const again = await world.open();
    again.committed(TABLE_A, upTo(lane, 100));
    world.runtime.advance(9 * MINUTE);
    await again.trim();
    expect(await collect(again, TABLE_A)).toHaveLength(100);
  });

  it('a rewind within the grace makes the entries pending again, and they stay', async () => {
    const world = logWorld({ segmentBytes: 1_000 });
    const log = await filled(world);
    const lane = onlyLane(log);
    log.committed(TABLE_A, upTo(lane, 100));
    world.runtime.advance(9 * MINUTE);
    log.committed(TABLE_A, upTo(lane, 40));
    world.runtime.advance(100 * MINUTE);
    await log.trim();
    expect((await collect(log, TABLE_A, upTo(lane, 40))).map((entry) => entry.baseOffset)).toEqual(
      Array.from({ length: 60 }, (_, index) => BigInt(40 + index)),
    );
  });

  it('is not waited for above the share of the log', async () => {
    const world = logWorld({ segmentBytes: 1_000, maxBytes: 40_000, graceShare: 0.25 });
    const log = await filled(world);
    const lane = onlyLane(log);
    expect(log.status().bytes).toBeGreaterThan(10_000);
    log.committed(TABLE_A, upTo(lane, 100));
    await log.trim();
    expect(log.status().bytes).toBeLessThanOrEqual(10_000);
    expect(log.status().bytes).toBeGreaterThan(5_000);
  });
});

describe('never beyond', () => {
  it('what any table has not committed', async () => {
    const world = logWorld({ segmentBytes: 1_000, maxBytes: 40_000, graceShare: 0 });
    const log = await world.open();
    await append(log, draft(TABLE_B, 'slow'));
    for (let index = 0; index < 50; index++) await append(log, draft(TABLE_A, `${index}`));
    const lane = onlyLane(log);
    log.committed(TABLE_A, upTo(lane, 51));
    world.runtime.advance(100 * MINUTE);
    const before = log.status().bytes;
    await log.trim();
    expect(log.status().bytes).toBe(before);
    expect(log.trimmed()).toEqual([]);
    log.committed(TABLE_B, upTo(lane, 1));
    world.runtime.advance(100 * MINUTE);
    await log.trim();
    expect(log.trimmed()).toEqual([
      { table: TABLE_B, lane, next: 1n },
      { table: TABLE_A, lane, next: 51n },
    ]);
  });

  it('what somebody is reading', async () => {
    const world = logWorld({ segmentBytes: 1_000 });
    const log = await filled(world);
    const lane = onlyLane(log);
    const reading = log.entries(TABLE_A, new Map())[Symbol.asyncIterator]();
    await reading.next();
    log.committed(TABLE_A, upTo(lane, 100));
    world.runtime.advance(11 * MINUTE);
    await log.trim();
    let read = 1;
    while ((await reading.next()).done !== true) read += 1;
    expect(read).toBe(100);
    await log.trim();
    expect(log.status().bytes).toBe(0);
  });
});

it('a table that stands below its mark is recognised after any number of restarts', async () => {
  const world = logWorld({ segmentBytes: 1_000 });
  const log = await filled(world);
  const lane = onlyLane(log);
  log.committed(TABLE_A, upTo(lane, 100));
  world.runtime.advance(11 * MINUTE);
  await log.trim();
  for (let life = 0; life < 3; life++) {
    world.disk.crashKill();
    expect((await world.open()).trimmed()).toEqual([{ table: TABLE_A, lane, next: 100n }]);
  }
});

it('late refusals that are still needed are stored again before their segment goes', async () => {
  const world = logWorld({ segmentBytes: 1_000 });
  const log = await world.open();
  await append(log, draft(TABLE_A, 'stuck', 2));
  const lane = onlyLane(log);
  const refusal = { table: TABLE_A, lane, offset: offset(1), cause: 'narrowed' };
  await log.decide([refusal], draft(TABLE_B, 'letter'));
  for (let index = 0; index < 30; index++) await append(log, draft(TABLE_B, `${index}`));
  await log.park(TABLE_A);
  log.committed(TABLE_B, upTo(lane, 33));
  for (let round = 0; round < 3; round++) {
    world.runtime.advance(11 * MINUTE);
    await log.trim();
  }
  expect(world.segments()).toHaveLength(1);
  world.disk.crashKill();
  const again = await world.open();
  expect(again.refusals(TABLE_A)).toEqual([refusal]);
  expect(await texts(again, TABLE_A)).toHaveLength(1);
});

it('files are removed only after the manifest that does without them is durable', async () => {
  const world = logWorld({ segmentBytes: 1_000 });
  const log = await filled(world);
  log.committed(TABLE_A, upTo(onlyLane(log), 100));
  world.runtime.advance(11 * MINUTE);
  const before = world.segments().length;
  world.disk.hook = ({ kind }) => (kind === 'syncDirectory' ? { code: 'EIO', effect: 'none' } : undefined);
  await expect(log.trim()).rejects.toMatchObject({ kind: 'unavailable' });
  expect(world.segments()).toHaveLength(before);
  world.disk.hook = undefined;
  await log.trim();
  expect(world.segments()).toHaveLength(0);
});
