/** What the concurrency soak calls a broken promise, on tables that are made up: a soak that finds nothing must be one that would have. */
import { describe, expect, test } from 'vitest';
import { Books, idsOf, type Rows } from '../../concurrency/books.ts';
import { mostSmall, SmallFiles } from '../../concurrency/small-files.ts';
import { FOREIGN_IDS, SMALL_BYTES, SMALL_FILES } from '../../concurrency/tables.ts';
import { compareRows } from '../../concurrency/verdict.ts';

const TABLE = 'shared.plain';
const SPARKS: Rows = { first: FOREIGN_IDS, count: 8 };

/** Eight rows of ours and eight of Spark's; rows 4 and 8 of ours and every fourth of Spark's are deleted. */
function written() {
  const books = new Books();
  const ours = books.ledger.open(TABLE, 8, () => false);
  ours.acknowledged = true;
  books.of(TABLE).arrived(ours);
  books.of(TABLE).deleted(ours);
  books.of(TABLE).foreign.push(SPARKS);
  books.of(TABLE).arrived(SPARKS);
  books.of(TABLE).deleted(SPARKS);
  const left = [...idsOf(ours), ...idsOf(SPARKS)].filter((id) => id % 4 !== 0);
  return { books, left };
}

describe('rows held against the books', () => {
  const judge = (change: (left: readonly number[]) => readonly number[]): readonly string[] => {
    const { books, left } = written();
    return compareRows(TABLE, change(left), [], books);
  };

  test('a table that holds what it should breaks nothing', () => {
    expect(judge((left) => left)).toEqual([]);
  });

  test.each([
    ['an acknowledged row is missing', (left: readonly number[]) => left.filter((id) => id !== 3)],
    ['a row of ours is there twice', (left: readonly number[]) => [...left, 3]],
    ['a row that was deleted is there', (left: readonly number[]) => [...left, 4]],
    ['a row of ours that nobody sent is there', (left: readonly number[]) => [...left, 1_000]],
    ['a foreign row is missing', (left: readonly number[]) => left.filter((id) => id !== FOREIGN_IDS + 1)],
    ['a foreign row is there twice', (left: readonly number[]) => [...left, FOREIGN_IDS + 1]],
    ['a foreign row that was deleted is there', (left: readonly number[]) => [...left, FOREIGN_IDS + 4]],
    ['a foreign row that nobody wrote is there', (left: readonly number[]) => [...left, FOREIGN_IDS + 100]],
  ])('%s: told once', (_what, change) => {
    expect(judge(change)).toHaveLength(1);
  });
});

describe('small files', () => {
  const files = (count: number, bytes = 1_000, partition = 'p') =>
    Array.from({ length: count }, (_, at) => ({ path: `${partition}/${at}`, bytes, partition }));

  test('are counted by partition, and only while they are small', () => {
    expect(mostSmall([...files(3), ...files(5, 1_000, 'q'), ...files(9, SMALL_BYTES, 'r')])).toBe(5);
  });

  test('above the bound are late from when the oldest of those too many was seen', () => {
    const seen = new SmallFiles();
    seen.see(TABLE, files(SMALL_FILES + 1), 0);
    seen.see(TABLE, files(SMALL_FILES + 5), 7);
    expect(seen).toMatchObject({ most: SMALL_FILES + 5, longestS: 7 });
  });

  test('that came since the last look are not late', () => {
    const seen = new SmallFiles();
    seen.see(TABLE, files(SMALL_FILES), 0);
    seen.see(TABLE, files(SMALL_FILES + 50), 60);
    expect(seen.longestS).toBe(0);
  });
});
