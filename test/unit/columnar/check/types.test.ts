/** Every sentence of docs/types.md about values: what is taken, as what it is stored (asked of DuckDB), and how the rest is refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalText } from '../../../../src/columnar/check/canonical-text.ts';
import { compileChecker } from '../../../../src/columnar/check/compile-checker.ts';
import type { RefusalCode } from '../../../../src/contracts/record-checker.ts';
import type { Field, Schema, Type } from '../../../../src/record/types.ts';
import { duckdbRows } from './duckdb-rows.ts';

const STRICT = { ignoreUnknownFields: false };

let directory = '';
let duckdb: DuckDBConnection;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-types-'));
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});

afterAll(async () => {
  duckdb.closeSync();
  await rm(directory, { recursive: true });
});

/** What becomes of a JSON text sent for a column: the value DuckDB stores, as canonical text, or the refusal's code. */
async function outcome(type: Type, json: string): Promise<string> {
  const schema: Schema = { schemaId: 0, fields: [{ id: 1000, name: 'v', type, required: false }] };
  const checker = compileChecker(schema);
  const checked = checker.check(Buffer.from(`{"v":${json}}`), 'ndjson', STRICT);
  if (checked.kind === 'refused') return checked.refusals[0]?.code ?? 'no refusal';
  const canonical = checker.canonical(checked.lines, STRICT);
  expect(checked.canonical, 'the flag says whether a rewrite follows').toBe(canonical.lines === checked.lines);
  const [row] = await duckdbRows(duckdb, schema, canonical.lines, join(directory, 'lines.json'));
  return canonicalText(type, row?.[0] ?? null);
}

/** `stored`: JSON text sent → canonical text of what is stored. `refused`: JSON text → code. */
interface Expected {
  readonly stored: Readonly<Record<string, string>>;
  readonly refused: Readonly<Record<string, RefusalCode>>;
}

function takes(name: string, type: Type, { stored, refused }: Expected): void {
  describe(name, () => {
    it.each(Object.entries(stored))('stores %s as %s', async (json, text) => {
      expect(await outcome(type, json)).toBe(text);
    });
    it.each(Object.entries(refused))('refuses %s: %s', async (json, code) => {
      expect(await outcome(type, json)).toBe(code);
    });
  });
}

const decimal = (precision: number, scale: number): Type => ({ kind: 'decimal', precision, scale });
const mapOf = (key: Type, valueRequired = false): Type => ({
  kind: 'map',
  keyId: 1,
  key,
  valueId: 2,
  value: { kind: 'int' },
  valueRequired,
});
const field = (id: number, name: string, type: Type, required: boolean): Field => ({ id, name, type, required });

takes(
  'boolean',
  { kind: 'boolean' },
  {
    stored: { true: 'true', false: 'false', null: 'null' },
    refused: {
      '1': 'type_mismatch',
      '0': 'type_mismatch',
      '"true"': 'type_mismatch',
      True: 'invalid_json',
      tru: 'invalid_json',
    },
  },
);

takes(
  'int',
  { kind: 'int' },
  {
    stored: { '2147483647': '2147483647', '-2147483648': '-2147483648', '-0': '0' },
    refused: {
      '2147483648': 'out_of_range',
      '-2147483649': 'out_of_range',
      '1.0': 'type_mismatch',
      '1.5': 'type_mismatch',
      '1e3': 'type_mismatch',
      '"12"': 'type_mismatch',
      true: 'type_mismatch',
      '01': 'invalid_json',
      '+1': 'invalid_json',
      '-': 'invalid_json',
    },
  },
);

takes(
  'long',
  { kind: 'long' },
  {
    stored: { '9223372036854775807': '9223372036854775807', '-9223372036854775808': '-9223372036854775808' },
    refused: {
      '9223372036854775808': 'out_of_range',
      '-9223372036854775809': 'out_of_range',
      [`1${'0'.repeat(1000)}`]: 'too_long',
    },
  },
);

takes(
  'double',
  { kind: 'double' },
  {
    stored: {
      '0.1': '0.1',
      '1.5e3': '1500',
      '9007199254740993': '9007199254740992',
      '123456789012345678901234567890': '1.2345678901234568e+29',
      '1.7976931348623157e308': '1.7976931348623157e+308',
      '1e-400': '0',
      '-1e-400': '-0.0',
      '-0': '-0.0',
      '-0.0': '-0.0',
      '"NaN"': '"NaN"',
      '"Infinity"': '"Infinity"',
      '"-Infinity"': '"-Infinity"',
    },
    refused: {
      '1e309': 'out_of_range',
      '-1e309': 'out_of_range',
      '"1.5"': 'type_mismatch',
      '"nan"': 'type_mismatch',
      NaN: 'invalid_json',
      Infinity: 'invalid_json',
      '.5': 'invalid_json',
      '5.': 'invalid_json',
      [`0.${'0'.repeat(1000)}1`]: 'too_long',
    },
  },
);

