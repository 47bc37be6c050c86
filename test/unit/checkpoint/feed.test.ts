/** Every record is staged once and in order, whether it comes live or is read back, whatever is given up in between. */
import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import { OpenEpoch } from '../../../src/checkpoint/epoch.ts';
import { Feed } from '../../../src/checkpoint/feed.ts';
import { Signal } from '../../../src/checkpoint/signal.ts';
import type { Staging } from '../../../src/contracts/column-engine.ts';
import type { Entry, Log } from '../../../src/contracts/log.ts';
import type { RecordChecker } from '../../../src/contracts/record-checker.ts';
import { laneId, offset, tableUuid, type LaneId, type Offset } from '../../../src/core/ids.ts';
import { Pace } from '../../../src/core/pace.ts';
import { systemClock } from '../../../src/core/runtime.ts';
import { STOPS } from '../../support/late-policy.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const lane = laneId('a'.repeat(32));
const canonical = (lines: Uint8Array) => ({ lines, count: lines.filter((byte) => byte === 10).length, refused: [] });
const pass = {
  canonical,
  *canonicalInSteps(lines: Uint8Array) {
    yield;
    return canonical(lines);
  },
} as unknown as RecordChecker;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const entryOf = (first: number, count: number): Entry => ({
  table,
  lane,
  schemaId: 0,
  count,
  baseOffset: offset(first),
  payload: Buffer.from(Array.from({ length: count }, (_, at) => `${first + at}\n`).join('')),
});

class Rig {
  readonly entries: Entry[] = [];
  staged: string[] = [];
  room = true;
  /** Called before each entry that is read back. */
  onRead: () => unknown = () => undefined;
  readonly #roomed = new Signal();
  readonly #stop = new AbortController();
  readonly feed: Feed;
  readonly failed: Promise<unknown>;

