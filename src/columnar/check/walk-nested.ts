/** Lists and maps with string keys. Maps with other keys are the slow path's (`walk-leaf.ts`). */
import type { Walk } from './cursor.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  REFUSED,
  skipSpace,
  skipString,
} from './cursor.ts';
import { textFits } from './long-text.ts';
import { keyIdentity, skipNull } from './walk-unknown.ts';

/** `walk` judges elements that are not null. */
export function listWalker(walk: Walk, required: boolean): Walk {
  return (cursor, start) => {
    const { bytes } = cursor;
    if (bytes[start] !== OPEN_BRACKET) return REFUSED;
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      if (bytes[at] === 0x6e) at = required ? REFUSED : skipNull(bytes, at);
      else at = walk(cursor, at);
      if (at < 0) return REFUSED;
      at = skipSpace(bytes, at);
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return REFUSED;
      at = skipSpace(bytes, at + 1);
    }
  };
}

/** An object of any keys, each once; `walk` judges values that are not null. */
export function objectMapWalker(walk: Walk, required: boolean): Walk {
  return (cursor, start) => {
    const { bytes } = cursor;
    if (bytes[start] !== OPEN_BRACE) return REFUSED;
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    const keys = new Set<string>();
    for (;;) {
      if (bytes[at] !== QUOTE) return REFUSED;
      const end = skipString(cursor, at + 1);
      if (end < 0 || !textFits(cursor, at, end)) return REFUSED;
      const key = keyIdentity(cursor, at, end);
      if (keys.has(key)) return REFUSED;
      keys.add(key);
      at = skipSpace(bytes, end);
      if (bytes[at] !== COLON) return REFUSED;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === 0x6e) at = required ? REFUSED : skipNull(bytes, at);
      else at = walk(cursor, at);
      if (at < 0) return REFUSED;
      at = skipSpace(bytes, at);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return REFUSED;
      at = skipSpace(bytes, at + 1);
    }
  };
}
