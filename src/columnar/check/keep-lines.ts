/** Output of a pass over lines: the same bytes when nothing changes, else one copy with pieces left out or replaced. */
import type { Rewrite } from './cursor.ts';

/** `rewrites` and `dropped` (pairs of start and end) are in ascending order and do not overlap. */
export function keepLines(bytes: Uint8Array, rewrites: readonly Rewrite[], dropped: readonly number[]): Uint8Array {
  if (rewrites.length === 0 && dropped.length === 0) return bytes;
  const texts = rewrites.map(({ start, end, canonical }) => canonical(asText(bytes, start, end)));
  const grown = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const out = Buffer.allocUnsafe(bytes.length + grown);
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  let written = 0;
  let drop = 0;
  const copyUpTo = (to: number): void => {
    while (drop < dropped.length && (dropped[drop] as number) < to) {
      written += source.copy(out, written, from, dropped[drop]);
      from = dropped[drop + 1] as number;
      drop += 2;
    }
    written += source.copy(out, written, from, to);
    from = to;
  };
  for (const [index, { start, end }] of rewrites.entries()) {
    copyUpTo(start);
    written += out.write(texts[index] ?? '', written);
    from = end;
  }
  copyUpTo(bytes.length);
  return out.subarray(0, written);
}

/** Bytes that the rewrites from `first` on add. */
export function growth(bytes: Uint8Array, rewrites: readonly Rewrite[], first: number): number {
  let added = 0;
  for (let index = first; index < rewrites.length; index += 1) {
    const { start, end, canonical } = rewrites[index] as Rewrite;
    added += Buffer.byteLength(canonical(asText(bytes, start, end))) - (end - start);
  }
  return added;
}

const asText = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
