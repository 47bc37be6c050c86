/** Footers as DuckDB writes them: kept byte for byte when untouched, and still readable when edited. */
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { finishFooter } from '../../../../src/columnar/footer/finish.ts';
import {
  ids,
  leafColumns,
  printFooter,
  readFooter,
  replaceFooter,
  rowGroups,
} from '../../../../src/columnar/footer/parquet-footer.ts';
import { fieldOf } from '../../../../src/columnar/footer/thrift-compact.ts';

let connection: DuckDBConnection;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'footer-'));
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  connection.closeSync();
  await rm(directory, { recursive: true });
});

const copy = async (select: string, options = ''): Promise<string> => {
  const path = join(directory, `${Buffer.from(select).toString('hex').slice(0, 40)}.parquet`);
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`);
  return path;
};

it.each([
  ['flat', `SELECT i, i::VARCHAR s, uuid() u, i / 3.0 d FROM range(1000) t(i)`, ''],
  ['nested', `SELECT {a: [i], b: {c: i}} st, MAP {i: [i]} m FROM range(1000) t(i)`, ''],
  [
    'many row groups, statistics and bloom filters',
    `SELECT i % 7 i, uuid() u FROM range(20000) t(i)`,
    ', ROW_GROUP_SIZE 2048',
  ],
  ['format version 2, sizes', `SELECT i, repeat('x', i::INT) s FROM range(300) t(i)`, ', PARQUET_VERSION v2'],
  ['key-value metadata', 'SELECT 1 AS x', `, KV_METADATA {a: 'b', c: 'd'}`],
  [
    'wide',
    `SELECT COLUMNS(lambda c: true) FROM (SELECT ${Array.from({ length: 400 }, (_, n) => `${n} AS c${n}`).join(', ')})`,
    '',
  ],
])('is re-encoded byte for byte when nothing changes: %s', async (_, select, options) => {
  const path = await copy(select, options);
  const footer = await readFooter(path);
  const bytes = await readFile(path);
  expect(Buffer.from(printFooter(footer.metadata)).equals(bytes.subarray(footer.offset))).toBe(true);
  expect(await replaceFooter(path, footer)).toBe(bytes.length);
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

it('loses statistics of uuid columns and keeps everything else', async () => {
  const path = await copy('SELECT i, uuid() AS u FROM range(1000) t(i)', ', FIELD_IDS {i: 1, u: 2}');
  const before = await connection.runAndReadAll(`SELECT * FROM '${path}' ORDER BY i`);
  const footer = await readFooter(path);
  const leaves = leafColumns(footer.metadata);
  const groups = rowGroups(footer.metadata, leaves);
  const types = new Map([
    [1, { kind: 'long' } as const],
    [2, { kind: 'uuid' } as const],
  ]);
  expect(finishFooter(footer.metadata, leaves, groups, { types, names: new Map() })).toBe(true);
  const size = await replaceFooter(path, footer);
  expect((await readFile(path)).length).toBe(size);
  const statistics = await connection.runAndReadAll(
    `SELECT stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata('${path}') ORDER BY column_id`,
  );
  expect(statistics.getRowsJson()).toEqual([
    ['0', '999', '0'],
    [null, null, '0'],
  ]);
  const after = await connection.runAndReadAll(`SELECT * FROM '${path}' ORDER BY i`);
  expect(after.getRowsJson()).toEqual(before.getRowsJson());
});

it('signs bounds that are zero, so that -0.0 lies below and +0.0 above', async () => {
  const path = await copy(
    `SELECT * FROM (VALUES (0.0::DOUBLE, 0.0::FLOAT, 1::DOUBLE), (-0.0, -0.0, 2)) t(d, f, o)`,
    ', FIELD_IDS {d: 1, f: 2, o: 3}',
  );
  const footer = await readFooter(path);
  const leaves = leafColumns(footer.metadata);
  const groups = rowGroups(footer.metadata, leaves);
  const types = new Map([1, 2, 3].map((id) => [id, { kind: id === 2 ? 'float' : 'double' } as const]));
  expect(finishFooter(footer.metadata, leaves, groups, { types, names: new Map() })).toBe(true);
  const bounds = groups[0]?.columns.map(({ statistics }) =>
    [ids.statistics.minValue, ids.statistics.maxValue].map((id) =>
      Buffer.from(fieldOf(statistics ?? [], id) as Uint8Array).toString('hex'),
    ),
  );
  expect(bounds).toEqual([
    ['0000000000000080', '0000000000000000'],
    ['00000080', '00000000'],
    ['000000000000f03f', '0000000000000040'],
  ]);
  expect(finishFooter(footer.metadata, leaves, groups, { types, names: new Map() })).toBe(false);
});

it('refuses a file that is torn or is no Parquet file', async () => {
  const path = await copy('SELECT 1 AS torn');
  const torn = join(directory, 'torn.parquet');
  await copyFile(path, torn);
  const file = await open(torn, 'r+');
  await file.truncate((await file.stat()).size - 3);
  await file.close();
  await expect(readFooter(torn)).rejects.toMatchObject({ kind: 'corrupt' });
  await writeFile(torn, 'PAR1');
  await expect(readFooter(torn)).rejects.toMatchObject({ kind: 'corrupt' });
  await writeFile(torn, Buffer.concat([Buffer.alloc(20), Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.from('PAR1')]));
  await expect(readFooter(torn)).rejects.toMatchObject({ kind: 'corrupt' });
});
