/** Millions of entries are thousands of objects, whatever the rhythm of commits. */
import { expect, it } from 'vitest';
import { laneId, offset, tableUuid } from '../../../src/core/ids.ts';
import { entryFile } from '../../../src/lane/chunk.ts';
import { TableLedger } from '../../../src/lane/table-ledger.ts';

const LANE = laneId('1'.repeat(32));
const file = () =>
  entryFile({ kind: 'segment', name: 's', path: '/s', id: '0'.repeat(32), lane: LANE, sequence: 1, end: 96 }, 0);

const add = (table: TableLedger, to: ReturnType<typeof file>, index: number): void =>
  table.add(
    to,
    {
      first: offset(index),
      end: offset(index + 1),
      byteStart: 96 + index * 100,
      byteEnd: 196 + index * 100,
      bytes: 100,
      stamped: false,
    },
    0,
  );

it('keeps one chunk for each run of its size', () => {
  const table = new TableLedger(tableUuid('a'), 10_000);
  const segment = file();
  for (let index = 0; index < 100_000; index++) add(table, segment, index);
  expect(table.chunks).toHaveLength(1_000);
  expect(table.pendingBytes).toBe(10_000_000);
  expect(segment.pendingChunks).toBe(1_000);
});

it('joins committed chunks, so that a commit after each entry leaves no object each', () => {
  const table = new TableLedger(tableUuid('a'), 10_000);
  const segment = file();
  for (let index = 0; index < 5_000; index++) {
    add(table, segment, index);
    table.committed(new Map([[LANE, offset(index + 1)]]), index);
  }
  expect(table.chunks).toHaveLength(50);
  expect(segment.chunks.size).toBe(50);
  expect(table.chunks.map((chunk) => [chunk.first, chunk.end])[1]).toEqual([100n, 200n]);
  expect([table.pendingBytes, segment.pendingChunks, segment.releasedAt]).toEqual([0, 0, 4_999]);
});

it('a file is released when its last pending chunk is committed, and needed again after a rewind', () => {
  const table = new TableLedger(tableUuid('a'), 100);
  const segment = file();
  for (let index = 0; index < 3; index++) add(table, segment, index);
  expect(segment.releasedAt).toBeUndefined();
  table.committed(new Map([[LANE, offset(2)]]), 5);
  expect([segment.pendingChunks, segment.releasedAt]).toEqual([1, undefined]);
  table.committed(new Map([[LANE, offset(3)]]), 6);
  expect(segment.releasedAt).toBe(6);
  table.committed(new Map([[LANE, offset(1)]]), 7);
  expect([segment.pendingChunks, segment.releasedAt]).toEqual([2, undefined]);
  expect(table.pendingBytes).toBe(200);
});
