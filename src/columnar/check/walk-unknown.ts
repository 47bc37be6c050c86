/** Values of fields the table does not have: any strict JSON of bounded depth without duplicate keys. Knows no schema. */
import type { Cursor } from './cursor.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  REFUSED,
  skipSpace,
  skipString,
  ZERO,
} from './cursor.ts';

/** Position after any JSON value at `at`, which stands inside `depth` objects and arrays. */
export function skipValue(cursor: Cursor, at: number, depth: number, maxDepth: number): number {
  const { bytes } = cursor;
  switch (bytes[at]) {
    case QUOTE:
      return skipString(cursor, at + 1);
    case OPEN_BRACE:
      return depth < maxDepth ? skipObject(cursor, at + 1, depth + 1, maxDepth) : REFUSED;
    case OPEN_BRACKET:
      return depth < maxDepth ? skipArray(cursor, at + 1, depth + 1, maxDepth) : REFUSED;
    case 0x74:
      return skipWord(bytes, at, TRUE);
    case 0x66:
      return skipWord(bytes, at, FALSE);
    case 0x6e:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

/** A key's identity, escapes resolved. `start` is at its opening quote, `end` behind the closing one. */
export function keyIdentity(cursor: Cursor, start: number, end: number): string {
  for (let at = start + 1; at < end - 1; at += 1)
    if (cursor.bytes[at] === BACKSLASH)
      return Buffer.from(JSON.parse(cursor.text(start, end)) as string).toString('latin1');
  return cursor.byteText(start + 1, end - 1);
}

/** The same identity of a name that comes from a schema. */
export const nameIdentity = (name: string): string => Buffer.from(name).toString('latin1');

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

function skipWord(bytes: Uint8Array, at: number, word: Uint8Array): number {
  for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word[index]) return REFUSED;
  return at + word.length;
}

/** Position after `null`, or `REFUSED`. */
export const skipNull = (bytes: Uint8Array, at: number): number => skipWord(bytes, at, NULL);

function skipObject(cursor: Cursor, start: number, depth: number, maxDepth: number): number {
  const { bytes } = cursor;
  const keys = new Set<string>();
  let at = skipSpace(bytes, start);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return REFUSED;
    const end = skipString(cursor, at + 1);
    if (end < 0) return REFUSED;
    const key = keyIdentity(cursor, at, end);
    if (keys.has(key)) return REFUSED;
    keys.add(key);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COLON) return REFUSED;
    at = skipValue(cursor, skipSpace(bytes, at + 1), depth, maxDepth);
    if (at < 0) return REFUSED;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return REFUSED;
    at = skipSpace(bytes, at + 1);
  }
}

function skipArray(cursor: Cursor, start: number, depth: number, maxDepth: number): number {
  const { bytes } = cursor;
  let at = skipSpace(bytes, start);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = skipValue(cursor, at, depth, maxDepth);
    if (at < 0) return REFUSED;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return REFUSED;
    at = skipSpace(bytes, at + 1);
  }
}

/** Position after the digits at `at`; equal to `at` when there are none. */
export function skipDigits(bytes: Uint8Array, at: number): number {
  while (((bytes[at] as number) - ZERO) >>> 0 < 10) at += 1;
  return at;
}

/** Position after the integer part at `at` (behind a sign): `0` or digits without a leading zero. */
export function skipWhole(bytes: Uint8Array, at: number): number {
  if (bytes[at] === ZERO) return at + 1;
  const end = skipDigits(bytes, at);
  return end === at ? REFUSED : end;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  at = skipWhole(bytes, bytes[at] === MINUS ? at + 1 : at);
  if (at < 0) return REFUSED;
  if (bytes[at] === DOT) {
    const end = skipDigits(bytes, at + 1);
    if (end === at + 1) return REFUSED;
    at = end;
  }
  if (((bytes[at] as number) | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  const digits = sign === 0x2b || sign === MINUS ? at + 2 : at + 1;
  const end = skipDigits(bytes, digits);
  return end === digits ? REFUSED : end;
}
