/** Quick walkers of values that are texts of a fixed form: uuid, date, time, timestamps, base64. Other spellings are `rare`. */
import type { Walk } from './cursor.ts';
import { COLON, DOT, MINUS, QUOTE, SPACE } from './cursor.ts';
import { skipDigits } from './walk-unknown.ts';

/** 8-4-4-4-12 hex digits, four at a time. */
export function uuidWalker(rare: Walk): Walk {
  return (cursor, at) => {
    const { bytes, view, lastWord } = cursor;
    if (
      at + 34 <= lastWord &&
      bytes[at] === QUOTE &&
      bytes[at + 9] === MINUS &&
      bytes[at + 14] === MINUS &&
      bytes[at + 19] === MINUS &&
      bytes[at + 24] === MINUS &&
      bytes[at + 37] === QUOTE &&
      (hexHits(view.getInt32(at + 1, true)) &
        hexHits(view.getInt32(at + 5, true)) &
        hexHits(view.getInt32(at + 10, true)) &
        hexHits(view.getInt32(at + 15, true)) &
        hexHits(view.getInt32(at + 20, true)) &
        hexHits(view.getInt32(at + 25, true)) &
        hexHits(view.getInt32(at + 29, true)) &
        hexHits(view.getInt32(at + 33, true))) ===
        HIGH_BITS
    )
      return at + 38;
    return rare(cursor, at);
  };
}

const HIGH_BITS = 0x80808080 | 0;

/** The high bit of each of four bytes that is a hex digit. A sum reaches 0x80 where its byte reaches the bound. */
function hexHits(word: number): number {
  const low = word & 0x7f7f7f7f;
  const lower = low | 0x20202020;
  const digit = (low + 0x50505050) & ~(low + 0x46464646);
  const letter = (lower + 0x1f1f1f1f) & ~(lower + 0x19191919);
  return (digit | letter) & ~word & HIGH_BITS;
}

export function dateWalker(rare: Walk): Walk {
  return (cursor, at) =>
    cursor.bytes[at] === QUOTE && isDate(cursor.bytes, at + 1) && cursor.bytes[at + 11] === QUOTE
      ? at + 12
      : rare(cursor, at);
}

export function timeWalker(rare: Walk): Walk {
  return (cursor, at) => {
    const { bytes } = cursor;
    if (bytes[at] === QUOTE && isClock(bytes, at + 1)) {
      const end = skipFraction(bytes, at + 9);
      if (bytes[end] === QUOTE) return end + 1;
    }
    return rare(cursor, at);
  };
}

/** With seconds; `zoned` with `Z` or an offset. Offsets in the first and last year may leave the range: `rare` decides. */
export function timestampWalker(zoned: boolean, rare: Walk): Walk {
  return (cursor, at) => {
    const { bytes } = cursor;
    if (bytes[at] !== QUOTE || !isDate(bytes, at + 1)) return rare(cursor, at);
    const separator = bytes[at + 11];
    if ((separator !== 0x54 && separator !== SPACE) || !isClock(bytes, at + 12)) return rare(cursor, at);
    let end = skipFraction(bytes, at + 20);
    if (zoned) {
      if (bytes[end] === 0x5a) end += 1;
      else if (isOffset(bytes, end) && isMiddleYear(bytes, at + 1)) end += 6;
      else return rare(cursor, at);
    }
    return bytes[end] === QUOTE ? end + 1 : rare(cursor, at);
  };
}

/** Base64 without escapes, padded, unused bits zero. `length` is that of a fixed type, in bytes. */
export function base64Walker(length: number | undefined, rare: Walk): Walk {
  return (cursor, at) => {
    const { bytes } = cursor;
    if (bytes[at] !== QUOTE) return rare(cursor, at);
    let end = at + 1;
    while ((BASE64[bytes[end] as number] as number) < 64) end += 1;
    const digits = end - at - 1;
    // Of the last digit of an unfinished group, 2 or 4 bits are not used.
    const unused = (BASE64[bytes[end - 1] as number] as number) & (UNUSED_BITS[digits & 3] as number);
    let padding = 0;
    while (bytes[end] === 0x3d) {
      end += 1;
      padding += 1;
    }
    const fits = length === undefined || (digits * 3) >> 2 === length;
    return bytes[end] === QUOTE && padding === PADDING[digits & 3] && unused === 0 && fits ? end + 1 : rare(cursor, at);
  };
}

/** By digits modulo 4. One left-over digit is never right: no padding matches. */
const PADDING = [0, -1, 2, 1];
const UNUSED_BITS = [0, 0, 15, 3];

const BASE64 = new Uint8Array(256).fill(64);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let value = 0; value < 64; value += 1) BASE64[ALPHABET.charCodeAt(value)] = value;

const digit = (bytes: Uint8Array, at: number): number => (bytes[at] as number) - 0x30;

/** The number that two digits write, or a value of 100 and more. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = digit(bytes, at) >>> 0;
  const ones = digit(bytes, at + 1) >>> 0;
  return tens < 10 && ones < 10 ? tens * 10 + ones : 100;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(bytes: Uint8Array, at: number): boolean {
  const century = pair(bytes, at);
  const yearOf = pair(bytes, at + 2);
  const month = pair(bytes, at + 5);
  const day = pair(bytes, at + 8);
  if (century > 99 || yearOf > 99 || bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return false;
  if ((month - 1) >>> 0 > 11 || (day - 1) >>> 0 > 30) return false;
  if (century + yearOf === 0) return false;
  if (day <= 28) return true;
  if (month !== 2) return day <= (DAYS[month - 1] as number);
  return day === 29 && (yearOf === 0 ? century % 4 === 0 : yearOf % 4 === 0);
}

function isClock(bytes: Uint8Array, at: number): boolean {
  return (
    pair(bytes, at) < 24 &&
    bytes[at + 2] === COLON &&
    pair(bytes, at + 3) < 60 &&
    bytes[at + 5] === COLON &&
    pair(bytes, at + 6) < 60
  );
}

/** Up to six digits behind a point; anything else stays where it is and is refused by the next look. */
function skipFraction(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== DOT) return at;
  const end = skipDigits(bytes, at + 1);
  return end > at + 1 && end <= at + 7 ? end : at;
}

function isOffset(bytes: Uint8Array, at: number): boolean {
  const sign = bytes[at];
  return (
    (sign === 0x2b || sign === MINUS) && pair(bytes, at + 1) < 24 && bytes[at + 3] === COLON && pair(bytes, at + 4) < 60
  );
}

function isMiddleYear(bytes: Uint8Array, at: number): boolean {
  const year = pair(bytes, at) * 100 + pair(bytes, at + 2);
  return year > 1 && year < 9999;
}
