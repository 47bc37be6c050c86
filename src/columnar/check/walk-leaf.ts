/**
 * Leaf values the quick walkers do not know by heart: the token is cut out and judged by the slow path's own reader.
 * Rare by design (exponents, escapes inside a date, unusual spellings), so that quick walkers can stay small and still agree.
 */
import type { Type } from '../../record/types.ts';
import { canonicalText } from './canonical-text.ts';
import type { Cursor, Walk } from './cursor.ts';
import { REFUSED } from './cursor.ts';
import { longText } from './long-text.ts';
import { parseJson } from './parse-json.ts';
import type { Value } from './read-result.ts';
import { readValue } from './read-value.ts';
import { skipValue } from './walk-unknown.ts';

/** Whether DuckDB reads the token as it stands. */
type IsCanonical = (token: string, value: Value) => boolean;

/** Accepts exactly what `readValue` accepts; notes a rewrite for tokens that are not canonical. */
export function leafWalker(type: Type, depth: number, maxDepth: number, isCanonical: IsCanonical = () => true): Walk {
  const canonical = (token: string): string => {
    const node = parseJson(token, maxDepth);
    if (node.kind === 'fault') return token;
    const read = readValue(type, node, true);
    return read.kind === 'value' ? canonicalText(type, read.value) : token;
  };
  return (cursor: Cursor, at: number): number => {
    const end = skipValue(cursor, at, depth, maxDepth);
    cursor.slowLeft -= 1;
    if (end < 0 || cursor.slowLeft < 0) return REFUSED;
    const token = cursor.text(at, end);
    const node = parseJson(token, maxDepth);
    if (node.kind === 'fault') return REFUSED;
    const read = readValue(type, node, cursor.ignoreUnknownFields);
    if (read.kind === 'refused' || longText(type, node, cursor.maxTextBytes) !== undefined) return REFUSED;
    if (!isCanonical(token, read.value)) cursor.rewrites.push({ start: at, end, canonical });
    return end;
  };
}
