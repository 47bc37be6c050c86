/**
 * The bytes under the walkers and the rewrites they ask for. Owns the two lowest-level scans: white space and strings.
 * Every buffer ends in `\n`, which no token may contain: walkers stop there and never test for the end of the buffer.
 */

export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** Position after the value that starts at `at`, or `REFUSED`. Walkers decide; they do not explain. */
export type Walk = (cursor: Cursor, at: number) => number;
export const REFUSED = -1;

/** A token that is valid but not canonical, and what makes it so. */
export interface Rewrite {
  readonly start: number;
  readonly end: number;
  readonly canonical: (token: string) => string;
}

export class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The last position at which four bytes can be read. */
  readonly lastWord: number;
  readonly ignoreUnknownFields: boolean;
  readonly rewrites: Rewrite[] = [];
  /** How many more values may take the slow path; the walk that finds none left refuses. */
  slowLeft = Number.POSITIVE_INFINITY;
  /** UTF-8 bytes of one text. */
  maxTextBytes = Number.POSITIVE_INFINITY;
  readonly #buffer: Buffer;

  /** `bytes` must be valid UTF-8 wherever a walker is sent, and end in `\n`. */
  constructor(bytes: Uint8Array, ignoreUnknownFields: boolean) {
    // One hidden class for every caller's kind of byte array keeps the walkers monomorphic.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.lastWord = bytes.byteLength - 4;
    this.ignoreUnknownFields = ignoreUnknownFields;
  }

  text(start: number, end: number): string {
    return this.#buffer.toString('utf8', start, end);
  }

  /** One character a byte: a cheap identity of unescaped keys. */
  byteText(start: number, end: number): string {
    return this.#buffer.toString('latin1', start, end);
  }

  /** Position of the `\n` at or after `at`. */
  lineEnd(at: number): number {
    return this.#buffer.indexOf(NEWLINE, at);
  }
}

/** First byte at or after `at` that is not white space within a line. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return at;
    at += 1;
  }
}

/** `at` is behind the opening quote; the answer is behind the closing one. Refuses control characters, bad escapes, lone surrogates. */
export function skipString(cursor: Cursor, at: number): number {
  const { bytes, view, lastWord } = cursor;
  for (;;) {
    at = plainEnd(bytes, view, lastWord, at);
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return REFUSED;
    at = skipEscape(bytes, at + 1);
    if (at < 0) return REFUSED;
  }
}

/**
 * Position of the first quote, backslash or control character at or after `at`; there must be one.
 * Four bytes a step: the sum below has the high bit set in the first such byte, and in none before it. Bytes of 0x80 and above
 * never count: UTF-8 is checked for the whole buffer.
 */
export function plainEnd(bytes: Uint8Array, view: DataView, lastWord: number, at: number): number {
  for (; at <= lastWord; at += 4) {
    const word = view.getInt32(at, true);
    const hit =
      (((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020)) &
      ~word &
      0x80808080;
    if (hit !== 0) return at + ((31 - Math.clz32(hit & -hit)) >> 3);
  }
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < SPACE || byte === QUOTE || byte === BACKSLASH) return at;
    at += 1;
  }
}

/** `at` is behind the backslash. */
function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      break;
    default:
      return REFUSED;
  }
  const unit = hex4(bytes, at + 1);
  if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000)) return REFUSED;
  if (unit < 0xd800 || unit >= 0xe000) return at + 5;
  if (bytes[at + 5] !== BACKSLASH || bytes[at + 6] !== 0x75) return REFUSED;
  const low = hex4(bytes, at + 7);
  return low >= 0xdc00 && low < 0xe000 ? at + 11 : REFUSED;
}

function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 4; index += 1) {
    const digit = hexDigit(bytes[index]);
    if (digit < 0) return REFUSED;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return REFUSED;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : REFUSED;
}
