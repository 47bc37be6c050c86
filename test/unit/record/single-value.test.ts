import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerBytesBound, lowerTextBound, upperBytesBound, upperTextBound } from '../../../src/record/bounds.ts';
import { compareSingle, decodeSingle, encodeSingle } from '../../../src/record/single-value.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('single values as bytes (checklist 6.2)', () => {
  const vectors: readonly (readonly [PrimitiveType, PrimitiveValue, string])[] = [
    [{ kind: 'boolean' }, true, '01'],
    [{ kind: 'int' }, -2, 'feffffff'],
    [{ kind: 'date' }, 1, '01000000'],
    [{ kind: 'long' }, 9_007_199_254_740_993n, '0100000000002000'],
    [{ kind: 'timestamptz' }, -1n, 'ffffffffffffffff'],
    [{ kind: 'float' }, -0, '00000080'],
    [{ kind: 'double' }, 1.5, '000000000000f83f'],
    [{ kind: 'decimal', precision: 9, scale: 2 }, 1420n, '058c'],
    [{ kind: 'decimal', precision: 38, scale: 0 }, 128n, '0080'],
    [{ kind: 'string' }, 'ä😀', 'c3a4f09f9880'],
    [{ kind: 'uuid' }, bytes('f79c3e09677c4bbda4793f349cb785e7'), 'f79c3e09677c4bbda4793f349cb785e7'],
    [{ kind: 'fixed', length: 2 }, bytes('beef'), 'beef'],
  ];
  it.each(vectors)('%o %s', (type, value, expected) => {
    expect(hex(encodeSingle(type, value))).toBe(expected);
    expect(decodeSingle(type, bytes(expected))).toEqual(value);
  });
  it('reads bounds written before a promotion (checklist 2.6)', () => {
    expect(decodeSingle({ kind: 'long' }, bytes('feffffff'))).toBe(-2n);
    expect(decodeSingle({ kind: 'double' }, bytes('0000c03f'))).toBe(1.5);
  });
  it('refuses any other length', () => {
    expect(() => decodeSingle({ kind: 'int' }, bytes('00'))).toThrow(/1 bytes/);
  });
  it('keeps every decimal of 38 digits', () => {
    const type: PrimitiveType = { kind: 'decimal', precision: 38, scale: 3 };
    fc.assert(
      fc.property(fc.bigInt(1n - 10n ** 38n, 10n ** 38n - 1n), (value) => {
        expect(decodeSingle(type, encodeSingle(type, value))).toBe(value);
      }),
    );
  });
});

describe('shortened bounds (checklist 6.4)', () => {
  it.each([
    ['abcd', 3, 'abc', 'abd'],
    ['abc', 3, 'abc', 'abc'],
    ['a😀😁', 2, 'a😀', 'a😁'],
    [`a\u{10ffff}b`, 2, `a\u{10ffff}`, 'b'],
    ['\ud7ffx', 1, '\ud7ff', '\ue000'],
    [`\u{10ffff}x`, 1, `\u{10ffff}`, undefined],
  ])('text %j to %i code points', (value, width, lower, upper) => {
    expect(lowerTextBound(value, width)).toBe(lower);
    expect(upperTextBound(value, width)).toBe(upper);
  });
  it.each([
    ['010203', 2, '0102', '0103'],
    ['01ff03', 2, '01ff', '02'],
    ['ffff03', 2, 'ffff', undefined],
    ['ffff', 2, 'ffff', 'ffff'],
  ])('bytes %s to %i', (value, width, lower, upper) => {
    expect(hex(lowerBytesBound(bytes(value), width))).toBe(lower);
    expect(hex(upperBytesBound(bytes(value), width))).toBe(upper);
  });
  it('always bound, and are valid text', () => {
    const anyText = fc.string({
      unit: fc.constantFrom('a', 'é', '\ud7ff', '\uffff', '😀', '\u{10ffff}'),
      maxLength: 9,
    });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 5 }), (value, width) => {
        const lower = lowerTextBound(value, width);
        const upper = upperTextBound(value, width);
        expect(compareSingle(lower, value)).toBeLessThanOrEqual(0);
        expect(lower.isWellFormed()).toBe(true);
        if (upper === undefined) return;
        expect(compareSingle(upper, value)).toBeGreaterThanOrEqual(0);
        expect(upper.isWellFormed()).toBe(true);
      }),
    );
  });
});

it('orders text by code point, bytes unsigned, and -0 before +0 (checklist 6.3)', () => {
  expect(compareSingle('\uffff', '😀')).toBeLessThan(0);
  expect(compareSingle(bytes('80'), bytes('7f'))).toBeGreaterThan(0);
  expect(compareSingle(-0, 0)).toBeLessThan(0);
  expect(compareSingle(0, 0)).toBe(0);
  expect(compareSingle(2n, 10n)).toBeLessThan(0);
});
