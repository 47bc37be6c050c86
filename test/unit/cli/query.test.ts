/** Promises of `sluice query`: the tables' rows under their current schema, whatever age and writer the files are of; selects only. */
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableReference } from '../../../src/columnar/query/run-query.ts';
import type { QuerySource, QueryTable } from '../../../src/contracts/query.ts';
import { formatTableName } from '../../../src/core/ids.ts';
import type { Field } from '../../../src/record/types.ts';
import { cli } from '../../support/cli-harness.ts';

let directory: string;
const tables = new Map<string, QueryTable>();
const fetched: string[] = [];

const source: QuerySource = {
  list: () => Promise.resolve([...tables.values()].map(({ name }) => name)),
  resolve: (name) => Promise.resolve(tables.get(formatTableName(name))),
  localFile: (uri) => {
    fetched.push(uri);
    return Promise.resolve(join(directory, uri.slice('test://'.length)));
  },
  close: () => Promise.resolve(),
};

const field = (id: number, name: string, type: Field['type']): Field => ({ id, name, type, required: false });

function define(name: string, fields: readonly Field[], files: readonly string[], hasDeletes = false): void {
  const parts = name.split('.');
  const table = parts.pop() ?? '';
  tables.set(name, {
    name: { namespace: parts, name: table },
    schema: { schemaId: 0, fields },
    files: files.map((file) => ({ filePath: `test://${file}`, fileSizeInBytes: 1n })),
    hasDeletes,
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-query-test-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const write = (file: string, select: string, options: string) =>
    connection.run(`copy (${select}) to '${join(directory, file)}' (format parquet${options})`);
  await write('old.parquet', `select 1::integer as a, 'x' as b`, ', field_ids {a: 1, b: 2}');
  await write('new.parquet', `select 9007199254740993::bigint as renamed, true as c`, ', field_ids {renamed: 1, c: 3}');
  await write('plain.parquet', `select 5::bigint as renamed, 'y' as unrelated`, '');
  await write(
    'types.parquet',
    `select uuid '0193f7a0-0000-7000-8000-000000000000' as u, timestamptz '2026-01-02 03:04:05.678901+00' as t, 1.50::decimal(9,2) as d, {'x': 1} as s, [1, 2] as l, map {'k': 'v'} as m`,
    ', field_ids {u: 1, t: 2, d: 3, s: {__duckdb_field_id: 4, x: 5}, l: {__duckdb_field_id: 6, element: 7}, m: {__duckdb_field_id: 8, key: 9, value: 10}}',
  );
  connection.closeSync();
  instance.closeSync();
  const evolved = [
    field(1, 'renamed', { kind: 'long' }),
    field(3, 'c', { kind: 'boolean' }),
    field(4, 'added', { kind: 'string' }),
  ];
  define('web.evolved', evolved, ['old.parquet', 'new.parquet', 'plain.parquet']);
  define('web.empty', evolved, []);
  define('web.deleted', evolved, ['old.parquet'], true);
  define('deep.er.table', [field(1, 'a', { kind: 'int' })], ['old.parquet']);
  define('odd-ns.select', [field(1, 'a', { kind: 'int' })], ['old.parquet']);
  define('web.types', [
    field(1, 'u', { kind: 'uuid' }),
    field(2, 't', { kind: 'timestamptz' }),
    field(3, 'd', { kind: 'decimal', precision: 9, scale: 2 }),
    field(4, 's', { kind: 'struct', fields: [field(5, 'x', { kind: 'int' })] }),
    field(6, 'l', { kind: 'list', elementId: 7, element: { kind: 'int' }, elementRequired: false }),
    field(8, 'm', {
      kind: 'map',
      keyId: 9,
      key: { kind: 'string' },
      valueId: 10,
      value: { kind: 'string' },
      valueRequired: false,
    }),
  ], ['types.parquet']);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const query = (sql: string, args: readonly string[] = []) => cli(['query', sql, ...args], { query: source });
const rows = async (sql: string): Promise<unknown> => JSON.parse((await query(sql, ['-o', 'json'])).stdout);

test('columns are found by id: renamed, widened, added ones; by name in files without ids', async () => {
  expect(await rows('select * from web.evolved order by renamed')).toEqual([
    { renamed: '1', c: null, added: null },
    { renamed: '5', c: null, added: null },
    { renamed: '9007199254740993', c: true, added: null },
  ]);
});

test('a table without files has its columns and no rows', async () => {
  expect(await query('select * from web.empty')).toMatchObject({ code: 0, stdout: 'renamed  c  added\n' });
  expect(await rows('select * from web.empty')).toEqual([]);
});

test('values in JSON: 64-bit, decimals and times as text, in UTC', async () => {
  expect(await rows('select * from web.types')).toEqual([
    {
      u: '0193f7a0-0000-7000-8000-000000000000',
      t: '2026-01-02 03:04:05.678901+00',
      d: '1.50',
      s: { x: 1 },
      l: [1, 2],
      m: [{ key: 'k', value: 'v' }],
    },
  ]);
});

test('as a table: numbers to the right, NULL for null', async () => {
  expect((await query('select renamed, added from web.evolved order by 1')).stdout.split('\n')).toEqual([
    '         renamed  added',
    '               1  NULL',
    '               5  NULL',
    '9007199254740993  NULL',
    '',
  ]);
});

test('only the files of tables that are named are fetched, each once', async () => {
  fetched.length = 0;
  await query('with q as (select a from deep.er.table) select * from q union all select a from q');
  expect(fetched).toEqual(['test://old.parquet']);
});

test('names of several levels, quoted names, subqueries and joins', async () => {
  expect(await rows('select a from deep.er.table where a in (select a from "odd-ns"."select")')).toEqual([{ a: 1 }]);
});

test('preview writes the name as SQL wants it', async () => {
  expect(tableReference({ namespace: ['a', 'b', 'c'], name: 'x"y' })).toBe('"a.b"."c"."x""y"');
  const preview = await cli(['preview', 'odd-ns.select', '-n', '1', '-o', 'json'], { query: source });
  expect(JSON.parse(preview.stdout)).toEqual([{ a: 1 }]);
  expect((await cli(['preview', 'deep.er.table'], { query: source })).code).toBe(0);
});

test('thousands of rows stream out whole', async () => {
  const { stdout } = await query('select i from range(5000) t(i)');
  expect(stdout.trimEnd().split('\n')).toHaveLength(5001);
  expect(await rows('select i from range(5000) t(i)')).toHaveLength(5000);
});

describe('refused', () => {
  test.each([
    ['an unknown table', 'select * from web.nope', 'web.evolved'],
    ['a table with delete files', 'select * from web.deleted', 'PyIceberg'],
    ['a statement that writes', 'create table x as select 1', 'select count'],
    ['a file that writes', `copy (select 1) to '/tmp/never'`, 'select count'],
    ['two statements', 'select 1; select 2', 'one by one'],
    ['a syntax error', 'selec 1', 'select count'],
    ['an unknown column', 'select zz from web.evolved', 'mend the statement'],
    ['a failure while running', `select cast(b as integer) from (select 'x' as b)`, 'mend the statement'],
  ])('%s, with what to try', async (_what, sql, remedy) => {
    const { code, stdout, stderr } = await query(sql);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: /);
    expect(stderr.slice(stderr.indexOf('\ntry: '))).toContain(remedy);
  });
});
