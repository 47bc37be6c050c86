/** Byte values of the slow path: uuid and base64 text. */
import type { Read } from './read-result.ts';
import { accepted, refused } from './read-result.ts';

/** 16 bytes from 8-4-4-4-12 hex digits of either case; braces, `urn:uuid:` and bare digits are refused. */
export function readUuid(text: string): Read<Uint8Array> {
  return /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text)
    ? accepted(new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex')))
    : refused('invalid_format', 'a uuid is 8-4-4-4-12 hex digits');
}

/** RFC 4648 §4: standard alphabet, padded, unused bits zero, so that bytes have one spelling. `length` is that of a fixed type. */
export function readBase64(text: string, length?: number): Read<Uint8Array> {
  const bytes = Buffer.from(text, 'base64');
  // Decoding is lenient; only text that encodes back to itself was in the one right form.
  if (bytes.toString('base64') !== text)
    return refused(
      'invalid_format',
      /^[A-Za-z0-9_-]*=*$/.test(text) && /[_-]/.test(text)
        ? 'the URL alphabet (- and _) is not taken: use + and /'
        : 'not padded base64 of the standard alphabet',
    );
  return length === undefined || bytes.length === length
    ? accepted(new Uint8Array(bytes))
    : refused('out_of_range', `${bytes.length} bytes instead of ${length}`);
}
