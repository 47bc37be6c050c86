/**
 * Maintenance gives way to ingestion that lags, between any two pieces of its work, and catches up after: a real table in memory, in virtual
 * time, with the judgement of the running daemon.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PipelineState } from '../../../src/checkpoint/pipeline-context.ts';
import { calmOf } from '../../../src/service/calm.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualTime } from '../../support/virtual-time.ts';
import { TableOfLines } from './table-of-lines.ts';

const INTERVAL_MS = 10_000;
const MINUTE = 60_000;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** A table with three partitions of four files each, and an ingestion whose oldest waiting record is set by the test. */
async function world() {
  const table = new TableOfLines(folder.path);
  await table.create();
  for (let day = 0; day < 3; day += 1)
    for (let file = 0; file < 4; file += 1) {
      table.day = 19_787 + day;
      await table.append(`row ${day} ${file}\n`);
    }
  const time = new VirtualTime(0);
  const pipeline: { state: PipelineState; lag: { oldestAt: number | undefined } } = {
    state: { kind: 'running' },
    lag: { oldestAt: undefined },
  };
  table.calm = calmOf(() => [pipeline], INTERVAL_MS, time.clock);
  const replaced = async (): Promise<number> =>
    table.iceberg.tables.snapshots(await table.load()).filter(({ operation }) => operation === 'replace').length;
  return { table, time, pipeline, replaced };
}

/** Work on local files takes turns of the real event loop. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

test('no piece of work begins while records are late; all of it is done once they are in', async () => {
  const { table, time, pipeline, replaced } = await world();
  await time.to(MINUTE);
  pipeline.lag.oldestAt = 0;
  const job = table.compact();
  for (let minute = 2; minute <= 8; minute += 1) {
    await time.to(minute * MINUTE);
    await settled();
    expect(await replaced()).toBe(0);
  }
  // The records are in; others come, and none waits for long.
  pipeline.lag.oldestAt = 8 * MINUTE - 1_000;
  await time.to(8 * MINUTE + 1_000);
  expect(await job).toMatchObject({ groupsCommitted: 3, filesRemoved: 12, filesAdded: 3 });
  expect(await replaced()).toBe(3);
  expect(await table.rows()).toHaveLength(12);
});

test('a job that has begun gives way before its next piece, and keeps what it did', async () => {
  const { table, time, pipeline, replaced } = await world();
  let rewrites = 0;
  table.meanwhile = async () => {
    rewrites += 1;
    // Ingestion falls behind while the first piece is under way.
    if (rewrites === 1) {
      pipeline.lag.oldestAt = 0;
      await time.to(MINUTE);
    }
  };
  const job = table.compact();
  await expect.poll(replaced).toBe(1);
  await time.to(5 * MINUTE);
  await settled();
  expect([rewrites, await replaced()]).toEqual([1, 1]);
  pipeline.lag.oldestAt = undefined;
  await time.to(5 * MINUTE + 1_000);
  expect(await job).toMatchObject({ groupsCommitted: 3 });
  expect(await table.rows()).toHaveLength(12);
});

test('expiry and its deletes give way too', async () => {
  const { table, time, pipeline } = await world();
  table.runtime.advance(3_600_000);
  const before = table.iceberg.tables.snapshots(await table.load()).length;
  await time.to(MINUTE);
  pipeline.lag.oldestAt = 0;
  const job = table.expire();
  await time.to(3 * MINUTE);
  await settled();
  expect(table.iceberg.tables.snapshots(await table.load())).toHaveLength(before);
  pipeline.lag.oldestAt = undefined;
  await time.to(3 * MINUTE + 1_000);
  expect(await job).toMatchObject({ snapshotsExpired: before - 1 });
});
