/** Rules of channels and keys (protocol §5) over a real log on a simulated disk: what is judged, what travels, what is found after a start. */
import { expect, test } from 'vitest';
import { StateObjects } from '../../../src/checkpoint/producers/state-objects.ts';
import { positionOf } from '../../../src/checkpoint/producers/producer-state.ts';
import { TableProducers, type ProducersContext } from '../../../src/checkpoint/producers/table-producers.ts';
import type { Entry, Log, ProducerStamp } from '../../../src/contracts/log.ts';
import type { ChannelAnswer } from '../../../src/contracts/service-ports.ts';
import { epoch, offset, type LaneId, type Offset } from '../../../src/core/ids.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { TABLE_A, draft, entriesOf, logWorld } from '../../support/sim-disk/log-helpers.ts';

const DAY_MS = 86_400_000;
const never = new AbortController().signal;

class Rig {
  readonly world = logWorld({ segmentBytes: 4096, trimGraceMs: 0 });
  readonly store = new MemoryStore(this.world.runtime.clock);
  pointer: string | undefined;
  progress: ReadonlyMap<LaneId, Offset> = new Map();
  log!: Log;
  producers!: TableProducers;

  /** The next life. */
  async start(limits: Partial<ProducersContext['limits']> = {}): Promise<this> {
    this.log = await this.world.open();
    const { runtime } = this.world;
    const context: ProducersContext = {
      log: this.log,
      states: new StateObjects(this.store, 'p', runtime, () => undefined, 0),
      clock: runtime.clock,
      limits: { maxKeys: 3, maxAgeMs: DAY_MS, maxChannels: 2, ...limits },
    };
    this.producers = await TableProducers.recover(context, TABLE_A, this.pointer, this.progress);
    return this;
  }

  /** Of the stamp's records as many are the table's own; the others are dead letters. */
  async append(producer: ProducerStamp, stage = true, own = producer.records): Promise<string> {
    const { producers } = this;
    let verdict = 'stored';
    const place = () => {
      if (producer.kind !== 'channel') return true;
      verdict = producers.place(producer.name, producer.epoch, producer.offset, BigInt(producer.records)).kind;
      return verdict === 'stored';
    };
    const onAppended = (entries: readonly Entry[]): void => {
      for (const entry of entries) {
        producers.stored(entry);
        if (stage) producers.stagedEntry(entry);
      }
    };
    const admission = { admit: place, retract: () => producers.retract() };
    const entry = own === 0 ? { ...draft(TABLE_A, 'x'), payload: new Uint8Array() } : draft(TABLE_A, 'x', own);
    const outcome = await this.log.append([{ ...entry, producer }], onAppended, admission);
    if (outcome.kind === 'appended') entriesOf(outcome);
    return outcome.kind === 'withheld' ? verdict : outcome.kind;
  }

  send(name: string, at: bigint, first: bigint, records: number, stage = true): Promise<string> {
    return this.append({ kind: 'channel', name, epoch: at, offset: first, records }, stage);
  }

  key(name: string, records = 1, own = records): Promise<string> {
    return this.append({ kind: 'idempotency-key', name, fingerprint: Buffer.from([1]), records }, true, own);
  }

  async commit(number: number): Promise<void> {
    const sealed = this.producers.seal(epoch(number), never);
    if (sealed === undefined) return;
    this.pointer = await sealed.pointer;
    const [lane] = this.log.lanes();
    if (lane !== undefined) this.progress = new Map([[lane.lane, lane.end]]);
    this.log.committed(TABLE_A, this.progress);
    await this.producers.committed(sealed.facts, this.pointer);
  }
}

const opened = (answer: ChannelAnswer) =>
  answer.kind === 'done' ? [answer.channel.epoch, answer.channel.next] : answer;

test('requests of one sync are judged one after the other, and what they were compared with is answered first', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  const sent = [rig.send('c', 1n, 0n, 2), rig.send('c', 1n, 0n, 2), rig.send('c', 1n, 2n, 1), rig.send('c', 1n, 1n, 3)];
  expect(await Promise.all(sent)).toEqual(['appended', 'duplicate', 'appended', 'offset-conflict']);
});

