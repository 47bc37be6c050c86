/** Structs, lists and maps, to any depth, with every primitive type that needs a remedy inside them. */
import { expect, it } from 'vitest';
import type { Type } from '../../../../src/record/types.ts';
import { field, layoutOf, useEngine } from './engine-in-test.ts';

const use = useEngine();

const list = (elementId: number, element: Type): Type => ({ kind: 'list', elementId, element, elementRequired: false });
const map = (keyId: number, key: Type, valueId: number, value: Type): Type => ({
  kind: 'map',
  keyId,
  key,
  valueId,
  value,
  valueRequired: false,
});

const fields = [
  field(1, 'st', {
    kind: 'struct',
    fields: [
      field(2, 'x', { kind: 'double' }),
      field(3, 'b', { kind: 'binary' }),
      field(4, 'deep', { kind: 'struct', fields: [field(5, 'f', { kind: 'fixed', length: 3 })] }),
    ],
  }),
  field(6, 'li', list(7, { kind: 'fixed', length: 16 })),
  field(8, 'mp', map(9, { kind: 'string' }, 10, list(11, { kind: 'binary' }))),
  field(
    12,
    'pairs',
    map(13, { kind: 'date' }, 14, {
      kind: 'struct',
      fields: [field(15, 'u', { kind: 'uuid' }), field(16, 'f', { kind: 'fixed', length: 2 })],
    }),
  ),
  field(17, 'lili', list(18, list(19, { kind: 'decimal', precision: 20, scale: 2 }))),
];

const full = {
  st: { x: 1.5, b: 'AAEC', deep: { f: 'AQID' } },
  li: ['AAECAwQFBgcICQoLDA0ODw==', null],
  mp: { a: ['AA==', null], '': [] },
  pairs: [
    { key: '1969-12-31', value: { u: 'F79C3E09-677C-4BBD-A479-3F349CB785E7', f: 'BAU=' } },
    { key: '2020-01-01', value: null },
  ],
  lili: [['1.25', '-0.01'], [], null],
};

it('come back with nulls and empties told apart', async () => {
  const rows = [
    full,
    {},
    { st: {}, li: [], mp: {}, pairs: [], lili: [] },
    { st: { deep: {} }, li: null, pairs: [{ key: '2020-01-01' }] },
  ];
  const [file] = await use.write(
    layoutOf(fields),
    rows.map((row) => JSON.stringify(row)),
  );
  const read = await use.read(`SELECT * FROM '${file?.localPath}'`);
  const [bytes16, uuid] = [
    '\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0A\\x0B\\x0C\\x0D\\x0E\\x0F',
    'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  ];
  expect(read).toEqual([
    {
      st: { x: 1.5, b: '\\x00\\x01\\x02', deep: { f: '\\x01\\x02\\x03' } },
      li: [bytes16, null],
      mp: [
        { key: 'a', value: ['\\x00', null] },
        { key: '', value: [] },
      ],
      pairs: [
        { key: '1969-12-31', value: { u: uuid, f: '\\x04\\x05' } },
        { key: '2020-01-01', value: null },
      ],
      lili: [['1.25', '-0.01'], [], null],
    },
    { st: null, li: null, mp: null, pairs: null, lili: null },
    { st: { x: null, b: null, deep: null }, li: [], mp: [], pairs: [], lili: [] },
    {
      st: { x: null, b: null, deep: { f: null } },
      li: null,
      mp: null,
      pairs: [{ key: '2020-01-01', value: null }],
      lili: null,
    },
  ]);
});

it('carry a field id at every level, the standard names, and no statistics of uuid inside', async () => {
  const [file] = await use.write(layoutOf(fields), [JSON.stringify(full)]);
  const schema = await use.read(
    `SELECT name, field_id, type, type_length, logical_type FROM parquet_schema('${file?.localPath}')`,
  );
  const byId = new Map(schema.map((element) => [Number(element['field_id']), element]));
  expect([...byId.keys()].filter((id) => id > 0).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 19 }, (_, n) => n + 1),
  );
  expect([7, 9, 10, 13, 14, 18].map((id) => byId.get(id)?.['name'])).toEqual([
    'element',
    'key',
    'value',
    'key',
    'value',
    'element',
  ]);
  for (const [id, length] of [
    [5, '3'],
    [7, '16'],
    [16, '2'],
  ] as const)
    expect(byId.get(id)).toMatchObject({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: length, logical_type: null });
  const metadata = await use.read(`SELECT path_in_schema, stats_min_value FROM parquet_metadata('${file?.localPath}')`);
  expect(
    metadata.find((column) => JSON.stringify(column['path_in_schema']).endsWith('u"'))?.['stats_min_value'],
  ).toBeNull();
});

it('have metrics in structs and none under lists and maps', async () => {
  const [file] = await use.write(layoutOf(fields), [JSON.stringify(full), '{}', '{"st":{"x":"NaN"}}']);
  const { metrics } = file ?? {};
  for (const counts of [metrics?.columnSizes, metrics?.valueCounts])
    expect([...(counts?.keys() ?? [])]).toEqual([2, 3, 5]);
  expect([...(metrics?.nullValueCounts ?? [])]).toEqual([
    [2, 1n],
    [3, 2n],
    [5, 2n],
  ]);
  expect([...(metrics?.nanValueCounts ?? [])]).toEqual([[2, 1n]]);
  expect(Buffer.from(metrics?.lowerBounds.get(2) ?? []).readDoubleLE()).toBe(1.5);
  expect([...(metrics?.upperBounds.get(5) ?? [])]).toEqual([1, 2, 3]);
});

it('may be the source of partitions and of an order from inside a struct', async () => {
  const layout = layoutOf(fields, {
    spec: { specId: 1, fields: [{ sourceId: 2, fieldId: 1000, name: 'p', transform: { kind: 'identity' } }] },
    sortOrder: {
      orderId: 1,
      fields: [{ sourceId: 3, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
    },
  });
  const files = await use.write(layout, ['{"st":{"x":1}}', '{"st":{"x":2}}', '{"st":{"x":1}}', '{}']);
  expect(files.map((file) => [file.partition[0], file.recordCount])).toEqual(
    expect.arrayContaining([
      [1, 2n],
      [2, 1n],
      [null, 1n],
    ]),
  );
});
