/**
 * The values that break writers, a list for each type: extremes, both sides of 1970, the places where bounds are cut.
 *
 * Owns the choice of values. Row n of a table has the n-th value of each list, NULL where a list has no more. The first third of the rows
 * is ordinary, the second holds the greatest values, in the last one whole columns are NULL or NaN: each third is a snapshot of its own.
 */
import type { CanonicalRow, CanonicalValue, StructType } from './harness.ts';

export const ROWS = 18;
const MAX = '\u{10FFFF}';

const timestamps = [
  '1970-01-01T00:00:00.000000',
  '1969-12-31T23:59:59.999999',
  '1969-12-31T00:00:00.000000',
  '1969-01-01T00:00:00.000000',
  '1968-12-31T23:59:59.999999',
  '1968-02-29T12:30:00.000001',
  '2024-02-29T23:59:59.999999',
  '2024-03-01T00:00:00.000000',
  null,
  '1970-01-01T00:59:59.999999',
  '1969-12-31T22:59:59.999999',
  '2038-01-19T03:14:08.000000',
  '1900-01-01T00:00:00.000001',
  '2261-12-31T23:59:59.999999',
];

const uuids = [
  '00000000-0000-0000-0000-000000000001',
  'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  '7fffffff-ffff-ffff-ffff-ffffffffffff',
  '80000000-0000-0000-0000-000000000000',
  null,
  '0190f5fe-9bb1-7e2a-8d3c-1b2c3d4e5f60',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-0000-0000-000000000000',
  '123e4567-e89b-12d3-a456-426614174000',
];

const fixed = (length: number): CanonicalValue[] => [
  '00'.repeat(length),
  `7f${'80'.repeat(length - 1)}`,
  `80${'00'.repeat(length - 1)}`,
  null,
  `${'00'.repeat(length - 1)}01`,
  '5a'.repeat(length),
  'ff'.repeat(length),
  `ff${'fe'.repeat(length - 1)}`,
];