test('a failed sync takes the advance back', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  expect(rig.producers.place('c', 1n, 0n, 2n).kind).toBe('stored');
  expect(rig.producers.place('c', 1n, 0n, 2n).kind).toBe('duplicate');
  rig.producers.retract();
  expect(rig.producers.judgeStored('c', 1n, 0n, 2n).kind).toBe('stored');
  expect(await rig.send('c', 1n, 0n, 2)).toBe('appended');
});

test('an opening fences in the order of the log: what was placed before it counts, what comes after is stale', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  const [before, answer, after] = await Promise.all([
    rig.send('c', 1n, 0n, 2),
    rig.producers.open('c', undefined),
    Promise.resolve().then(() => rig.send('c', 1n, 2n, 2)),
  ]);
  expect([before, opened(answer), after]).toEqual(['appended', [2n, 2n], 'stale-epoch']);
});

test('the state of an epoch counts what was staged, and no record more', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  await rig.send('c', 1n, 0n, 2);
  await rig.send('c', 1n, 2n, 5, false);
  await rig.producers.open('d', undefined);
  const sealed = rig.producers.seal(epoch(1), never);
  expect([...(sealed?.facts.channels.values() ?? [])].map(({ name, next }) => [name, next])).toEqual([
    ['c', 2n],
    ['d', 0n],
  ]);
  expect(rig.producers.channel('c')?.next).toBe(7n);
  expect(rig.producers.seal(epoch(2), never)).toBeUndefined();
});

test('a start finds what the table and the log hold together; of a lost log, what the table holds', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  await rig.send('c', 1n, 0n, 2);
  await rig.key('k');
  await rig.commit(1);
  await rig.send('c', 1n, 2n, 3);
  await rig.producers.open('d', undefined);
  await rig.log.close();
  await rig.start();
  expect(rig.producers.channel('c')).toMatchObject({ epoch: 1n, next: 5n });
  expect(rig.producers.channel('d')).toMatchObject({ epoch: 2n, next: 0n });
  expect(rig.producers.key('k')?.accepted).toBe(1);
  const lost = new Rig();
  Object.assign(lost, { store: rig.store, pointer: rig.pointer, progress: rig.progress });
  await lost.start();
  expect(lost.producers.channel('c')).toMatchObject({ epoch: 1n, next: 2n });
  expect(lost.producers.channel('d')).toBeUndefined();
});

test('a table that is cut again begins from what it points to, with the channels that are open', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  await rig.send('c', 1n, 0n, 2);
  await rig.commit(1);
  await rig.send('c', 1n, 2n, 3);
  await rig.producers.open('c', undefined);
  rig.producers.seal(epoch(2), never);
  await rig.producers.rewind(rig.pointer, never);
  expect(rig.producers.seal(epoch(3), never)?.facts.channels.get('c')).toMatchObject({ epoch: 2n, next: 2n });
  expect(rig.producers.channel('c')?.next).toBe(5n);
});

test('a state that is gone is no empty state: channels wait for somebody who knows, keys for their window', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  await rig.send('c', 1n, 0n, 2);
  await rig.commit(1);
  await rig.store.delete([rig.pointer ?? '']);
  await rig.log.close();
  await rig.start();
  expect(await rig.producers.open('c', undefined)).toMatchObject({ refusal: { kind: 'state-lost' } });
  expect(await rig.send('c', 1n, 2n, 1)).toBe('state-lost');
  expect(rig.producers.keysLost).toBe(true);
  const anew = await rig.producers.open('c', 2n);
  expect(anew).toMatchObject({ kind: 'done', channel: { next: 2n } });
  const at = anew.kind === 'done' ? anew.channel.epoch : 0n;
  expect(at).toBeGreaterThan(1n);
  expect(await rig.send('c', at, 2n, 1)).toBe('appended');
  await rig.log.close();
  await rig.start();
  expect(rig.producers.channel('c')).toMatchObject({ epoch: at, next: 3n });
  expect(await rig.producers.open('other', undefined)).toMatchObject({ refusal: { kind: 'state-lost' } });
  rig.world.runtime.advance(DAY_MS + 1);
  expect(rig.producers.keysLost).toBe(false);
});

