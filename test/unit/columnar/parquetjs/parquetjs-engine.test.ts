/** What the second encoder refuses, how its tables map names, and that DuckDB reads its files as the types they are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameMapping } from '../../../../src/columnar/parquetjs/name-mapping.ts';
import { createParquetJsEngine } from '../../../../src/columnar/parquetjs/parquetjs-engine.ts';
import type { ColumnEngine, FileLayout } from '../../../../src/contracts/column-engine.ts';
import { isSluiceError } from '../../../../src/core/errors.ts';
import type { PrimitiveType, Type } from '../../../../src/record/types.ts';
import { field, layoutOf } from '../engine/engine-in-test.ts';

let base: string;
let engine: ColumnEngine;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'parquetjs-'));
  engine = createParquetJsEngine({ directory: join(base, 'work'), maxPieceBytes: 1024 * 1024 });
});
afterAll(async () => {
  await engine.close();
  await rm(base, { recursive: true });
});

const snappy: Partial<FileLayout> = { compression: 'snappy' };

describe('it refuses', () => {
  const refusal = (layout: FileLayout): string => {
    try {
      engine.validate(layout);
      return 'accepted';
    } catch (error) {
      return isSluiceError(error, 'unsupported') ? `${error.message}; ${error.remedy}` : String(error);
    }
  };

  it.each<[string, Type]>([
    ['struct', { kind: 'struct', fields: [field(2, 'x', { kind: 'int' })] }],
    ['list', { kind: 'list', elementId: 2, element: { kind: 'int' }, elementRequired: false }],
    ['map', { kind: 'map', keyId: 2, key: { kind: 'int' }, valueId: 3, value: { kind: 'int' }, valueRequired: false }],
  ])('a %s, naming the column and the way out', (kind, type) => {
    expect(refusal(layoutOf([field(1, 'inner', type)], snappy))).toMatch(new RegExp(`inner is a ${kind}.*duckdb`));
  });

  it('zstd', () => {
    expect(refusal(layoutOf([field(1, 'x', { kind: 'int' })]))).toMatch(/zstd.*snappy/);
    expect(refusal(layoutOf([field(1, 'x', { kind: 'int' })], snappy))).toBe('accepted');
  });
});

it('writes files that DuckDB reads as the types of the table', async () => {
  const types: readonly (readonly [PrimitiveType, string, string, string])[] = [
    [{ kind: 'decimal', precision: 9, scale: 2 }, '"-0.05"', 'DECIMAL(9,2)', '-0.05'],
    [{ kind: 'decimal', precision: 18, scale: 3 }, '"1.500"', 'DECIMAL(18,3)', '1.500'],
    [{ kind: 'decimal', precision: 38, scale: 2 }, '"-999.99"', 'DECIMAL(38,2)', '-999.99'],
    [{ kind: 'date' }, '"1969-12-31"', 'DATE', '1969-12-31'],
    [{ kind: 'time' }, '"12:00:00.000001"', 'TIME', '12:00:00.000001'],
    [{ kind: 'timestamp' }, '"1969-12-31T23:59:59.999999"', 'TIMESTAMP', '1969-12-31 23:59:59.999999'],
    [{ kind: 'timestamptz' }, '"2020-01-01T00:00:00+02:00"', 'TIMESTAMP WITH TIME ZONE', '2019-12-31 22:00:00+00'],
    [{ kind: 'string' }, '"é"', 'VARCHAR', 'é'],
    [{ kind: 'uuid' }, '"F79C3E09-677C-4BBD-A479-3F349CB785E7"', 'UUID', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'],
    [{ kind: 'long' }, '-9007199254740993', 'BIGINT', '-9007199254740993'],
    [{ kind: 'double' }, '"NaN"', 'DOUBLE', 'nan'],
  ];
  const fields = types.map(([type], index) => field(index + 1, `c.${index}`, type));
  const staging = engine.staging(layoutOf(fields, snappy), 'typed');
  const line = `{${types.map(([, json], index) => `"c.${index}":${json}`).join(',')}}\n`;
  // More rows than one row group takes, nulls in between.
  for (let row = 0; row < 25_000; row += 1) staging.append(Buffer.from(row % 3 === 1 ? '{}\n' : line), 1);
  const files = await staging.write(new AbortController().signal);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  const paths = files.map((file) => `'${file.localPath}'`).join(', ');
  for (const [index, [, , type, text]] of types.entries()) {
    const read = await connection.runAndReadAll(
      `SELECT DISTINCT typeof("c.${index}"), "c.${index}"::VARCHAR, count(*)::INTEGER FROM read_parquet([${paths}]) GROUP BY ALL ORDER BY 3`,
    );
    expect(read.getRows()).toEqual([
      [type, null, 8333],
      [type, text, 16_667],
    ]);
  }
  connection.closeSync();
  await staging.drop();
});

it('maps every name, nested ones by the standard names of lists and maps', () => {
  const schema = layoutOf([
    field(1, 'a', { kind: 'int' }),
    field(2, 'li', {
      kind: 'list',
      elementId: 3,
      element: { kind: 'struct', fields: [field(4, 'x', { kind: 'int' })] },
      elementRequired: false,
    }),
    field(5, 'm', {
      kind: 'map',
      keyId: 6,
      key: { kind: 'string' },
      valueId: 7,
      value: { kind: 'long' },
      valueRequired: false,
    }),
  ]).schema;
  expect(JSON.parse(nameMapping(schema))).toEqual([
    { 'field-id': 1, names: ['a'] },
    {
      'field-id': 2,
      names: ['li'],
      fields: [{ 'field-id': 3, names: ['element'], fields: [{ 'field-id': 4, names: ['x'] }] }],
    },
    {
      'field-id': 5,
      names: ['m'],
      fields: [
        { 'field-id': 6, names: ['key'] },
        { 'field-id': 7, names: ['value'] },
      ],
    },
  ]);
});
