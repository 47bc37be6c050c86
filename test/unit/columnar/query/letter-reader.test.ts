/** Dead letters read back by SQL: what is open, what is marked, and pages that are bounded in rows and bytes. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SqlLetterReader } from '../../../../src/columnar/query/letter-reader.ts';
import type { QuerySource } from '../../../../src/contracts/query.ts';
import { LETTER_FIELDS } from '../../../../src/record/dead-letter-table.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.ts';

const TABLE = { namespace: ['web'], name: 'clicks__dead_letters' };
const ALL = { limit: 100, maxBytes: 1 << 20 };

let folder: TemporaryFolder;
let reader: SqlLetterReader;

beforeAll(async () => {
  folder = await temporaryFolder();
  const path = join(folder.path, 'letters.parquet');
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run(`
    create table letters as select * from (values
      ('a-1', 'open', 'a', timestamptz '2026-11-22 10:00:00.5Z', 'type_mismatch', '/x', 'one'::blob, null, null),
      ('a-2', 'open', 'a', timestamptz '2026-11-22 10:00:00.5Z', 'type_mismatch', '/x', '\\xff22'::blob, null, null),
      ('b-1', 'open', 'b', timestamptz '2026-11-22 11:00:00Z', 'invalid_json', '', 'three'::blob, 'aa', 9007199254740993),
      ('b-1', 'open', 'b', timestamptz '2026-11-22 12:00:00Z', 'invalid_json', '', 'three'::blob, 'aa', 9007199254740993),
      ('c-1', 'open', 'it''s', timestamptz '2026-11-22 12:00:00Z', 'invalid_json', '', 'four'::blob, null, null),
      ('a-1', 'replayed', 'r', timestamptz '2026-11-23 12:00:00Z', null, null, null, null, null)
    ) as t(id, status, batch, received_at, code, pointer, original, lane, "offset")`);
  await duckdb.run(`copy letters to '${path}' (format parquet)`);
  duckdb.closeSync();
  const source: QuerySource = {
    list: () => Promise.resolve([TABLE]),
    resolve: () =>
      Promise.resolve({
        name: TABLE,
        schema: { schemaId: 0, fields: LETTER_FIELDS },
        files: [{ filePath: path, fileSizeInBytes: 1n }],
        hasDeletes: false,
      }),
    localFile: (uri) => Promise.resolve(uri),
    close: () => Promise.resolve(),
  };
  reader = new SqlLetterReader(source);
});
afterAll(() => folder.remove());

const ids = async (...[filter, bounds = ALL]: [Parameters<SqlLetterReader['page']>[1], typeof ALL?]) =>
  (await reader.page(TABLE, filter, bounds)).letters.map(({ id }) => id);

test('a mark changes the status of the letter it names; a letter that clones put there twice is one', async () => {
  expect(await ids({ status: 'open' })).toEqual(['a-2', 'b-1', 'c-1']);
  expect(await ids({ status: 'replayed' })).toEqual(['a-1']);
  expect(await ids({})).toEqual(['a-1', 'a-2', 'b-1', 'c-1']);
});

test('filters hold together, and are never read as SQL', async () => {
  expect(await ids({ code: 'invalid_json', batch: "it's" })).toEqual(['c-1']);
  expect(await ids({ ids: ['a-2', "' or true --"] })).toEqual(['a-2']);
  expect(await ids({ ids: [] })).toEqual([]);
});

test('bytes, times and 64-bit positions come back as they were', async () => {
  const { letters } = await reader.page(TABLE, { ids: ['a-2', 'b-1'] }, ALL);
  expect(letters[0]).toMatchObject({
    receivedAt: '2026-11-22T10:00:00.500Z',
    original: Buffer.from([0xff, 0x32, 0x32]),
  });
  expect(letters[1]?.position).toEqual({ lane: 'aa', offset: 9_007_199_254_740_993n });
});

test('a page is bounded in rows and in bytes, says where the next begins, and is never empty for a large letter', async () => {
  const first = await reader.page(TABLE, {}, { limit: 3, maxBytes: 1 << 20 });
  expect([first.letters.length, first.next]).toEqual([3, 'b-1']);
  const last = await reader.page(TABLE, {}, { ...ALL, after: 'b-1' });
  expect([last.letters.map(({ id }) => id), last.next]).toEqual([['c-1'], undefined]);
  const small = await reader.page(TABLE, {}, { limit: 100, maxBytes: 2 });
  expect([small.letters.map(({ id }) => id), small.next]).toEqual([['a-1'], 'a-1']);
});

test('groups count letters that say the same, most first', async () => {
  expect(await reader.groups(TABLE, { status: 'open' })).toEqual([
    {
      code: 'invalid_json',
      pointer: '',
      status: 'open',
      letters: 2n,
      firstAt: '2026-11-22T11:00:00.000Z',
      lastAt: '2026-11-22T12:00:00.000Z',
      sample: 'b-1',
    },
    {
      code: 'type_mismatch',
      pointer: '/x',
      status: 'open',
      letters: 1n,
      firstAt: '2026-11-22T10:00:00.500Z',
      lastAt: '2026-11-22T10:00:00.500Z',
      sample: 'a-2',
    },
  ]);
});
