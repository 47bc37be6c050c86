/** Numbers of the slow path: JSON text to exact values, by regular expression and big integers. Knows no bytes. */
import type { JsonNode } from './json-node.ts';
import type { Read } from './read-result.ts';
import { accepted, refused } from './read-result.ts';

/** Characters of one number. Full expansions of doubles have fewer than 800; longer ones only cost time. */
export const MAX_NUMBER_LENGTH = 1000;

const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

const TOO_LONG = refused('too_long', `a number has at most ${MAX_NUMBER_LENGTH} characters`);

/** `int` is 32 bits, `long` 64. */
export function readInteger(node: JsonNode, bits: 32 | 64): Read<bigint> {
  if (node.kind !== 'number') return refused('type_mismatch', 'a JSON integer is expected');
  if (!/^-?[0-9]+$/.test(node.text))
    return refused('type_mismatch', 'an integer has no fraction and no exponent, not even .0');
  if (node.text.length > MAX_NUMBER_LENGTH) return TOO_LONG;
  if (node.text.length > 20) return refused('out_of_range', `does not fit ${bits} bits`);
  const value = BigInt(node.text);
  return BigInt.asIntN(bits, value) === value ? accepted(value) : refused('out_of_range', `does not fit ${bits} bits`);
}

const SPECIALS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** The nearest double; `"NaN"`, `"Infinity"` and `"-Infinity"` are the only strings. */
export function readDouble(node: JsonNode): Read<number> {
  if (node.kind !== 'number') return readSpecial(node);
  const { text } = node;
  if (text.length > MAX_NUMBER_LENGTH) return TOO_LONG;
  const value = Number(text);
  return Number.isFinite(value) ? accepted(value) : refused('out_of_range', 'larger than any finite double');
}

/** The float nearest to the decimal text itself, ties to even: not the float nearest to the nearest double. */
export function readFloat(node: JsonNode): Read<number> {
  if (node.kind !== 'number') return readSpecial(node);
  const { text } = node;
  if (text.length > MAX_NUMBER_LENGTH) return TOO_LONG;
  const value = nearestFloat(text);
  return Number.isFinite(value) ? accepted(value) : refused('out_of_range', 'larger than any finite float');
}

function readSpecial(node: JsonNode): Read<number> {
  if (node.kind !== 'string') return refused('type_mismatch', 'a JSON number is expected');
  const special = SPECIALS.get(node.value);
  return special === undefined
    ? refused('type_mismatch', 'a JSON number, "NaN", "Infinity" or "-Infinity" is expected')
    : accepted(special);
}

/** 2^128 - 2^103: halfway between the largest float and the next power of two. */
const FLOAT_OVERFLOW = 2 ** 128 - 2 ** 103;

function nearestFloat(text: string): number {
  const double = Number(text);
  const float = Math.fround(double);
  if (!Number.isFinite(float) && Math.abs(double) !== FLOAT_OVERFLOW) return float;
  // The double lies halfway between two floats: the text itself decides which is nearer.
  const other = Number.isFinite(float) ? 2 * double - float : Math.sign(double) * LARGEST_FLOAT;
  if (other === float || Math.fround(other) !== other) return float;
  const side = compareExactly(text, double);
  if (side === 0) return float;
  return side > 0 ? Math.max(float, other) : Math.min(float, other);
}

const LARGEST_FLOAT = 2 ** 128 - 2 ** 104;

/** Sign of (decimal text - double). The double is within a factor of the text, so exponents stay small. */
function compareExactly(text: string, double: number): number {
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  let left = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const tens = Number(exponent) - fraction.length;
  // Every double is an integer multiple of 2^-1074.
  let scaled = double;
  let twos = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    twos += 1;
  }
  let right = BigInt(scaled);
  left *= 2n ** BigInt(twos);
  if (tens >= 0) left *= 10n ** BigInt(tens);
  else right *= 10n ** BigInt(-tens);
  return left === right ? 0 : left > right ? 1 : -1;
}

/** The unscaled value: `1.5` as decimal(9,2) is 150. A number or the text of one; exponents count when the result is exact. */
export function readDecimal(node: JsonNode, precision: number, scale: number): Read<bigint> {
  if (node.kind !== 'number' && node.kind !== 'string')
    return refused('type_mismatch', 'a number or the text of a number is expected');
  const text = node.kind === 'number' ? node.text : node.value;
  if (text.length > MAX_NUMBER_LENGTH) return TOO_LONG;
  const found = NUMBER.exec(text);
  if (found === null) return refused('invalid_format', 'the text is not a number as JSON writes it');
  const [, sign, whole = '', fraction = '', exponent = '0'] = found;
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return accepted(0n);
  // The value is digits · 10^power.
  const power = Number(exponent) - fraction.length + (significant.length - digits.length);
  if (digits.length + power > precision - scale)
    return refused('out_of_range', `more than ${precision - scale} digits before the point`);
  if (power < -scale) return refused('too_precise', `more than ${scale} digits after the point`);
  const unscaled = BigInt(digits) * 10n ** BigInt(power + scale);
  return accepted(sign === '-' ? -unscaled : unscaled);
}