  constructor() {
    const { entries } = this;
    const read = (): unknown => this.onRead();
    const log = {
      async *entries(_table: unknown, from: ReadonlyMap<LaneId, Offset>) {
        // As the real log: what is appended after a reading began is for the next one.
        const until = entries.length;
        for (let at = 0; at < until; at += 1) {
          const entry = entries[at];
          if (entry === undefined || entry.baseOffset + BigInt(entry.count) <= (from.get(entry.lane) ?? 0n)) continue;
          await settled();
          read();
          yield entry;
        }
      },
      lanes: () => [],
      refusals: () => [],
      buried: () => [],
    } as unknown as Log;
    const staging = {
      rows: 0,
      bytes: 0,
      append: (lines: Uint8Array) => this.staged.push(...Buffer.from(lines).toString().trimEnd().split('\n')),
    } as unknown as Staging;
    this.feed = new Feed(log, {
      table,
      checker: () => pass,
      late: STOPS,
      pace: new Pace({ ...systemClock, sleep: settled }),
      open: () => new OpenEpoch(staging, 0),
      hasRoom: () => this.room,
      room: (signal) => this.#roomed.next(signal),
      onStaged: () => undefined,
      onLive: () => undefined,
    });
    this.failed = this.feed.run(this.#stop.signal).catch((error: unknown) => error);
  }

  append(count: number): void {
    const last = this.entries.at(-1);
    const entry = entryOf(last === undefined ? 0 : Number(last.baseOffset) + last.count, count);
    this.entries.push(entry);
    this.feed.onAppended(entry);
  }

  giveRoom(): void {
    this.room = true;
    this.#roomed.raise();
  }

  async live(): Promise<void> {
    for (let turn = 0; !this.feed.live && turn < 1_000; turn += 1) await settled();
    expect(this.feed.live).toBe(true);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.failed;
  }
}

const upTo = (end: number, from = 0): string[] => Array.from({ length: end - from }, (_, at) => String(from + at));

test('what is appended while an older entry is read back is staged behind it, once', async () => {
  const rig = new Rig();
  rig.append(2);
  rig.append(3);
  rig.onRead = () => {
    rig.onRead = () => undefined;
    rig.append(1);
  };
  rig.feed.rewind(new Map(), () => false);
  await rig.live();
  rig.append(2);
  expect(rig.staged).toEqual(upTo(8));
  await rig.end();
});

test('a rewind while it reads back ends that reading: nothing of it is staged any more', async () => {
  const rig = new Rig();
  for (let entry = 0; entry < 4; entry += 1) rig.append(2);
  let reads = 0;
  rig.onRead = () => {
    reads += 1;
    if (reads !== 3) return;
    rig.staged = [];
    rig.feed.rewind(new Map([[lane, offset(2)]]), () => false);
  };
  rig.feed.rewind(new Map(), () => false);
  await rig.live();
  expect(rig.staged).toEqual(upTo(8, 2));
  await rig.end();
});

test('held while it reads back, it stages nothing of that reading', async () => {
  const rig = new Rig();
  for (let entry = 0; entry < 4; entry += 1) rig.append(2);
  rig.onRead = () => rig.staged.length === 4 && rig.feed.hold({ records: 4, bytes: 8 });
  rig.feed.rewind(new Map(), () => false);
  for (let turn = 0; turn < 50; turn += 1) await settled();
  expect(rig.staged).toEqual(upTo(4));
  expect(rig.feed.live).toBe(false);
  await rig.end();
});

test('a table that stands within an entry gets the rest of it only', async () => {
  const rig = new Rig();
  rig.append(5);
  rig.feed.rewind(new Map([[lane, offset(3)]]), () => false);
  await rig.live();
  expect(rig.staged).toEqual(['3', '4']);
  await rig.end();
});

test('held, it stages nothing; without room, it waits and loses nothing', async () => {
  const rig = new Rig();
  rig.feed.rewind(new Map(), () => false);
  await rig.live();
  rig.feed.hold({ records: 0, bytes: 0 });
  rig.append(2);
  await settled();
  expect(rig.staged).toEqual([]);
  expect(rig.feed.unstaged.records).toBe(2);
  rig.room = false;
  rig.feed.rewind(new Map(), () => false);
  rig.append(1);
  for (let turn = 0; turn < 10; turn += 1) await settled();
  expect(rig.staged).toEqual([]);
  rig.giveRoom();
  await rig.live();
  expect(rig.staged).toEqual(upTo(3));
  expect(rig.feed.unstaged).toEqual({ records: 0, bytes: 0 });
  await rig.end();
});

test('any interleaving of appends, rewinds, lack of room and turns ends with every record once, in order', async () => {
  const step = oneof(
    record({ kind: constant('append' as const), count: integer({ min: 1, max: 3 }) }),
    record({ kind: constant('rewind' as const), to: integer({ min: 0, max: 20 }) }),
    record({ kind: constantFrom('full' as const, 'room' as const, 'turn' as const, 'hold' as const) }),
  );
  await assert(
    asyncProperty(array(step, { maxLength: 25 }), async (steps) => {
      const rig = new Rig();
      let from = 0;
      const rewind = (to: number): void => {
        from = to;
        rig.staged = [];
        rig.feed.rewind(new Map([[lane, offset(to)]]), () => false);
      };
      rewind(0);
      for (const action of steps) {
        const end = rig.entries.reduce((sum, entry) => sum + entry.count, 0);
        if (action.kind === 'append') rig.append(action.count);
        else if (action.kind === 'rewind') rewind(Math.min(action.to, end));
        else if (action.kind === 'full') rig.room = false;
        else if (action.kind === 'room') rig.giveRoom();
        else if (action.kind === 'hold') {
          rig.feed.hold({ records: 0, bytes: 0 });
          await settled();
          rewind(from);
        } else await settled();
      }
      rig.giveRoom();
      await rig.live();
      expect(rig.staged).toEqual(
        upTo(
          rig.entries.reduce((sum, entry) => sum + entry.count, 0),
          from,
        ),
      );
      await rig.end();
    }),
    { numRuns: 200 },
  );
});
