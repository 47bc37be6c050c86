/**
 * Objects whose fields are known. Clients write the keys of all records in one order, so the walker compares the bytes of the key
 * that followed last time; only when they differ does it look the key up by length.
 */
import type { Field } from '../../record/types.ts';
import type { Cursor, Walk } from './cursor.ts';
import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, QUOTE, REFUSED, skipSpace, skipString, SPACE } from './cursor.ts';
import { keyIdentity, nameIdentity, skipNull, skipValue } from './walk-unknown.ts';

/** With more keys of one length than this, making a string and looking it up is cheaper than comparing. */
const MOST_COMPARED = 16;

/** `depth` counts the objects and arrays around the members, this one included. */
export function structWalker(fields: readonly Field[], walks: readonly Walk[], depth: number, maxDepth: number): Walk {
  const keys = fields.map((field) => keyPattern(field.name));
  const required = fields.map((field) => field.required);
  const requiredCount = required.filter(Boolean).length;
  const byIdentity = new Map(fields.map((field, index) => [nameIdentity(field.name), index]));
  const byLength = new Map<number, number[]>();
  for (const [index, key] of keys.entries())
    if (key !== undefined) byLength.set(key.length, [...(byLength.get(key.length) ?? []), index]);
  /** The field that followed field i last time; the last place stands for the start of the object. */
  const next = new Int32Array(fields.length + 1).map((_, index) => (index + 1) % (fields.length + 1));
  next[fields.length] = 0;
  /** The walk in which a field was last seen: telling duplicates needs no clearing. */
  const seenIn = new Float64Array(fields.length);
  let walk = 0;

  /** Index of the field whose quoted key starts at `at`, or -1. */
  const lookUp = (cursor: Cursor, at: number, end: number): number => {
    const candidates = byLength.get(end - at) ?? [];
    if (candidates.length <= MOST_COMPARED)
      for (const index of candidates) if (matches(cursor, at, keys[index] as KeyPattern)) return index;
    return byIdentity.get(keyIdentity(cursor, at, end)) ?? -1;
  };

  return (cursor, start) => {
    const { bytes } = cursor;
    if (depth > maxDepth || bytes[start] !== OPEN_BRACE) return REFUSED;
    walk += 1;
    let missing = requiredCount;
    let previous = fields.length;
    let unknown: Set<string> | undefined;
    let at = start + 1;
    if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_BRACE) return missing === 0 ? at + 1 : REFUSED;
    for (;;) {
      let index = next[previous] as number;
      const expected = keys[index];
      if (expected !== undefined && matches(cursor, at, expected)) at += expected.length;
      else {
        if (bytes[at] !== QUOTE) return REFUSED;
        const end = skipString(cursor, at + 1);
        if (end < 0) return REFUSED;
        index = lookUp(cursor, at, end);
        if (index >= 0) next[previous] = index;
        else {
          if (!cursor.ignoreUnknownFields) return REFUSED;
          unknown ??= new Set();
          const key = keyIdentity(cursor, at, end);
          if (unknown.has(key)) return REFUSED;
          unknown.add(key);
        }
        at = end;
      }
      if (bytes[at] !== COLON) {
        at = skipSpace(bytes, at);
        if (bytes[at] !== COLON) return REFUSED;
      }
      at += 1;
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
      if (index < 0) at = skipValue(cursor, at, depth, maxDepth);
      else {
        if (seenIn[index] === walk) return REFUSED;
        seenIn[index] = walk;
        previous = index;
        if (bytes[at] === 0x6e) at = required[index] === true ? REFUSED : skipNull(bytes, at);
        else {
          at = (walks[index] as Walk)(cursor, at);
          if (required[index] === true) missing -= 1;
        }
      }
      if (at < 0) return REFUSED;
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) {
        at += 1;
        if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at);
      } else return bytes[at] === CLOSE_BRACE && missing === 0 ? at + 1 : REFUSED;
    }
  };
}

/** The bytes of a key with its quotes, as little-endian words; the last word overlaps the one before or is cut by `mask`. */
interface KeyPattern {
  readonly length: number;
  readonly words: Int32Array;
  readonly lastAt: number;
  readonly last: number;
  readonly mask: number;
}

/** Names that JSON must escape have no pattern: their raw bytes would not be valid JSON. */
function keyPattern(name: string): KeyPattern | undefined {
  if (JSON.stringify(name) !== `"${name}"`) return undefined;
  const bytes = Buffer.from(`"${name}"`);
  const { length } = bytes;
  const mask = length < 4 ? 2 ** (length * 8) - 1 : -1;
  const padded = Buffer.concat([bytes, Buffer.alloc(4)]);
  const lastAt = Math.max(0, length - 4);
  const words = new Int32Array(Math.max(0, (length - 1) >> 2)).map((_, index) => padded.readInt32LE(index * 4));
  return { length, words, lastAt, last: padded.readInt32LE(lastAt) & mask, mask };
}

function matches({ view, lastWord }: Cursor, at: number, key: KeyPattern): boolean {
  const { words, lastAt } = key;
  if (at + lastAt > lastWord) return false;
  for (let index = 0; index < words.length; index += 1)
    if (view.getInt32(at + index * 4, true) !== words[index]) return false;
  return (view.getInt32(at + lastAt, true) & key.mask) === key.last;
}