test('keys leave by count and by time, and no jump of the clock nor a restart shortens it', async () => {
  const rig = await new Rig().start();
  for (const name of ['k1', 'k2', 'k3', 'k4']) await rig.key(name);
  expect(['k1', 'k2', 'k4'].map((name) => rig.producers.key(name) !== undefined)).toEqual([false, true, true]);
  rig.world.runtime.advance(DAY_MS - 1_000);
  await rig.commit(1);
  await rig.log.close();
  rig.world.runtime.jump(40 * DAY_MS);
  await rig.start();
  expect(rig.producers.key('k4')).toBeDefined();
  rig.world.runtime.advance(2_000);
  expect(rig.producers.key('k4')).toBeUndefined();
});

test.each([
  ['the log', false],
  ['what the table points to', true],
])(
  'dead letters count for channel and key, also when there is nothing else, and a start finds it in %s',
  async (_name, committed) => {
    const rig = await new Rig().start();
    await rig.producers.open('c', undefined);
    const stamp = (first: bigint) => ({ kind: 'channel', name: 'c', epoch: 1n, offset: first, records: 3 }) as const;
    await rig.append(stamp(0n), true, 2);
    await rig.append(stamp(3n), true, 0);
    await rig.key('mixed', 3, 2);
    await rig.key('none', 3, 0);
    const known = () => {
      const channel = rig.producers.channel('c') ?? expect.fail('no channel');
      return {
        // Where the middle of a request is that was parted, nobody remembers.
        channel: [channel.next, ...[3n, 6n, 2n].map((end) => positionOf(channel, end)?.offset)],
        keys: ['mixed', 'none'].map((name) => ({ ...rig.producers.key(name), at: 0 })),
      };
    };
    const before = known();
    expect(before).toMatchObject({
      channel: [6n, 2n, 3n, undefined],
      keys: [
        { accepted: 2, rejected: 1, position: { offset: 5n } },
        { accepted: 0, rejected: 3, position: { offset: 6n } },
      ],
    });
    if (committed) await rig.commit(1);
    await rig.log.close();
    await rig.start();
    expect(known()).toEqual(before);
    expect(await rig.append(stamp(3n), true, 0)).toBe('duplicate');
  },
);

test('a closed channel begins at 0 again, and nothing of its former life counts', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  await rig.send('c', 1n, 0n, 4);
  await rig.producers.close('c');
  expect(await rig.send('c', 1n, 4n, 1)).toBe('no-such-channel');
  expect(opened(await rig.producers.open('c', undefined))).toEqual([3n, 0n]);
  await rig.log.close();
  await rig.start();
  expect(rig.producers.channel('c')).toMatchObject({ epoch: 3n, next: 0n });
});

test('a table has no more channels than it may have', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('a', undefined);
  await rig.producers.open('b', undefined);
  expect(await rig.producers.open('c', undefined)).toEqual({ kind: 'too-many-channels', limit: 2 });
  expect(await rig.producers.open('a', undefined)).toMatchObject({ kind: 'done' });
  await rig.producers.close('b');
  expect(await rig.producers.open('c', undefined)).toMatchObject({ kind: 'done' });
});

test('states far behind the current one are removed, younger ones stay', async () => {
  const rig = await new Rig().start();
  await rig.producers.open('c', undefined);
  const pointers: string[] = [];
  for (let number = 1; number <= 70; number += 1) {
    await rig.send('c', 1n, BigInt(number - 1), 1);
    await rig.commit(number);
    pointers.push(rig.pointer ?? '');
  }
  const held = await Promise.all(pointers.map(async (key) => (await rig.store.head(key)) !== undefined));
  expect(held.lastIndexOf(false)).toBe(4);
  expect(held.at(-1)).toBe(true);
  expect(offset(70)).toBe(rig.producers.channel('c')?.next);
});
