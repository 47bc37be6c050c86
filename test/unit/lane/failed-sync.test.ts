/** A failed sync is never retried on the same file; what was not acknowledged goes to a new segment that names where the old one ends. */
import { describe, expect, it } from 'vitest';
import type { SimFault, SimOperation } from '../../support/sim-disk/sim-disk.ts';
import {
  TABLE_A,
  append,
  collect,
  draft,
  logWorld,
  onlyLane,
  textOf,
  texts,
  upTo,
} from '../../support/sim-disk/log-helpers.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';

/** Answers the fault the first `times` that an operation of the kind meets a segment. */
function failing(kind: SimOperation['kind'], fault: SimFault, times = 1) {
  const met: string[] = [];
  return {
    met,
    hook: (operation: SimOperation): SimFault | undefined => {
      if (operation.kind !== kind || !operation.path.includes('segment')) return undefined;
      met.push(operation.path);
      return met.length <= times ? fault : undefined;
    },
  };
}

describe('second copy after a failed sync', () => {
  for (const effect of ['none', 'all'] as const)
    for (const crash of ['kill', 'power'] as const)
      it(`the entry is there once: sync fails with effect ${effect}, then ${crash}`, async () => {
        const world = logWorld();
        const log = await world.open();
        await append(log, draft(TABLE_A, 'before'));
        const fault = failing('sync', { code: 'EIO', effect });
        world.disk.hook = fault.hook;
        await append(log, draft(TABLE_A, 'doubtful'), draft(TABLE_A, 'both'));
        expect(log.status().accepting).toBe(true);
        await append(log, draft(TABLE_A, 'after'));
        world.disk.hook = undefined;
        const live = await texts(log, TABLE_A);
        expect(live).toHaveLength(4);

        if (crash === 'kill') world.disk.crashKill();
        else world.disk.crashPower(seededRandom(7));
        const again = await world.open();
        expect(await texts(again, TABLE_A)).toEqual(live);
        expect((await collect(again, TABLE_A)).map((entry) => entry.baseOffset)).toEqual([0n, 1n, 2n, 3n]);
      });

  it('the file whose sync failed is not synced again in this life', async () => {
    const world = logWorld();
    const log = await world.open();
    await append(log, draft(TABLE_A, 'before'));
    const fault = failing('sync', { code: 'EIO', effect: 'none' });
    world.disk.hook = fault.hook;
    for (let index = 0; index < 5; index++) await append(log, draft(TABLE_A, `${index}`));
    const [failed, ...later] = fault.met;
    expect(later.length).toBeGreaterThan(4);
    expect(later).not.toContain(failed);
  });

  it('a write that fails halfway is cut off in the same way', async () => {
    const world = logWorld();
    const log = await world.open();
    await append(log, draft(TABLE_A, 'before'));
    world.disk.hook = failing('append', { code: 'EIO', effect: 'part' }).hook;
    await append(log, draft(TABLE_A, 'x', 100));
    world.disk.crashKill();
    world.disk.hook = undefined;
    expect((await collect(await world.open(), TABLE_A)).map((entry) => entry.count)).toEqual([1, 100]);
  });
});

describe('the second failure in a row', () => {
  it('ends accepting, says why, answers refused, and everything acknowledged is still there', async () => {
    const world = logWorld();
    const log = await world.open();
    await append(log, draft(TABLE_A, 'kept'));
    world.disk.hook = failing('sync', { code: 'EIO', effect: 'none' }, 99).hook;
    const outcome = await log.append([draft(TABLE_A, 'lost')]);
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringContaining('EIO') as string });
    world.disk.hook = undefined;
    expect(log.status()).toMatchObject({ accepting: false, reason: expect.stringContaining('new segment') as string });
    expect((await log.append([draft(TABLE_A, 'later')])).kind).toBe('refused');
    expect((await texts(log, TABLE_A)).length).toBe(1);
    await log.close();
    world.disk.crashPower(seededRandom(3));
    expect((await texts(await world.open(), TABLE_A))[0]).toContain('kept');
  });
});

describe('a full disk', () => {
  it('answers full, stores nothing of it, and heals when there is room again', async () => {
    const world = logWorld();
    const log = await world.open();
    await append(log, draft(TABLE_A, 'before'));
    world.disk.capacity = world.disk.used() + 500;
    expect(await log.append([draft(TABLE_A, 'too much', 200)])).toEqual({ kind: 'full', scope: 'log' });
    expect(log.status().accepting).toBe(true);
    await append(log, draft(TABLE_A, 'small'));
    world.disk.capacity = 1_000_000;
    await append(log, draft(TABLE_A, 'too much', 200));
    world.disk.crashKill();
    const entries = await collect(await world.open(), TABLE_A);
    expect(entries.map((entry) => [entry.baseOffset, entry.count])).toEqual([
      [0n, 1],
      [1n, 1],
      [2n, 200],
    ]);
  });

  it('does not begin a segment that does not fit', async () => {
    const world = logWorld();
    const log = await world.open();
    world.disk.capacity = world.disk.used() + 50;
    expect(await log.append([draft(TABLE_A, 'no')])).toEqual({ kind: 'full', scope: 'log' });
    expect(world.segments()).toEqual([]);
    world.disk.capacity = 1_000_000;
    await append(log, draft(TABLE_A, 'yes'));
    world.disk.crashKill();
    expect((await collect(await world.open(), TABLE_A)).map(textOf)).toEqual(['{"name":"yes","line":0}\n']);
  });

  it('can be trimmed: the manifest that lets files go has room kept for it', async () => {
    const world = logWorld({ segmentBytes: 1_000 });
    const log = await world.open();
    for (let index = 0; index < 50; index++) await append(log, draft(TABLE_A, `${index}`));
    log.committed(TABLE_A, upTo(onlyLane(log), 50));
    world.runtime.advance(3_600_000);
    world.disk.capacity = world.disk.used();
    expect((await log.append([draft(TABLE_A, 'no')])).kind).toBe('full');
    await log.trim();
    expect(log.status().bytes).toBe(0);
    await append(log, draft(TABLE_A, 'yes'));
    world.disk.crashKill();
    expect(await texts(await world.open(), TABLE_A)).toEqual(['{"name":"yes","line":0}\n']);
  });
});
