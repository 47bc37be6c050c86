/** Lines of an entry that are still the table's. */
import { expect, test } from 'vitest';
import { undecided } from '../../../../src/checkpoint/dead-letters/undecided.ts';
import { laneId, offset, tableUuid } from '../../../../src/core/ids.ts';

const lane = laneId('a'.repeat(32));
const table = tableUuid('00000000-0000-4000-8000-000000000001');
const entry = { table, lane, schemaId: 0, baseOffset: offset(10), count: 4, payload: Buffer.from('a\nb\nc\nd\n') };
const refusal = (at: number, of = lane) => ({ table, lane: of, offset: offset(at), cause: '' });

test('decided ones are left out, and the others keep their places', () => {
  const rest = undecided(entry, [refusal(10), refusal(12)]);
  expect([Buffer.from(rest.payload).toString(), rest.count]).toEqual(['b\nd\n', 2]);
  expect([rest.indexOf(0), rest.indexOf(1)]).toEqual([1, 3]);
});

test('decisions about other lanes and other entries change nothing, and copy nothing', () => {
  const others = [refusal(9), refusal(14), refusal(11, laneId('b'.repeat(32)))];
  expect(undecided(entry, others).payload).toBe(entry.payload);
});

test('nothing may be left', () => {
  expect(
    undecided(
      entry,
      [10, 11, 12, 13].map((at) => refusal(at)),
    ),
  ).toMatchObject({ count: 0 });
});

test('what was buried is left out, where the ranges of its lane cover it', () => {
  const burial = (from: number, next: number, of = lane) => ({
    table,
    lane: of,
    from: offset(from),
    next: offset(next),
  });
  const left = (...burials: ReturnType<typeof burial>[]): string =>
    Buffer.from(undecided(entry, [], burials).payload).toString();
  expect(left(burial(0, 11))).toBe('b\nc\nd\n');
  expect(left(burial(12, 13), burial(13, 40))).toBe('a\nb\n');
  expect(left(burial(0, 10), burial(14, 20), burial(0, 99, laneId('b'.repeat(32))))).toBe('a\nb\nc\nd\n');
});
