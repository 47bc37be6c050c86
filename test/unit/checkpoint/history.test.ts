/** Checkpoint records are an index: the newest are kept, 64-bit values survive, and losing one harms nobody. */
import { expect, test } from 'vitest';
import { CheckpointHistory } from '../../../src/checkpoint/history.ts';
import type { CheckpointRecord } from '../../../src/contracts/service-ports.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { systemClock } from '../../../src/core/runtime.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const record = (epoch: bigint): CheckpointRecord => ({
  table: 'ns.t',
  epoch,
  trigger: 'interval',
  startedAt: 1,
  result: 'committed',
  snapshot: 9_007_199_254_740_993n,
  records: 3,
  files: 1,
  bytes: 100,
  cut: { lane: '9007199254740995' },
  phases: { write: 0.5, upload: 0.25, commit: 0.125 },
});
const surprised = (error: unknown): never => {
  throw error;
};

test('records come back as they were, oldest first, to a later process too', async () => {
  const store = new MemoryStore(systemClock);
  const history = new CheckpointHistory(store, 'p', 10, surprised);
  for (const epoch of [9n, 10n, 100n]) await history.record(table, record(epoch));
  const later = new CheckpointHistory(store, 'p', 10, surprised);
  expect(await later.list(table)).toEqual([record(9n), record(10n), record(100n)]);
});

test('only the newest are kept, those of an earlier process counted in', async () => {
  const store = new MemoryStore(systemClock);
  for (let epoch = 1n; epoch <= 3n; epoch += 1n)
    await new CheckpointHistory(store, 'p', 2, surprised).record(table, record(epoch));
  expect((await new CheckpointHistory(store, 'p', 2, surprised).list(table)).map(({ epoch }) => epoch)).toEqual([
    2n,
    3n,
  ]);
});

test('a store that fails is reported, and the checkpoint does not hear of it', async () => {
  const store = new MemoryStore(systemClock);
  const failure = new SluiceError('unavailable', 'not now');
  store.put = () => Promise.reject(failure);
  const heard: unknown[] = [];
  await new CheckpointHistory(store, 'p', 2, (error) => heard.push(error)).record(table, record(1n));
  expect(heard).toEqual([failure]);
});
