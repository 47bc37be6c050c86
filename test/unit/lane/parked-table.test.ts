/** A table that cannot commit never stops the others; its entries are never lost or doubled, wherever parking is interrupted. */
import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/contracts/log.ts';
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
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';

const HOUR = 3_600_000;

async function twoTables(world: LogWorld, each: number): Promise<Log> {
  const log = await world.open();
  for (let index = 0; index < each; index++)
    await append(log, draft(TABLE_A, `a${index}`), draft(TABLE_B, `b${index}`));
  return log;
}

describe('interrupted anywhere', () => {
  /** Runs `work` in world after world, cutting the power before operation 0, 1, 2 … of it, until it runs through. */
  async function atEveryStep(work: (world: LogWorld, log: Log) => Promise<void>, check: (log: Log) => Promise<void>) {
    for (let step = 0; ; step++) {
      const world = logWorld({ segmentBytes: 1_000 });
      const log = await twoTables(world, 20);
      let operations = 0;
      let onCrash = (): void => undefined;
      world.disk.hook = () => {
        if (operations++ === step) {
          onCrash();
          if (step % 2 === 0) world.disk.crashPower(seededRandom(step));
          else world.disk.crashKill();
        }
        return undefined;
      };
      const working = work(world, log).then(() => true);
      const dead = new Promise<boolean>((resolve) => (onCrash = () => resolve(false)));
      const done = await Promise.race([working, dead]);
      world.disk.hook = undefined;
      if (done) world.disk.crashPower(seededRandom(step));
      const again = await world.open();
      await check(again);
      if (done) return step;
    }
  }

  it('parking leaves every entry there exactly once', async () => {
    const expected = Array.from({ length: 20 }, (_, index) => `{"name":"a${index}","line":0}\n`);
    const steps = await atEveryStep(
      (_, log) => log.park(TABLE_A),
      async (log) => {
        expect(await texts(log, TABLE_A)).toEqual(expected);
        expect(await texts(log, TABLE_B)).toHaveLength(20);
        expect(log.pendingTables()).toContain(TABLE_A);
      },
    );
    expect(steps).toBeGreaterThan(10);
  });

  it('trimming behind a parked table, and after it has committed, loses nothing that is needed', async () => {
    let lane = '';
    const steps = await atEveryStep(
      async (world, log) => {
        lane = onlyLane(log);
        await log.park(TABLE_A);
        log.committed(TABLE_B, upTo(onlyLane(log), 40));
        world.runtime.advance(HOUR);
        await log.trim();
        log.committed(TABLE_A, upTo(onlyLane(log), 20));
        world.runtime.advance(HOUR);
        await log.trim();
      },
      async (log) => {
        const rest = (await texts(log, TABLE_A)).slice(-10);
        expect(rest).toEqual(Array.from({ length: 10 }, (_, index) => `{"name":"a${index + 10}","line":0}\n`));
        for (const mark of log.trimmed()) {
          expect(mark.lane).toBe(lane);
          if (mark.table === TABLE_A) expect(mark.next).toBeLessThanOrEqual(20n);
        }
      },
    );
    expect(steps).toBeGreaterThan(20);
  });
});

it('commits and appends that go on while entries are copied aside are kept, once', async () => {
  const world = logWorld({ segmentBytes: 16_000 });
  const log = await world.open();
  const lane = (await append(log, draft(TABLE_A, 'a0')))[0]?.lane;
  if (lane === undefined) throw new Error('entry expected');
  log.committed(TABLE_A, upTo(lane, 1));
  await append(log, draft(TABLE_A, 'a1'));
  await append(log, { ...draft(TABLE_B, 'fills the segment'), payload: Buffer.alloc(16_000, 0x20) });
  await append(log, draft(TABLE_A, 'a2'));
  let reads = 0;
  // In the midst of copying, a1 is committed and a3 arrives in the segment that is read.
  world.disk.hook = async ({ kind, path }) => {
    if (kind !== 'read' || path !== world.segments().at(-1) || reads++ > 0) return undefined;
    log.committed(TABLE_A, upTo(lane, 2));
    await append(log, draft(TABLE_A, 'a3'));
    return undefined;
  };
  await log.park(TABLE_A);
  expect(reads).toBeGreaterThan(0);
  world.disk.hook = undefined;
  const expected = [0, 1, 2, 3].map((index) => `{"name":"a${index}","line":0}\n`);
  expect(await texts(log, TABLE_A)).toEqual(expected);
  expect((await collect(log, TABLE_A, upTo(lane, 2))).map((entry) => entry.baseOffset)).toEqual([3n, 4n]);
  expect(log.status().parked).toEqual([]);
  log.committed(TABLE_A, upTo(lane, 5));
  expect(log.pendingTables()).toEqual([TABLE_B]);
  log.committed(TABLE_A, upTo(lane, 0));
  expect(await texts(log, TABLE_A)).toEqual(expected);
});

