/** A log restored from an old copy holds a lane that the table has forgotten: its records are refused, not taken in twice. */
import { expect, test } from 'vitest';
import { compileChecker } from '../../../src/columnar/check/compile-checker.ts';
import { Pace } from '../../../src/core/pace.ts';
import { systemClock } from '../../../src/core/runtime.ts';
import { Feed } from '../../../src/checkpoint/feed.ts';
import { laneId, offset, tableUuid } from '../../../src/core/ids.ts';
import type { Entry, Log } from '../../../src/contracts/log.ts';
import { STOPS } from '../../support/late-policy.ts';

test('an entry of a pruned lane stops the feed before anything is staged', async () => {
  const table = tableUuid('00000000-0000-4000-8000-000000000001');
  const entry: Entry = {
    table,
    schemaId: 0,
    count: 1,
    payload: Buffer.from('{}\n'),
    lane: laneId('0'.repeat(32)),
    baseOffset: offset(0),
  };
  const log = {
    async *entries() {
      yield entry;
    },
    lanes: () => [],
    refusals: () => [],
    buried: () => [],
  } as unknown as Log;
  let opened = 0;
  const feed = new Feed(log, {
    table,
    checker: () => compileChecker({ schemaId: 0, fields: [] }),
    late: STOPS,
    pace: new Pace(systemClock),
    open: () => {
      opened += 1;
      throw new Error('nothing may be staged');
    },
    hasRoom: () => true,
    room: () => Promise.resolve(),
    onStaged: () => undefined,
    onLive: () => undefined,
  });
  feed.rewind(new Map(), () => true);
  await expect(feed.run(new AbortController().signal)).rejects.toMatchObject({ kind: 'corrupt' });
  expect(opened).toBe(0);
});
