/**
 * What is common to the keys of all stores: which are allowed, how they are ordered, which bytes a range means.
 * Does not know URIs (`uri.ts`) or any store.
 */
import { SluiceError } from '../core/errors.ts';

/** Local files that are being written, and what a crash left of them, live under this first segment; it is no part of the key space. */
export const TEMPORARY_SEGMENT = '.sluice-tmp';

/** S3's limit, in bytes of UTF-8; the other stores keep it so that a warehouse can move. */
const MAX_KEY_BYTES = 1024;

/**
 * Throws kind `invalid-input` unless the key means the same object in every store: `a/b/c`, no empty, `.` or `..` segment,
 * no control characters (XML cannot carry them), valid Unicode, at most 1,024 bytes.
 */
export function checkKey(key: string): void {
  const fault = faultOf(key);
  if (fault !== undefined) {
    throw new SluiceError('invalid-input', `object key ${JSON.stringify(key)} ${fault}`, {
      context: { key },
      remedy: 'Use keys such as "ns/table/data/file.parquet".',
    });
  }
}

/** True when `checkKey` would let it pass. */
export const isKey = (key: string): boolean => faultOf(key) === undefined;

function faultOf(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (!key.isWellFormed()) return 'is not valid Unicode';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'has control characters';
  const segments = key.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'has an empty, "." or ".." segment';
  if (segments[0] === TEMPORARY_SEGMENT) return `lies in the reserved folder ${TEMPORARY_SEGMENT}`;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  return undefined;
}

/** Ascending by UTF-8 bytes, as S3 lists. (Plain `<` compares UTF-16 units and differs beyond U+FFFF.) */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates behind U+FFFF, where their code points are. */
const codePointRank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** `[start, end)` within an object of `size` bytes; empty when it lies behind the end. */
export function resolveRange(range: ByteRange | undefined, size: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: size };
  checkRange(range);
  const start = range.start < 0 ? Math.max(0, size + range.start) : Math.min(range.start, size);
  return { start, end: Math.max(start, Math.min(range.end ?? size, size)) };
}

/** Throws kind `internal` on a range no store can mean: fractions, or a suffix that also has an end. */
export function checkRange(range: ByteRange): void {
  const { start, end } = range;
  const whole = Number.isSafeInteger(start) && (end === undefined || (Number.isSafeInteger(end) && end >= 0));
  if (!whole || (start < 0 && end !== undefined))
    throw new SluiceError('internal', `byte range ${start}..${end ?? ''} is not [start, end) or a suffix`);
}
