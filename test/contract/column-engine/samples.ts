/** For every primitive type: values at its edges, with their canonical JSON. The reading side never sees the JSON. */
import { dateText, timeText } from '../../../src/record/civil.ts';
import { decimalText } from '../../../src/record/partition-text.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const FIRST_MICROS = -62_135_596_800_000_000n;
const LAST_MICROS = 253_402_300_799_999_999n;
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

export const primitiveTypes: readonly PrimitiveType[] = [
  { kind: 'boolean' },
  { kind: 'int' },
  { kind: 'long' },
  { kind: 'float' },
  { kind: 'double' },
  { kind: 'decimal', precision: 4, scale: 1 },
  { kind: 'decimal', precision: 9, scale: 2 },
  { kind: 'decimal', precision: 18, scale: 0 },
  { kind: 'decimal', precision: 19, scale: 19 },
  { kind: 'decimal', precision: 38, scale: 10 },
  { kind: 'date' },
  { kind: 'time' },
  { kind: 'timestamp' },
  { kind: 'timestamptz' },
  { kind: 'string' },
  { kind: 'uuid' },
  { kind: 'fixed', length: 1 },
  { kind: 'fixed', length: 5 },
  { kind: 'fixed', length: 16 },
  { kind: 'fixed', length: 300 },
  { kind: 'binary' },
];

export function samples(type: PrimitiveType): readonly PrimitiveValue[] {
  switch (type.kind) {
    case 'boolean':
      return [true, false];
    case 'int':
      return [0, 1, -1, 34, 2 ** 31 - 1, -(2 ** 31)];
    case 'long':
      return [0n, -1n, 9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n)];
    case 'float':
      return [
        0,
        -0,
        1.5,
        -1.5,
        Math.fround(0.1),
        Math.fround(3.4028234e38),
        Math.fround(1.4e-45),
        NaN,
        Infinity,
        -Infinity,
      ];
    case 'double':
      return [0, -0, 1.5, 0.1, -1e300, Number.MIN_VALUE, Number.MAX_VALUE, NaN, Infinity, -Infinity];
    case 'decimal': {
      const most = 10n ** BigInt(type.precision) - 1n;
      return [0n, 1n, -1n, 127n, 128n, -128n, -129n, most, -most];
    }
    case 'date':
      return [0, -1, 1, 17_486, FIRST_DAY, LAST_DAY];
    case 'time':
      return [0n, 1n, 81_068_000_000n, 86_399_999_999n];
    case 'timestamp':
    case 'timestamptz':
      return [0n, -1n, 1n, 1_510_871_468_000_001n, FIRST_MICROS, LAST_MICROS];
    case 'string':
      return [
        '',
        'a',
        'iceberg',
        'NULL',
        '__HIVE_DEFAULT_PARTITION__',
        'a=b/c %41',
        'zażółć gęślą jaźń',
        '😀'.repeat(17),
        `${'x'.repeat(15)}\u{D7FF}y`,
        '\u{10FFFF}'.repeat(20),
        'nul\u0000inside',
        '"quoted" \\ and\nnew line',
        'é'.repeat(300),
      ];
    case 'uuid':
      return [
        'f79c3e09677c4bbda4793f349cb785e7',
        '0'.repeat(32),
        'f'.repeat(32),
        `7${'f'.repeat(31)}`,
        `8${'0'.repeat(31)}`,
      ].map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
    case 'fixed':
      return [0, 1, 127, 128, 255].map((byte) => new Uint8Array(type.length).fill(byte));
    case 'binary':
      return [
        bytes(),
        bytes(0),
        bytes(0, 1, 2, 3),
        new Uint8Array(20).fill(255),
        new Uint8Array(300).fill(7),
        bytes(255, 0),
      ];
  }
}

/** The canonical spelling (`src/columnar/check/canonical.ts`), to be put into a line as it is. */
export function canonicalJson(type: PrimitiveType, value: PrimitiveValue): string {
  switch (type.kind) {
    case 'float':
    case 'double':
      if (Object.is(value, -0)) return '-0.0';
      return Number.isFinite(value) ? String(value) : `"${String(value)}"`;
    case 'decimal':
      return `"${decimalText(value as bigint, type.scale)}"`;
    case 'date':
      return `"${dateText(value as number)}"`;
    case 'time':
      return `"${timeText(value as bigint)}"`;
    case 'timestamp':
    case 'timestamptz': {
      const micros = value as bigint;
      const ofDay = ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
      const day = Number((micros - ofDay) / 86_400_000_000n);
      return `"${dateText(day)}T${timeText(ofDay)}${type.kind === 'timestamptz' ? 'Z' : ''}"`;
    }
    case 'string':
      return JSON.stringify(value);
    case 'uuid':
      return `"${Buffer.from(value as Uint8Array)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}"`;
    case 'fixed':
    case 'binary':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    default:
      return String(value);
  }
}

/** One text a value, equal only for equal values: the zeros differ, NaN is itself. */
export function printed(value: PrimitiveValue | null): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value);
}
