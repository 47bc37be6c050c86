/**
 * A request body as the lines it is checked by. NDJSON stays where it is; a JSON array is cut into one line an element.
 * Splits only: whether a line is a record is decided later, but nothing that is not JSON between the lines passes here.
 */
import type { BodyFormat } from '../../contracts/record-checker.ts';
import { NEWLINE, SPACE } from './cursor.ts';

export type BodyLines =
  | {
      readonly kind: 'lines';
      /** Ends in `\n` unless it is empty. Lines of white space alone are no records. */
      readonly bytes: Uint8Array;
      /** Body line of each record, 1-based; absent when line n of `bytes` is line n of the body. */
      readonly lineNumbers?: readonly number[];
    }
  | { readonly kind: 'fault'; readonly record: number; readonly line: number; readonly detail: string };

/** A byte-order mark at the very start belongs to the file, not to the data: it is skipped. */
export function bodyLines(body: Uint8Array, format: BodyFormat): BodyLines {
  const bytes = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
  return format === 'json' ? new JsonSplitter(bytes).split() : { kind: 'lines', bytes: endedByNewline(bytes) };
}

function endedByNewline(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || bytes[bytes.length - 1] === NEWLINE) return bytes;
  const ended = Buffer.allocUnsafe(bytes.length + 1);
  ended.set(bytes);
  ended[bytes.length] = NEWLINE;
  return ended;
}

/**
 * Cuts by counting brackets outside strings. Each element is checked as a line afterwards, so brackets of the wrong kind
 * cannot slip through: the pieces between commas are valid records only if the whole was a valid array of them.
 */
class JsonSplitter {
  readonly #bytes: Uint8Array;
  readonly #out: Buffer;
  #written = 0;
  #at = 0;
  #line = 1;
  readonly #lineNumbers: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    // Every `\n` written takes the place of a comma or bracket left out, or of the end.
    this.#out = Buffer.allocUnsafe(bytes.length + 1);
  }

  split(): BodyLines {
    this.#space();
    if (this.#at === this.#bytes.length) return this.#done();
    if (this.#bytes[this.#at] !== 0x5b) {
      this.#element(false);
      return this.#done();
    }
    this.#at += 1;
    this.#space();
    if (this.#bytes[this.#at] === 0x5d) this.#at += 1;
    else {
      for (;;) {
        const first = this.#bytes[this.#at];
        if (first === 0x2c || first === 0x5d) return this.#fault('an element of the array is missing');
        if (!this.#element(true)) return this.#fault('the array has no end');
        const separator = this.#bytes[this.#at];
        this.#at += 1;
        if (separator === 0x5d) break;
        this.#space();
      }
    }
    this.#space();
    return this.#at === this.#bytes.length ? this.#done() : this.#fault('unexpected text after the array');
  }

  #done(): BodyLines {
    return { kind: 'lines', bytes: this.#out.subarray(0, this.#written), lineNumbers: this.#lineNumbers };
  }

  #fault(detail: string): BodyLines {
    return { kind: 'fault', record: Math.max(1, this.#lineNumbers.length), line: this.#line, detail };
  }

  /** Copies up to the `,` or `]` behind the element, or to the end of the body outside an array; false when it does not come. */
  #element(inArray: boolean): boolean {
    const bytes = this.#bytes;
    let depth = 0;
    let inString = false;
    this.#lineNumbers.push(this.#line);
    for (; this.#at < bytes.length; this.#at += 1) {
      let byte = bytes[this.#at] as number;
      if (inString) {
        if (byte === 0x22) inString = false;
        else if (byte === 0x5c) {
          this.#out[this.#written++] = byte;
          this.#at += 1;
          byte = bytes[this.#at] ?? SPACE;
        }
      } else if (byte === 0x22) inString = true;
      else if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (inArray && depth === 0 && (byte === 0x2c || byte === 0x5d)) break;
      else if (byte === 0x7d || byte === 0x5d) depth -= 1;
      if (byte === NEWLINE) {
        this.#line += 1;
        // In a string it is wrong and must stay so: another control character.
        byte = inString ? 0x0d : SPACE;
      }
      this.#out[this.#written++] = byte;
    }
    this.#out[this.#written++] = NEWLINE;
    return !inArray || this.#at < bytes.length;
  }

  #space(): void {
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === NEWLINE) this.#line += 1;
      else if (byte !== SPACE && byte !== 0x09 && byte !== 0x0d) return;
    }
  }
}
