/** A large payload that is read back, or that is not canonical, is worked through in steps: others have their turn in between. */
import { expect, test } from 'vitest';
import { CAREFUL_STEP_BYTES, STEP_BYTES } from '../../../src/columnar/check/body-lines.ts';
import { compileChecker } from '../../../src/columnar/check/compile-checker.ts';
import type { Staging } from '../../../src/contracts/column-engine.ts';
import type { Entry, Log } from '../../../src/contracts/log.ts';
import { OpenEpoch } from '../../../src/checkpoint/epoch.ts';
import { Feed, type FeedTarget } from '../../../src/checkpoint/feed.ts';
import { laneId, offset, tableUuid } from '../../../src/core/ids.ts';
import { Pace } from '../../../src/core/pace.ts';
import { systemClock } from '../../../src/core/runtime.ts';
import { STOPS } from '../../support/late-policy.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const checker = compileChecker({
  schemaId: 0,
  fields: [
    { id: 1, name: 'at', type: { kind: 'timestamptz' }, required: true },
    { id: 2, name: 'text', type: { kind: 'string' }, required: false },
  ],
});
const COUNT = 5000;
const payload = Buffer.from(
  Array.from({ length: COUNT }, () => `{"at":"2024-03-05T06:07:08+01:00","text":"${'x'.repeat(1000)}"}\n`).join(''),
);
const entry: Entry = { table, schemaId: 0, count: COUNT, payload, lane: laneId('0'.repeat(32)), baseOffset: offset(0) };

let ended: Promise<unknown> = Promise.resolve();

function feedOf(pauses: { count: number }, staged: Uint8Array[]): Feed {
  const log = {
    async *entries() {
      yield entry;
    },
    lanes: () => [],
    refusals: () => [],
    buried: () => [],
  } as unknown as Log;
  const staging = { rows: 0, bytes: 0, append: (lines: Uint8Array) => staged.push(lines) } as unknown as Staging;
  const counted = {
    ...systemClock,
    sleep: (ms: number) => {
      pauses.count += 1;
      return systemClock.sleep(ms);
    },
  };
  const target: FeedTarget = {
    table,
    checker: () => checker,
    late: STOPS,
    pace: new Pace(counted),
    open: () => new OpenEpoch(staging, 0),
    hasRoom: () => true,
    room: () => Promise.resolve(),
    onStaged: () => undefined,
    onLive: () => stop.abort(),
  };
  const stop = new AbortController();
  const feed = new Feed(log, target);
  feed.rewind(new Map(), () => false);
  ended = feed.run(stop.signal).catch((error: unknown) => expect(stop.signal.aborted, String(error)).toBe(true));
  return feed;
}
test('read back, it pauses after a first careful step and after every mebibyte, and is staged as one', async () => {
  const pauses = { count: 0 };
  const staged: Uint8Array[] = [];
  const feed = feedOf(pauses, staged);
  await ended;
  expect(feed.live).toBe(true);
  expect(pauses.count).toBe(1 + Math.floor((payload.length - CAREFUL_STEP_BYTES) / STEP_BYTES));
  expect(
    staged.map((lines) => Buffer.compare(lines, checker.canonical(payload, { ignoreUnknownFields: false }).lines)),
  ).toEqual([0]);
});

test('live, the lines made ahead of the append are staged; those of another checker are not', async () => {
  const staged: Uint8Array[] = [];
  const feed = feedOf({ count: 0 }, staged);
  await ended;
  const made = checker.canonical(payload, { ignoreUnknownFields: false });
  const next = { ...entry, baseOffset: offset(COUNT) };
  feed.onAppended(next, { by: checker, lines: made.lines });
  expect(staged[1]).toBe(made.lines);
  const other = compileChecker({ schemaId: 1, fields: [] });
  feed.onAppended({ ...entry, baseOffset: offset(2 * COUNT) }, { by: other, lines: Buffer.from('{}\n') });
  expect(staged[2]).not.toEqual(Buffer.from('{}\n'));
  expect(staged[2]?.length).toBe(made.lines.length);
});
