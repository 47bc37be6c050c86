/** Any name a column can have reaches the file as it is. */
import { expect, it } from 'vitest';
import type { Type } from '../../../../src/record/types.ts';
import { field, layoutOf, useEngine } from './engine-in-test.ts';

const use = useEngine();

const odd = [
  'plain',
  'with space',
  `quote"s and 'single' ones`,
  'a.b',
  'back\\slash',
  'zażółć 😀',
  'key',
  'value',
  'element',
  'list',
  'filename',
  'rowid',
  'file_row_number',
  'line',
  'json',
  'select',
  '__duckdb_field_id',
  '__sluice_p0',
  'x0',
  'f3',
  '$."a"',
  '*',
  'tab\tnew\nline',
];

const namesIn = async (path: string | undefined): Promise<ReadonlyMap<number, unknown>> => {
  const rows = await use.read(`SELECT name, field_id FROM parquet_schema('${path}') WHERE field_id IS NOT NULL`);
  return new Map(rows.map((row) => [Number(row['field_id']), row['name']]));
};

it.each([
  ['at the top', (): ReturnType<typeof field>[] => odd.map((name, index) => field(index + 1, name, { kind: 'int' }))],
  [
    'in a struct',
    () => [
      field(100, 'st', { kind: 'struct', fields: odd.map((name, index) => field(index + 1, name, { kind: 'int' })) }),
    ],
  ],
])('is kept %s', async (where, make) => {
  const values = Object.fromEntries(odd.map((name, index) => [name, index]));
  const layout = layoutOf(make(), {
    spec: { specId: 1, fields: [{ sourceId: 3, fieldId: 1000, name: 'p', transform: { kind: 'identity' } }] },
  });
  const [file] = await use.write(layout, [JSON.stringify(where === 'at the top' ? values : { st: values })]);
  const names = await namesIn(file?.localPath);
  expect(odd.map((_, index) => names.get(index + 1))).toEqual(odd);
  expect(odd.map((_, index) => Buffer.from(file?.metrics.lowerBounds.get(index + 1) ?? []).readInt32LE())).toEqual(
    odd.map((_, index) => index),
  );
  expect(file?.partition).toEqual([2]);
});

it('is told apart by case alone, in every kind of nesting, and reads the member of that case', async () => {
  const twins = (id: number, type: Type = { kind: 'int' }): Type => ({
    kind: 'struct',
    fields: [field(id, 'a', type), field(id + 1, 'A', type)],
  });
  const layout = layoutOf([
    field(1, 'n', { kind: 'long' }),
    field(2, 'N', { kind: 'decimal', precision: 38, scale: 2 }),
    field(3, 'st', twins(4, { kind: 'binary' })),
    field(6, 'li', { kind: 'list', elementId: 7, element: twins(8), elementRequired: false }),
    field(10, 'mp', {
      kind: 'map',
      keyId: 11,
      key: { kind: 'string' },
      valueId: 12,
      value: twins(13),
      valueRequired: false,
    }),
    field(15, 'pairs', {
      kind: 'map',
      keyId: 16,
      key: { kind: 'int' },
      valueId: 17,
      value: twins(18),
      valueRequired: false,
    }),
    field(20, 'f', { kind: 'double' }),
    field(21, 'F', { kind: 'string' }),
  ]);
  const lines = [
    '{"n":9007199254740993,"N":"999999999999999999999999999999999999.25","st":{"A":"AQ==","a":"Ag=="},"li":[{"a":1},null,{"A":2}],"mp":{"k":{"a":1,"A":2},"z":null},"pairs":[{"key":5,"value":{"A":3}},{"key":6}],"f":-0.0,"F":"tex\\u0074"}',
    '{"n":null,"st":null,"li":[],"mp":{},"f":"NaN"}',
  ];
  const [file] = await use.write(layout, lines);
  const names = await namesIn(file?.localPath);
  expect([1, 2, 4, 5, 8, 9, 13, 14, 18, 19].map((id) => names.get(id))).toEqual([
    'n',
    'N',
    'a',
    'A',
    'a',
    'A',
    'a',
    'A',
    'a',
    'A',
  ]);
  // DuckDB tells them apart by a suffix of its own.
  expect(await use.read(`SELECT * FROM '${file?.localPath}'`)).toEqual([
    {
      n: '9007199254740993',
      N_1: '999999999999999999999999999999999999.25',
      st: { a: '\\x02', A_1: '\\x01' },
      li: [{ a: 1, A_1: null }, null, { a: null, A_1: 2 }],
      mp: [
        { key: 'k', value: { a: 1, A_1: 2 } },
        { key: 'z', value: null },
      ],
      pairs: [
        { key: 5, value: { a: null, A_1: 3 } },
        { key: 6, value: null },
      ],
      f: -0,
      F_1: 'text',
    },
    { n: null, N_1: null, st: null, li: [], mp: [], pairs: null, f: 'NaN', F_1: null },
  ]);
  expect(file?.metrics.nanValueCounts.get(20)).toBe(1n);
});