takes(
  'float',
  { kind: 'float' },
  {
    stored: {
      '0.1': String(Math.fround(0.1)),
      '16777217': '16777216',
      '3.4028235e38': '3.4028234663852886e+38',
      // Just below halfway to infinity: as a double it is exactly halfway.
      '3.40282356779733661637539395458142568447e38': '3.4028234663852886e+38',
      // Each as a double lies halfway between two floats; the digits lie below, or above.
      '0.0000000090003822172946': '9.00038177320539e-9',
      '0.0000000084705713554456': '8.47057179953481e-9',
      '1.00000017881393432617187499': '1.0000001192092896',
      '1.00000017881393432617187501': '1.000000238418579',
      '-0': '-0.0',
      '1e-50': '0',
      '"NaN"': '"NaN"',
    },
    refused: {
      '3.40282356779733661637539395458142568448e38': 'out_of_range',
      '1e39': 'out_of_range',
      '"0.1"': 'type_mismatch',
    },
  },
);

takes('decimal(9,2)', decimal(9, 2), {
  stored: {
    '1.23': '"1.23"',
    '"1.23"': '"1.23"',
    '-0.5': '"-0.50"',
    '0.29': '"0.29"',
    '7': '"7.00"',
    '"1.2300000"': '"1.23"',
    '1.5e3': '"1500.00"',
    '"15e-1"': '"1.50"',
    '0.001e2': '"0.10"',
    '"0e99999"': '"0.00"',
    '-0': '"0.00"',
    '"\\u0031.5"': '"1.50"',
    '9999999.99': '"9999999.99"',
  },
  refused: {
    '1.005': 'too_precise',
    '"1.005"': 'too_precise',
    '1e-3': 'too_precise',
    '10000000': 'out_of_range',
    '1e7': 'out_of_range',
    '"1e99999"': 'out_of_range',
    '"+1"': 'invalid_format',
    '"01"': 'invalid_format',
    '".5"': 'invalid_format',
    '" 1"': 'invalid_format',
    '"1,5"': 'invalid_format',
    '""': 'invalid_format',
    true: 'type_mismatch',
  },
});

takes('decimal(2,2)', decimal(2, 2), {
  stored: { '0.001e1': '"0.01"', '-0.99': '"-0.99"', '0.5': '"0.50"' },
  refused: { '1': 'out_of_range', '0.1e1': 'out_of_range' },
});

takes('decimal(38,18)', decimal(38, 18), {
  stored: {
    '123456789012345.5': '"123456789012345.500000000000000000"',
    '12345678901234567890.123456789012345678': '"12345678901234567890.123456789012345678"',
    '"-12345678901234567890.123456789012345678"': '"-12345678901234567890.123456789012345678"',
    '18446744073709551616': '"18446744073709551616.000000000000000000"',
  },
  refused: { '100000000000000000000': 'out_of_range', '0.1234567890123456789': 'too_precise' },
});

takes(
  'date',
  { kind: 'date' },
  {
    stored: {
      '"2026-01-02"': '"2026-01-02"',
      '"0001-01-01"': '"0001-01-01"',
      '"9999-12-31"': '"9999-12-31"',
      '"2000-02-29"': '"2000-02-29"',
      '"1582-10-10"': '"1582-10-10"',
      '"2026\\u002d01-02"': '"2026-01-02"',
    },
    refused: {
      '"0000-01-01"': 'out_of_range',
      '"1900-02-29"': 'out_of_range',
      '"2024-02-30"': 'out_of_range',
      '"2026-04-31"': 'out_of_range',
      '"2026-13-01"': 'out_of_range',
      '"2026-1-2"': 'invalid_format',
      '"2026-01-02T00:00:00"': 'invalid_format',
      '" 2026-01-02"': 'invalid_format',
      '20455': 'type_mismatch',
    },
  },
);

takes(
  'time',
  { kind: 'time' },
  {
    stored: {
      '"10:11"': '"10:11:00.000000"',
      '"10:11:12"': '"10:11:12.000000"',
      '"10:11:12.1"': '"10:11:12.100000"',
      '"23:59:59.999999"': '"23:59:59.999999"',
      '"10:11:12.123456000"': '"10:11:12.123456"',
    },
    refused: {
      '"24:00"': 'out_of_range',
      '"10:60"': 'out_of_range',
      '"10:11:60"': 'out_of_range',
      '"10:11:12.1234567"': 'too_precise',
      '"10:11:12."': 'invalid_format',
      '"1:11"': 'invalid_format',
      '"10:11Z"': 'invalid_format',
      '3600': 'type_mismatch',
    },
  },
);

