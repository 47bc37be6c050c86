/** A large entry is buried in frames of bounded size, each record in one of them and at its own position. */
import { expect, test } from 'vitest';
import { piecesOf } from '../../../../src/checkpoint/dead-letters/burials.ts';
import { laneId, offset, tableUuid } from '../../../../src/core/ids.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const entryOf = (lines: readonly string[]) => ({
  table,
  lane: laneId('a'.repeat(32)),
  schemaId: 0,
  baseOffset: offset(10),
  count: lines.length,
  payload: Buffer.from(lines.map((line) => `${line}\n`).join('')),
});

test.each([
  ['many records', Array.from({ length: 5_001 }, (_, at) => `${at}`), 3],
  ['large records', Array.from({ length: 20 }, () => 'x'.repeat(1024 * 1024)), 3],
])('%s', (_what, lines, frames) => {
  const entry = entryOf(lines);
  const pieces = [...piecesOf(entry)];
  expect(pieces).toHaveLength(frames);
  expect(Buffer.concat(pieces.map(({ payload }) => payload)).equals(entry.payload)).toBe(true);
  let next = entry.baseOffset as bigint;
  for (const { baseOffset, count, payload } of pieces) {
    expect([baseOffset, payload.filter((byte) => byte === 10).length]).toEqual([next, count]);
    next += BigInt(count);
  }
  expect(next).toBe(10n + BigInt(lines.length));
});

test('an entry that fits stays whole, one without records too', () => {
  for (const entry of [entryOf(['a', 'b']), { ...entryOf(['a']), payload: Buffer.alloc(0) }])
    expect([...piecesOf(entry)]).toEqual([entry]);
});
