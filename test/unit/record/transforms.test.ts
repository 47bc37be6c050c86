import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur3 } from '../../../src/record/murmur3.ts';
import type { Transform } from '../../../src/record/partition-spec.ts';
import { twosComplement } from '../../../src/record/single-value.ts';
import { applyTransform, bytesHashed, isApplicable, resultType } from '../../../src/record/transforms.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';

const micros = (iso: string): bigint => BigInt(Date.parse(`${iso}Z`)) * 1000n;
const days = (iso: string): number => Date.parse(`${iso}T00:00:00Z`) / 86_400_000;
const decimal = (precision: number, scale: number): PrimitiveType => ({ kind: 'decimal', precision, scale });
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('bucket hashes (checklist 3.5–3.7)', () => {
  const published: readonly (readonly [string, PrimitiveType, PrimitiveValue, number])[] = [
    ['int 34', { kind: 'int' }, 34, 2017239379],
    ['long 34', { kind: 'long' }, 34n, 2017239379],
    ['decimal 14.20', decimal(9, 2), 1420n, -500754589],
    ['date 2017-11-16', { kind: 'date' }, days('2017-11-16'), -653330422],
    ['time 22:31:08', { kind: 'time' }, 81_068_000_000n, -662762989],
    ['timestamp', { kind: 'timestamp' }, micros('2017-11-16T22:31:08'), -2047944441],
    ['timestamp with micros', { kind: 'timestamp' }, micros('2017-11-16T22:31:08') + 1n, -1207196810],
    ['timestamptz', { kind: 'timestamptz' }, micros('2017-11-16T22:31:08'), -2047944441],
    ['string', { kind: 'string' }, 'iceberg', 1210000089],
    ['uuid', { kind: 'uuid' }, bytes('f79c3e09677c4bbda4793f349cb785e7'), 1488055340],
    ['binary', { kind: 'binary' }, bytes('00010203'), -188683207],
    ['fixed', { kind: 'fixed', length: 4 }, bytes('00010203'), -188683207],
    ['long 0', { kind: 'long' }, 0n, 1669671676],
    ['long -1', { kind: 'long' }, -1n, 1651860712],
    ['long -34', { kind: 'long' }, -34n, -2117612851],
    ['long above 2^53', { kind: 'long' }, 9_007_199_254_740_993n, -1973637882],
    ['decimal 127', decimal(9, 0), 127n, 1435096473],
    ['decimal 128', decimal(9, 0), 128n, 1544076949],
    ['decimal -128', decimal(9, 0), -128n, 267099677],
    ['decimal -129', decimal(9, 0), -129n, -435537839],
    ['decimal 0', decimal(9, 0), 0n, 1364076727],
    ['decimal -14.20', decimal(9, 2), -1420n, 667775751],
  ];
  it.each(published)('%s', (_name, type, value, hash) => {
    expect(murmur3(bytesHashed(type, value))).toBe(hash);
    expect(applyTransform({ kind: 'bucket', buckets: 16 }, type, value)).toBe((hash & 0x7fff_ffff) % 16);
  });
  it.each([
    [0n, 12],
    [-1n, 8],
    [-34n, 13],
    [9_007_199_254_740_993n, 6],
  ])('bucket[16] of long %s is %i', (value, bucket) => {
    expect(applyTransform({ kind: 'bucket', buckets: 16 }, { kind: 'long' }, value)).toBe(bucket);
  });
  it('hashes every tail length', () => {
    // Reference values of murmur3_x86_32 with seed 0.
    expect(['', 'a', 'ab', 'abc', 'abcd'].map((text) => murmur3(new TextEncoder().encode(text)) >>> 0)).toEqual([
      0, 0x3c2569b2, 0x9bbfd75f, 0xb3dd93fa, 0x43ed676a,
    ]);
  });
  it('writes decimals in as few bytes as hold the sign', () => {
    expect([127n, 128n, -128n, -129n, 0n, -1420n].map((v) => Buffer.from(twosComplement(v)).toString('hex'))).toEqual([
      '7f',
      '0080',
      '80',
      'ff7f',
      '00',
      'fa74',
    ]);
  });
});

