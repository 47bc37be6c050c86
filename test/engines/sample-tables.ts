/** Tables that PyIceberg makes for the self-test: many types, edge values, NULLs, nested values. Not a fixture for our own writer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CatalogFile } from './catalogs.ts';
import type { CanonicalRow, CanonicalValue, IcebergField, IcebergType, StructType } from './harness.ts';

export interface Scratch {
  readonly catalog: CatalogFile;
  remove(): Promise<void>;
}

/** A new folder with a place for a catalog file and a warehouse. */
export async function scratchCatalog(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-engines-'));
  return {
    catalog: { file: join(folder, 'catalog.db'), name: 'judged', warehouse: `file://${folder}/warehouse` },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Fields numbered in order, nested ones after; the first is the required key `id`. */
export function schemaOf(columns: Readonly<Record<string, IcebergType>>): StructType {
  let id = 1;
  const fields: IcebergField[] = [{ id, name: 'id', type: 'long', required: true }];
  for (const [name, type] of Object.entries(columns)) {
    fields.push({ id: ++id, name, type, required: false });
  }
  return { type: 'struct', fields };
}

/** Rows with ids from 1 on: row n has the n-th value of every column, NULL where a column has no more. */
export function rowsOf(
  schema: StructType,
  values: Readonly<Record<string, readonly CanonicalValue[]>>,
): CanonicalRow[] {
  const count = Math.max(...Object.values(values).map((column) => column.length));
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      schema.fields.map((field) => [
        field.name,
        field.name === 'id' ? String(i + 1) : (values[field.name]?.[i] ?? null),
      ]),
    ),
  );
}

const nested = {
  place: {
    type: 'struct',
    fields: [
      { id: 101, name: 'city', type: 'string', required: false },
      { id: 102, name: 'height', type: 'int', required: false },
    ],
  },
  tags: { type: 'list', 'element-id': 111, element: 'string', 'element-required': false },
  counts: { type: 'map', 'key-id': 121, key: 'string', 'value-id': 122, value: 'long', 'value-required': false },
  points: {
    type: 'list',
    'element-id': 131,
    'element-required': false,
    element: { type: 'struct', fields: [{ id: 132, name: 'x', type: 'double', required: false }] },
  },
} as const satisfies Record<string, IcebergType>;

/** Every type that all engines can open: all but time. */
export const manyTypes = schemaOf({
  flag: 'boolean',
  small: 'int',
  big: 'long',
  single: 'float',
  real: 'double',
  price: 'decimal(9,2)',
  exact: 'decimal(18,4)',
  wide: 'decimal(38,10)',
  day: 'date',
  local: 'timestamp',
  instant: 'timestamptz',
  text: 'string',
  ident: 'uuid',
  bytes: 'binary',
  four: 'fixed[4]',
  ...nested,
});

export const manyTypesRows = rowsOf(manyTypes, {
  flag: [true, false, null, true],
  small: ['-2147483648', '0', '2147483647', null, '7'],
  big: ['-9223372036854775808', '9223372036854775807', '0', null, '9007199254740993'],
  single: ['0.1', '-1.5', 'NaN', '3.4028235e+38', '1e-45', '-Infinity', '16777216'],
  real: ['0.1', '-0.0', 'NaN', '1e+300', '5e-324', 'Infinity', '1e+21', '123456789012345680'],
  price: ['0.00', '-9999999.99', '9999999.99', '1.50'],
  exact: ['0.0001', '-99999999999999.9999', '99999999999999.9999', null],
  wide: ['0.0000000001', '-1234567890123456789012345678.0123456789', '9999999999999999999999999999.9999999999'],
  day: ['1970-01-01', '1969-12-31', '0001-01-01', '2024-02-29', '9999-12-31'],
  local: [
    '1970-01-01T00:00:00.000000',
    '1969-12-31T23:59:59.999999',
    '2024-02-29T12:00:00.123456',
    '1900-01-01T00:00:00.000001',
  ],
  instant: [
    '1970-01-01T00:00:00.000000+00:00',
    '1969-12-31T23:59:59.999999+00:00',
    '2024-02-29T12:00:00.123456+00:00',
    '2261-01-01T00:00:00.000001+00:00',
  ],
  text: ['', 'it\'s "quoted" \\ back', 'grüße 😀', '\uFFFD high', 'zz', `${'long '.repeat(20)}end`, 'line\nbreak\ttab'],
  ident: [
    '00000000-0000-0000-0000-000000000001',
    'f79c3e09-677c-4bbd-a479-3f349cb785e7',
    '7fffffff-ffff-ffff-ffff-ffffffffffff',
    '80000000-0000-0000-0000-000000000000',
  ],
  bytes: ['', '00ff', 'ff', '7f80'],
  four: ['00000000', 'ffffffff', '7f800001'],
  place: [{ city: 'Ulm', height: '478' }, { city: null, height: '-4' }, { city: 'Zürich', height: null }, null],
  tags: [[], ['a', null, 'ä'], ['']],
  counts: [
    [],
    [
      ['a', '1'],
      ['b', null],
    ],
    [['', '-1']],
  ],
  points: [[], [{ x: '0.5' }, { x: null }], null],
});

export const timeOfDay = schemaOf({ clock: 'time' });
export const timeOfDayRows = rowsOf(timeOfDay, {
  clock: ['00:00:00.000000', '23:59:59.999999', '12:34:56.000001', null, '12:34:56.000002'],
});

export const oldDays = schemaOf({ local: 'timestamp', instant: 'timestamptz' });
export const oldDaysRows = rowsOf(oldDays, {
  local: [
    '1969-12-31T23:59:59.999999',
    '1969-12-31T00:00:00.000000',
    '1960-02-29T12:00:00.000000',
    '1970-01-01T00:00:00.000000',
    '2024-02-29T12:00:00.123456',
    null,
  ],
  instant: [
    '1969-12-30T01:00:00.000000+00:00',
    '1969-12-31T23:00:00.500000+00:00',
    '1950-01-01T00:00:00.000001+00:00',
    '1970-01-01T10:00:00.000000+00:00',
    null,
    '2024-01-01T00:00:00.000000+00:00',
  ],
});