export const VALUES: Readonly<Record<string, readonly CanonicalValue[]>> = {
  boolean: [true, false, null, false, true, null, true, true, true, true, true, true, null, null, false],
  int: [
    '-2147483648',
    '0',
    '7',
    '-1',
    null,
    '100',
    '2147483647',
    '-2147483647',
    '10',
    '-10',
    null,
    '-11',
    null,
    null,
    '9',
  ],
  long: [
    '0',
    '-1',
    '9007199254740993',
    '-9007199254740993',
    null,
    '42',
    '9223372036854775807',
    '-9223372036854775808',
    '-10',
  ],
  float: [
    '0.1',
    '-1.5',
    '-0.0',
    '0',
    '1e-45',
    null,
    '3.4028235e+38',
    '-3.4028235e+38',
    '16777216',
    null,
    'Infinity',
    '-Infinity',
    'NaN',
    'NaN',
    null,
    'NaN',
  ],
  double: [
    '0.1',
    '-0.0',
    '5e-324',
    '0',
    '-1e+300',
    null,
    '1.7976931348623157e+308',
    'Infinity',
    'NaN',
    '-Infinity',
    '1e+21',
    '123456789012345680',
    'NaN',
    'NaN',
    null,
    'NaN',
  ],
  'decimal(9,2)': ['0.00', '-9999999.99', '1.50', '-0.01', null, '-0.99', '9999999.99', '0.01', '-1.00'],
  'decimal(18,4)': [
    '0.0001',
    '-0.0001',
    '0.0000',
    null,
    '-99999999999999.9999',
    '12.3400',
    '99999999999999.9999',
    '-1.0000',
  ],
  'decimal(38,10)': [
    '0.0000000001',
    '-0.0000000001',
    '0.0000000000',
    null,
    '-1234567890123456789012345678.0123456789',
    '1.5000000000',
    '9999999999999999999999999999.9999999999',
    '-9999999999999999999999999999.9999999999',
  ],
  date: [
    '1970-01-01',
    '1969-12-31',
    '1969-01-01',
    '1968-12-31',
    '1968-02-29',
    null,
    '2024-02-29',
    '2024-03-01',
    '9999-12-31',
    '1969-12-01',
    '1969-11-30',
    '1970-01-02',
    '0001-01-01',
  ],
  time: [
    '00:00:00.000000',
    '12:34:56.000001',
    '12:34:56.000002',
    '00:00:00.000001',
    null,
    '12:34:56.000000',
    '23:59:59.999999',
    '23:59:59.000000',
  ],
  timestamp: timestamps,
  timestamptz: timestamps.map((text) => (text === null ? null : `${text}+00:00`)),
  string: [
    '',
    `${'a'.repeat(15)}😀tail`,
    `${'a'.repeat(16)}😀tail`,
    'it\'s "quoted" \\ back/slash %2F=',
    null,
    'grüße 😀',
    MAX.repeat(20),
    `${MAX.repeat(16)}a`,
    `${MAX.repeat(15)}\uD7FF more`,
    '\uFFFF is less than 😀',
    '\u{10000}',
    `${'z'.repeat(15)}${MAX}${MAX}`,
    'line\nbreak\ttab',
    '\uD7FF'.repeat(17),
    null,
    ' ',
  ],
  uuid: uuids,
  binary: [
    '',
    '00',
    '7f80',
    '80',
    null,
    '00ff',
    'ff'.repeat(20),
    `${'ff'.repeat(16)}00`,
    `${'ff'.repeat(15)}fe01`,
    'ff',
    `${'ab'.repeat(16)}cd`,
  ],
  'fixed[16]': fixed(16),
  'fixed[5]': fixed(5),
  'struct<a: struct<b: struct<c: string, d: double>, e: date>, f: int>': [
    { a: { b: { c: 'Ulm', d: '0.5' }, e: '1969-12-31' }, f: '1' },
    { a: { b: { c: null, d: 'NaN' }, e: null }, f: null },
    { a: { b: null, e: '1970-01-01' }, f: '-4' },
    { a: null, f: '2147483647' },
    null,
    { a: { b: { c: '', d: '-0.0' }, e: '2024-02-29' }, f: '0' },
    { a: { b: { c: MAX.repeat(17), d: 'Infinity' }, e: '9999-12-31' }, f: '-2147483648' },
  ],
  'list<list<list<int>>>': [
    [],
    [[]],
    [[['1', null], []], null],
    null,
    [[['2147483647']], [null, ['-1']]],
    null,
    [[['7']]],
  ],
  'list<struct<x: double, tags: list<string>>>': [
    [],
    [{ x: '0.5', tags: [] }, null],
    [{ x: null, tags: ['a', null, ''] }],
    [{ x: 'NaN', tags: null }],
  ],
  'map<string, struct<n: long, m: map<string, decimal(9,2)>>>': [
    [],
    [
      ['', { n: '1', m: [] }],
      [
        '😀',
        {
          n: null,
          m: [
            ['k', '0.01'],
            ['z', null],
          ],
        },
      ],
    ],
    [['only', null]],
  ],
  'map<int, string>': [
    [],
    [
      ['-1', 'minus'],
      ['2147483647', null],
    ],
    null,
    [['0', '']],
  ],
  'list<uuid>': [[uuids[1] ?? null, null], [], null, [uuids[3] ?? null]],
};

/** The years that 64-bit nanoseconds do not reach, in which engines may fail for reasons of their own. */
export const FAR_TIMESTAMPS: readonly (string | null)[] = [
  '0001-01-01T00:00:00.000000',
  '1582-10-10T12:00:00.000000',
  '1969-12-31T23:59:59.999999',
  '1970-01-01T00:00:00.000000',
  null,
  '1899-12-31T23:59:59.999999',
  '9999-12-31T23:59:59.999999',
];

/** Rows with ids from 1 on, by the type of each column; `own` gives a column other values than its type has. */
export function rowsFor(
  schema: StructType,
  columns: Readonly<Record<string, string>>,
  own: Readonly<Record<string, readonly CanonicalValue[]>> = {},
): CanonicalRow[] {
  return Array.from({ length: ROWS }, (_, i) =>
    Object.fromEntries(
      schema.fields.map(({ name }) => {
        const values = own[name] ?? VALUES[columns[name] ?? ''] ?? [];
        return [name, name === 'id' ? String(i + 1) : (values[i] ?? null)];
      }),
    ),
  );
}