takes(
  'timestamp',
  { kind: 'timestamp' },
  {
    stored: {
      '"2026-01-02T03:04:05.123456"': '"2026-01-02T03:04:05.123456"',
      '"2026-01-02 03:04:05"': '"2026-01-02T03:04:05.000000"',
      '"2026-01-02T03:04"': '"2026-01-02T03:04:00.000000"',
      '"0001-01-01T00:00:00"': '"0001-01-01T00:00:00.000000"',
    },
    refused: {
      '"2026-01-02T03:04:05Z"': 'invalid_format',
      '"2026-01-02T03:04:05+00:00"': 'invalid_format',
      '"2026-01-02"': 'invalid_format',
      '"2026-01-02t03:04:05"': 'invalid_format',
      '"2026-02-30T03:04:05"': 'out_of_range',
      '"2026-01-02T03:04:05.0000001"': 'too_precise',
      '1767323045': 'type_mismatch',
    },
  },
);

takes(
  'timestamptz',
  { kind: 'timestamptz' },
  {
    stored: {
      '"2026-01-02T03:04:05.123456Z"': '"2026-01-02T03:04:05.123456Z"',
      '"2026-01-02T03:04:05+02:00"': '"2026-01-02T01:04:05.000000Z"',
      '"2026-01-02T03:04Z"': '"2026-01-02T03:04:00.000000Z"',
      '"2026-01-02 03:04-05:30"': '"2026-01-02T08:34:00.000000Z"',
      '"2026-01-02T03:04:05+23:59"': '"2026-01-01T03:05:05.000000Z"',
      '"2026-01-02T03:04:05.123456000Z"': '"2026-01-02T03:04:05.123456Z"',
      '"9999-12-31T23:59:59.999999Z"': '"9999-12-31T23:59:59.999999Z"',
      '"0001-01-01T02:00:00+02:00"': '"0001-01-01T00:00:00.000000Z"',
    },
    refused: {
      '"2026-01-02T03:04:05"': 'invalid_format',
      '"2026-01-02T03:04:05+0200"': 'invalid_format',
      '"2026-01-02T03:04:05+02"': 'invalid_format',
      '"2026-01-02T03:04:05 UTC"': 'invalid_format',
      '"2026-01-02t03:04:05Z"': 'invalid_format',
      '"2026-01-02T03:04:05z"': 'invalid_format',
      '"2026-01-02T03:04:05+24:00"': 'out_of_range',
      '"2016-12-31T23:59:60Z"': 'out_of_range',
      '"0001-01-01T01:59:59+02:00"': 'out_of_range',
      '"9999-12-31T23:59:59-00:01"': 'out_of_range',
      '"2026-01-02T03:04:05.1234567Z"': 'too_precise',
    },
  },
);

takes(
  'string',
  { kind: 'string' },
  {
    stored: {
      '""': '""',
      '" a "': '" a "',
      '"é日😀"': '"é日😀"',
      '"\\ud83d\\ude00\\/"': '"😀/"',
      '"a\\u0000b"': '"a\\u0000b"',
      '"2026-01-02"': '"2026-01-02"',
      '"e\u0301"': '"e\u0301"',
    },
    refused: {
      '12': 'type_mismatch',
      '{}': 'type_mismatch',
      '"\\ud800"': 'invalid_json',
      '"\\udc00\\ud800"': 'invalid_json',
      '"\\ud83d\\u0041"': 'invalid_json',
      '"\\x41"': 'invalid_json',
      '"\t"': 'invalid_json',
      "'a'": 'invalid_json',
      '"\ufeff" \ufeff': 'invalid_json',
    },
  },
);

const UUID = '8e03978e-40d5-43e8-bc93-6894a57f9324';

takes(
  'uuid',
  { kind: 'uuid' },
  {
    stored: { [`"${UUID}"`]: `"${UUID}"`, [`"${UUID.toUpperCase()}"`]: `"${UUID}"` },
    refused: {
      [`"{${UUID}}"`]: 'invalid_format',
      [`"urn:uuid:${UUID}"`]: 'invalid_format',
      [`"${UUID.replaceAll('-', '')}"`]: 'invalid_format',
      // Its two bytes would be hex digits but for their high bits.
      [`"±${UUID.slice(2)}"`]: 'invalid_format',
      [`"${UUID.slice(0, -1)}g"`]: 'invalid_format',
      '1': 'type_mismatch',
    },
  },
);

