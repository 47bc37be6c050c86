/** Quick walkers of numbers and booleans: the common spellings by bytes, the rest by the slow path's readers. */
import type { PrimitiveType } from '../../record/types.ts';
import type { Cursor, Walk } from './cursor.ts';
import { DOT, MINUS, QUOTE, REFUSED, ZERO } from './cursor.ts';
import { skipDigits, skipWhole } from './walk-unknown.ts';

const TRUE_WORD = 0x65757274;
const ALSE_WORD = 0x65736c61;

export function walkBoolean(cursor: Cursor, at: number): number {
  if (at + 1 > cursor.lastWord) return REFUSED;
  if (cursor.view.getInt32(at, true) === TRUE_WORD) return at + 4;
  return cursor.bytes[at] === 0x66 && cursor.view.getInt32(at + 1, true) === ALSE_WORD ? at + 5 : REFUSED;
}

/** A fraction or an exponent is left standing and refused by whoever expects the next `,` or `}`. */
export function integerWalker(bits: 32 | 64): Walk {
  const safeDigits = bits === 32 ? 9 : 18;
  const tooHigh = 2n ** BigInt(bits - 1);
  return (cursor, at) => {
    const { bytes } = cursor;
    const start = bytes[at] === MINUS ? at + 1 : at;
    const end = skipWhole(bytes, start);
    if (end < 0) return REFUSED;
    const digits = end - start;
    if (digits <= safeDigits) return end;
    if (digits > safeDigits + 1) return REFUSED;
    const value = BigInt(cursor.byteText(start, end));
    return value < tooHigh || (value === tooHigh && start > at) ? end : REFUSED;
  };
}

/** True when a number goes on with an exponent. */
const hasExponent = (byte: number | undefined): boolean => byte === 0x65 || byte === 0x45;

/** Without exponent, this many digits are far from overflow. */
const DOUBLE_DIGITS = 300;
/** With at most so many digits, and at most 11 of them behind the point, the nearest double never lies between two floats. */
const FLOAT_DIGITS = 15;
const FLOAT_FRACTION = 11;

/** `rare` judges exponents, long numbers, a bare `-0` (which DuckDB would read as +0) and the texts of NaN and the infinities. */
export function floatWalker(bits: 32 | 64, rare: Walk): Walk {
  const maxDigits = bits === 32 ? FLOAT_DIGITS : DOUBLE_DIGITS;
  const maxFraction = bits === 32 ? FLOAT_FRACTION : DOUBLE_DIGITS;
  return (cursor, at) => {
    const { bytes } = cursor;
    const negative = bytes[at] === MINUS;
    const start = negative ? at + 1 : at;
    const point = skipWhole(bytes, start);
    if (point < 0) return bytes[at] === QUOTE ? rare(cursor, at) : REFUSED;
    let end = point;
    if (bytes[point] === DOT) {
      end = skipDigits(bytes, point + 1);
      if (end === point + 1) return REFUSED;
    } else if (negative && bytes[start] === ZERO) return rare(cursor, at);
    if (end - start > maxDigits || end - point > maxFraction || hasExponent(bytes[end])) return rare(cursor, at);
    return end;
  };
}

/** Up to here a double holds every decimal digit, and DuckDB's way from a JSON fraction to a decimal is exact. */
const EXACT_DIGITS = 15;

/** Plain digits are known by heart; a fraction too long for a double becomes text. Exponents and digits beyond the scale are `rare`. */
export function decimalWalker(type: Extract<PrimitiveType, { kind: 'decimal' }>, rare: Walk): Walk {
  const maxWhole = type.precision - type.scale;
  return (cursor, at) => {
    const { bytes } = cursor;
    const quoted = bytes[at] === QUOTE;
    const first = quoted ? at + 1 : at;
    const start = bytes[first] === MINUS ? first + 1 : first;
    const point = skipWhole(bytes, start);
    if (point < 0) return quoted ? rare(cursor, at) : REFUSED;
    const whole = bytes[start] === ZERO ? 0 : point - start;
    let end = point;
    if (bytes[point] === DOT) {
      end = skipDigits(bytes, point + 1);
      if (end === point + 1) return REFUSED;
      if (end - point - 1 > type.scale) return rare(cursor, at);
    }
    if (whole > maxWhole || hasExponent(bytes[end])) return rare(cursor, at);
    if (quoted) return bytes[end] === QUOTE ? end + 1 : rare(cursor, at);
    if (end > point && whole + type.scale > EXACT_DIGITS) cursor.rewrites.push({ start: at, end, canonical: inQuotes });
    return end;
  };
}

const inQuotes = (token: string): string => `"${token}"`;

/** The slow path accepted the token; DuckDB reads it exactly when it is plain, and when a fraction is text or short. */
export function isCanonicalDecimal(token: string): boolean {
  return /^"-?[0-9]+(\.[0-9]+)?"$/.test(token) || /^-?[0-9]+$/.test(token);
}

export const isCanonicalDouble = (token: string): boolean => token !== '-0';

/** A float token DuckDB might round twice, by way of a double, is written as the float that is meant. */
export const isCanonicalFloat = (token: string, value: unknown): boolean =>
  token !== '-0' && (token.startsWith('"') || Object.is(Math.fround(Number(token)), value));