it('entries before and after a parked run stay in order over a restart', async () => {
  const world = logWorld();
  const log = await twoTables(world, 4);
  const lane = onlyLane(log);
  log.committed(TABLE_A, upTo(lane, 7));
  await append(log, draft(TABLE_A, 'a4'), draft(TABLE_A, 'a5'));
  await log.park(TABLE_A);
  await append(log, draft(TABLE_A, 'a6'));
  const before = await texts(log, TABLE_A);
  expect(before).toHaveLength(7);
  world.disk.crashKill();
  expect(await texts(await world.open(), TABLE_A)).toEqual(before);
});

it('parked a second time, around a parked run, after the table went back: in order over a restart (simulation, seed 101410)', async () => {
  const world = logWorld({ segmentBytes: 1_000 });
  const log = await twoTables(world, 30);
  const lane = onlyLane(log);
  log.committed(TABLE_A, upTo(lane, 40));
  await log.park(TABLE_A);
  await append(log, draft(TABLE_A, 'a30'));
  log.committed(TABLE_A, upTo(lane, 0));
  const before = await texts(log, TABLE_A);
  expect(before).toHaveLength(31);
  await log.park(TABLE_A);
  expect(await texts(log, TABLE_A)).toEqual(before);
  world.disk.crashKill();
  expect(await texts(await world.open(), TABLE_A)).toEqual(before);
});

it('past its share only that table is held back', async () => {
  const world = logWorld({ segmentBytes: 1_000, maxBytes: 20_000, perTableShare: 0.2 });
  const log = await world.open();
  let stored = 0;
  while ((await log.append([draft(TABLE_A, 'x', 10)])).kind === 'appended') stored += 1;
  expect(stored).toBeGreaterThan(5);
  await log.park(TABLE_A);
  expect(await log.append([draft(TABLE_A, 'x', 10)])).toEqual({ kind: 'full', scope: 'table' });
  let next = stored * 10;
  for (let index = 0; index < 200; index++) {
    const [entry] = await append(log, draft(TABLE_B, `${index}`));
    next = Number(entry?.baseOffset ?? 0n) + 1;
    log.committed(TABLE_B, upTo(onlyLane(log), next));
    world.runtime.advance(HOUR);
    await log.trim();
  }
  expect(await collect(log, TABLE_A)).toHaveLength(stored);
});

it('a damaged parked file stops that table alone', async () => {
  const world = logWorld({ segmentBytes: 1_000 });
  const log = await twoTables(world, 20);
  const lane = onlyLane(log);
  await log.park(TABLE_A);
  log.committed(TABLE_B, upTo(lane, 40));
  world.runtime.advance(HOUR);
  await log.trim();
  const file = world.disk.files().find((path) => path.includes('parked-'));
  world.disk.flip(file ?? '', 300);
  world.disk.crashKill();
  const again = await world.open();
  expect(again.pendingTables()).toEqual([TABLE_A]);
  await append(again, draft(TABLE_B, 'fine'));
  await expect(collect(again, TABLE_A)).rejects.toMatchObject({ kind: 'corrupt', context: { file } });
  expect(await texts(again, TABLE_B)).toHaveLength(1);
});

it('does not begin to copy what does not fit on the disk', async () => {
  const world = logWorld();
  const log = await twoTables(world, 20);
  world.disk.capacity = world.disk.used() + 200;
  await expect(log.park(TABLE_A)).rejects.toMatchObject({ kind: 'unavailable', context: { table: TABLE_A } });
  expect(world.disk.files().some((path) => path.includes('parked-'))).toBe(false);
  expect(await texts(log, TABLE_A)).toHaveLength(20);
});