takes(
  'binary',
  { kind: 'binary' },
  {
    stored: {
      '""': '""',
      '"AA=="': '"AA=="',
      '"+/+/"': '"+/+/"',
      '"AAAA\\/w=="': '"AAAA/w=="',
      '"AAECAwQ="': '"AAECAwQ="',
    },
    refused: {
      '"AA"': 'invalid_format',
      '"AB=="': 'invalid_format',
      '"AAB="': 'invalid_format',
      '"-_-_"': 'invalid_format',
      '"A A="': 'invalid_format',
      '"AAAA\\n"': 'invalid_format',
      '"A"': 'invalid_format',
      '"===="': 'invalid_format',
      '[1,2]': 'type_mismatch',
    },
  },
);

takes(
  'fixed[3]',
  { kind: 'fixed', length: 3 },
  {
    stored: { '"AAEC"': '"AAEC"' },
    refused: { '"AAE="': 'out_of_range', '"AAECAw=="': 'out_of_range', '""': 'out_of_range' },
  },
);

takes(
  'fixed[16]',
  { kind: 'fixed', length: 16 },
  {
    stored: { '"AAECAwQFBgcICQoLDA0ODw=="': '"AAECAwQFBgcICQoLDA0ODw=="' },
    refused: {},
  },
);

takes(
  'list',
  { kind: 'list', elementId: 1, element: { kind: 'long' }, elementRequired: false },
  {
    stored: { '[]': '[]', '[1,null, 3 ]': '[1,null,3]', null: 'null' },
    refused: { '{}': 'type_mismatch', '[1,]': 'invalid_json', '[1.5]': 'type_mismatch', '1': 'type_mismatch' },
  },
);

takes(
  'list of required elements',
  { kind: 'list', elementId: 1, element: { kind: 'long' }, elementRequired: true },
  {
    stored: { '[1]': '[1]' },
    refused: { '[null]': 'null_not_allowed' },
  },
);

takes(
  'struct',
  { kind: 'struct', fields: [field(1, 'x', { kind: 'int' }, false), field(2, 'y', { kind: 'int' }, true)] },
  {
    stored: { '{"y":1}': '{"x":null,"y":1}', '{"y":1, "x":2}': '{"x":2,"y":1}', null: 'null' },
    refused: {
      '{"x":1}': 'missing_field',
      '{"x":1,"y":null}': 'null_not_allowed',
      '{"y":1,"z":1}': 'unknown_field',
      '{"y":1,"Y":1}': 'unknown_field',
      '{"y":1,"y":1}': 'duplicate_key',
      '[]': 'type_mismatch',
    },
  },
);

takes('map with string keys', mapOf({ kind: 'string' }), {
  stored: { '{}': '{}', '{"a":1,"A":null,"":3}': '{"a":1,"A":null,"":3}', null: 'null' },
  refused: {
    '{"a":1,"a":2}': 'duplicate_key',
    '{"a":1,"\\u0061":2}': 'duplicate_key',
    '[]': 'type_mismatch',
    '{"a":"1"}': 'type_mismatch',
  },
});

takes('map with string keys and required values', mapOf({ kind: 'string' }, true), {
  stored: { '{"a":1}': '{"a":1}' },
  refused: { '{"a":null}': 'null_not_allowed' },
});

takes('map with long keys', mapOf({ kind: 'long' }), {
  stored: {
    '[]': '[]',
    '[{"key":1,"value":2}]': '[{"key":1,"value":2}]',
    '[ {"value":2,"key":1},{"key":2} ]': '[{"key":1,"value":2},{"key":2,"value":null}]',
  },
  refused: {
    '{"1":2}': 'type_mismatch',
    '[[1,2]]': 'type_mismatch',
    '[{"value":2}]': 'missing_field',
    '[{"key":null,"value":2}]': 'null_not_allowed',
    '[{"key":0,"value":1},{"key":-0,"value":2}]': 'duplicate_key',
  },
});

const pairOf = (a: string, b: string): string => `[{"key":${a}},{"key":${b}}]`;

takes('map with decimal keys', mapOf(decimal(9, 2)), {
  stored: {},
  refused: { [pairOf('1.0', '"1.00"')]: 'duplicate_key' },
});

takes('map with uuid keys', mapOf({ kind: 'uuid' }), {
  stored: {},
  refused: { [pairOf(`"${UUID}"`, `"${UUID.toUpperCase()}"`)]: 'duplicate_key' },
});

takes('map with timestamptz keys', mapOf({ kind: 'timestamptz' }), {
  stored: {},
  refused: { [pairOf('"2026-01-02T03:04:05Z"', '"2026-01-02T05:04:05+02:00"')]: 'duplicate_key' },
});

takes('map with double keys', mapOf({ kind: 'double' }), {
  stored: { [pairOf('-0.0', '-0.05')]: '[{"key":-0.0,"value":null},{"key":-0.05,"value":null}]' },
  refused: { [pairOf('0.0', '-0.0')]: 'duplicate_key', [pairOf('"NaN"', '"NaN"')]: 'duplicate_key' },
});