describe('truncate (checklist 3.8)', () => {
  const truncate = (width: number): Transform => ({ kind: 'truncate', width });
  it.each([
    [10, { kind: 'int' } as const, 1, 0],
    [10, { kind: 'int' } as const, -1, -10],
    [10, { kind: 'long' } as const, -1n, -10n],
    [50, decimal(9, 2), 1065n, 1050n],
    [3, { kind: 'string' } as const, 'iceberg', 'ice'],
  ])('truncate[%i] of %o %s is %s', (width, type, value, expected) => {
    expect(applyTransform(truncate(width), type, value)).toEqual(expected);
  });
  it('counts code points, so no surrogate pair is split', () => {
    expect(applyTransform(truncate(2), { kind: 'string' }, '😀😁😂')).toBe('😀😁');
    expect(applyTransform(truncate(2), { kind: 'string' }, 'a😁😂')).toBe('a😁');
  });
  it('cuts binary by bytes', () => {
    expect(applyTransform(truncate(2), { kind: 'binary' }, bytes('010203'))).toEqual(bytes('0102'));
  });
  it('is exact where 32-bit arithmetic overflows (conformance 8.3)', () => {
    expect(applyTransform(truncate(2_147_483_647), { kind: 'int' }, 2_147_483_646)).toBe(0);
    expect(applyTransform(truncate(2_147_483_647), { kind: 'int' }, -5)).toBe(-2_147_483_647);
  });
  it('stays in the type at its smallest value', () => {
    expect(applyTransform(truncate(10), { kind: 'int' }, -2_147_483_648)).toBe(-2_147_483_648);
    expect(applyTransform(truncate(10), { kind: 'long' }, -(2n ** 63n))).toBe(-(2n ** 63n));
    expect(applyTransform(truncate(10), decimal(2, 0), -99n)).toBe(-99n);
  });
  it('is the largest multiple of the width not above the value', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), fc.integer({ min: 1, max: 0x7fff_ffff }), (value, width) => {
        const cut = applyTransform(truncate(width), { kind: 'long' }, value) as bigint;
        expect(cut <= value && value < cut + BigInt(width) && cut % BigInt(width) === 0n).toBe(true);
      }),
    );
  });
});

describe('dates and times (checklist 3.9)', () => {
  const of = (kind: 'year' | 'month' | 'day' | 'hour', type: PrimitiveType, value: PrimitiveValue) =>
    applyTransform({ kind }, type, value);
  it('floors before 1970', () => {
    const type: PrimitiveType = { kind: 'timestamp' };
    expect(of('year', type, -1n)).toBe(-1);
    expect(of('month', type, -1n)).toBe(-1);
    expect(of('day', type, -1n)).toBe(-1);
    expect(of('hour', type, -1n)).toBe(-1);
    expect(of('year', { kind: 'date' }, -1)).toBe(-1);
    expect(of('month', { kind: 'date' }, days('1969-12-01'))).toBe(-1);
    expect(of('month', { kind: 'date' }, days('1969-11-30'))).toBe(-2);
  });
  it('agrees with the calendar from the year 1 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: days('0001-01-01'), max: days('9999-12-31') }), (day) => {
        const date = new Date(day * 86_400_000);
        expect(of('year', { kind: 'date' }, day)).toBe(date.getUTCFullYear() - 1970);
        expect(of('month', { kind: 'date' }, day)).toBe((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth());
      }),
    );
  });
  it('reaches the ends of the 64-bit range', () => {
    expect(of('year', { kind: 'timestamp' }, 2n ** 63n - 1n)).toBe(294_247 - 1970);
    expect(of('hour', { kind: 'timestamp' }, 2n ** 63n - 1n)).toBe(2 ** 31 - 1);
  });
  it('day gives a date, bucket and year an int, identity and void the source type', () => {
    const type: PrimitiveType = { kind: 'timestamptz' };
    expect(resultType({ kind: 'day' }, type)).toEqual({ kind: 'date' });
    expect(resultType({ kind: 'hour' }, type)).toEqual({ kind: 'int' });
    expect(resultType({ kind: 'bucket', buckets: 3 }, type)).toEqual({ kind: 'int' });
    expect(resultType({ kind: 'identity' }, type)).toEqual(type);
    expect(resultType({ kind: 'void' }, type)).toEqual(type);
  });
});

it('null stays null, and void is always null (checklist 3.4, 3.10)', () => {
  expect(applyTransform({ kind: 'bucket', buckets: 4 }, { kind: 'int' }, null)).toBeNull();
  expect(applyTransform({ kind: 'void' }, { kind: 'int' }, 4)).toBeNull();
});

it('knows which sources each transform takes (checklist 3.3)', () => {
  const takes = (transform: Transform): string[] =>
    (['boolean', 'int', 'float', 'date', 'time', 'timestamp', 'string', 'uuid', 'binary'] as const).filter((kind) =>
      isApplicable(transform, { kind }),
    );
  expect(takes({ kind: 'bucket', buckets: 2 })).toEqual([
    'int',
    'date',
    'time',
    'timestamp',
    'string',
    'uuid',
    'binary',
  ]);
  expect(takes({ kind: 'truncate', width: 2 })).toEqual(['int', 'string', 'binary']);
  expect(takes({ kind: 'hour' })).toEqual(['timestamp']);
  expect(takes({ kind: 'day' })).toEqual(['date', 'timestamp']);
});
