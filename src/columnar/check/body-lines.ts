/**
 * A request body as the lines it is checked by. NDJSON stays where it is; a JSON array becomes one line an element.
 * Splits only: whether a line is a record is decided later, but nothing that is not JSON between the lines passes here.
 */
import type { BodyFormat } from '../../contracts/record-checker.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  plainEnd,
  QUOTE,
  SPACE,
} from './cursor.ts';

export type BodyLines =
  | {
      readonly kind: 'lines';
      /** Ends in `\n` unless it is empty. Lines of white space alone are no records. */
      readonly bytes: Uint8Array;
      /** Body line of each record, 1-based; absent when line n of `bytes` is line n of the body. */
      readonly lineNumbers?: readonly number[];
      /** Byte n of `bytes` stands where byte n + `skipped` of the body stood. */
      readonly skipped: number;
    }
  | BodyFault;

export interface BodyFault {
  readonly kind: 'fault';
  readonly record: number;
  readonly line: number;
  readonly code: 'invalid_json' | 'too_long';
  readonly detail: string;
}

/** Between two steps lies about this much of a body: a few milliseconds of work. */
export const STEP_BYTES = 1024 * 1024;
/** Before it is known how slow the values are, and as long as they are. */
export const CAREFUL_STEP_BYTES = STEP_BYTES / 16;

/** A byte-order mark at the very start belongs to the file, not to the data: it is skipped. Yields between steps. */
export function* bodyLines(body: Uint8Array, format: BodyFormat, maxRecordBytes: number): Generator<void, BodyLines> {
  const skipped = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  const bytes = skipped === 0 ? body : body.subarray(skipped);
  if (format === 'ndjson') return { kind: 'lines', bytes: endedByNewline(bytes), skipped };
  const split = yield* new JsonSplitter(bytes, maxRecordBytes).split();
  return split.kind === 'fault' ? split : { ...split, skipped };
}

/** NDJSON whose last line is ended; the same bytes if it is already. */
export function endedByNewline(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || bytes[bytes.length - 1] === NEWLINE) return bytes;
  const ended = Buffer.allocUnsafe(bytes.length + 1);
  ended.set(bytes);
  ended[bytes.length] = NEWLINE;
  return ended;
}

type SplitLines = Omit<Extract<BodyLines, { kind: 'lines' }>, 'skipped'>;

/** A level that closing brackets cannot reach. */
const NEVER = -(2 ** 30);

/**
 * Works on one copy, in place: line ends between tokens become spaces, the comma or bracket behind an element becomes its `\n`.
 * Elements are found by counting brackets outside strings. Each is checked as a line afterwards, so brackets of the wrong kind
 * cannot slip through: the pieces between the commas are records only if the whole was an array of them.
 */
class JsonSplitter {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #size: number;
  readonly #maxElementBytes: number;
  #at = 0;
  #line = 1;
  readonly #lineNumbers: number[] = [];

  constructor(body: Uint8Array, maxElementBytes: number) {
    this.#maxElementBytes = maxElementBytes;
    this.#size = body.length;
    this.#bytes = Buffer.allocUnsafe(body.length + 1);
    this.#bytes.set(body);
    // The end of a single object, and the wall that every scan of a string stops at.
    this.#bytes[body.length] = NEWLINE;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  }

  *split(): Generator<void, SplitLines | BodyFault> {
    let nextStep = STEP_BYTES;
    this.#space();
    if (this.#at === this.#size) return this.#lines(0);
    if (this.#bytes[this.#at] !== OPEN_BRACKET) {
      return this.#element(NEVER) ? this.#lines(this.#size + 1) : this.#tooLong();
    }
    this.#bytes[this.#at] = SPACE;
    this.#at += 1;
    this.#space();
    let last = this.#bytes[this.#at];
    if (last === CLOSE_BRACKET) this.#at += 1;
    else
      do {
        this.#space();
        last = this.#bytes[this.#at];
        if (last === COMMA || last === CLOSE_BRACKET) return this.#fault('an element of the array is missing');
        if (!this.#element(0)) return this.#tooLong();
        if (this.#at >= this.#size) return this.#fault('the array has no end');
        last = this.#bytes[this.#at];
        this.#bytes[this.#at] = NEWLINE;
        this.#at += 1;
        if (this.#at >= nextStep) {
          nextStep = this.#at + STEP_BYTES;
          yield;
        }
      } while (last === COMMA);
    const end = this.#lineNumbers.length === 0 ? 0 : this.#at;
    this.#space();
    return this.#at === this.#size ? this.#lines(end) : this.#fault('unexpected text after the array');
  }

  #lines(end: number): SplitLines {
    return { kind: 'lines', bytes: this.#bytes.subarray(0, end), lineNumbers: this.#lineNumbers };
  }

  #fault(detail: string): BodyFault {
    const record = Math.max(1, this.#lineNumbers.length);
    return { kind: 'fault', record, line: this.#line, code: 'invalid_json', detail };
  }

  #tooLong(): BodyFault {
    const detail = `the record has more than the ${this.#maxElementBytes} bytes that are taken`;
    const line = this.#lineNumbers.at(-1) ?? 1;
    return { ...this.#fault(detail), line, code: 'too_long' };
  }

  /** Stops at the `,` or `]` on level `endDepth`, or at the end of the body. False: given up, longer than any record may be. */
  #element(endDepth: number): boolean {
    const bytes = this.#bytes;
    const size = this.#size;
    let depth = 0;
    this.#lineNumbers.push(this.#line);
    const limit = this.#at + this.#maxElementBytes;
    for (let at = this.#at; ; at += 1) {
      const byte = at < size ? (bytes[at] as number) : -1;
      if (at > limit) return false;
      if (byte === QUOTE) {
        at = this.#string(at + 1);
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === -1 || (depth === endDepth && (byte === COMMA || byte === CLOSE_BRACKET))) {
        this.#at = at;
        return true;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      else if (byte === NEWLINE) {
        this.#line += 1;
        bytes[at] = SPACE;
      }
    }
  }

  /** Position of the closing quote, or of the end of the body. A line end inside is wrong and stays wrong: as another control character. */
  #string(start: number): number {
    const bytes = this.#bytes;
    const lastWord = bytes.length - 4;
    for (let at = start; ; at += 1) {
      at = plainEnd(bytes, this.#view, lastWord, at);
      if (at >= this.#size || bytes[at] === QUOTE) return Math.min(at, this.#size);
      if (bytes[at] === BACKSLASH) at += 1;
      if (bytes[at] === NEWLINE && at < this.#size) {
        this.#line += 1;
        bytes[at] = 0x0d;
      }
    }
  }

  #space(): void {
    for (; this.#at < this.#size; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === NEWLINE) {
        this.#line += 1;
        this.#bytes[this.#at] = SPACE;
      } else if (byte !== SPACE && byte !== 0x09 && byte !== 0x0d) return;
    }
  }
}
