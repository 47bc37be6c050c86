/**
 * Shortening bounds so that they still bound (checklist 6.4, conformance 8.2): text by code points, bytes by bytes, other types never.
 * A lower bound may only go down, an upper bound only up.
 */

/** `write.metadata.metrics.default` = `truncate(16)`. */
export const DEFAULT_BOUND_WIDTH = 16;

export function lowerTextBound(value: string, width = DEFAULT_BOUND_WIDTH): string {
  return firstCodePoints(value, width);
}

/** Undefined when no text of that width is above the value: then the bound must be left out. */
export function upperTextBound(value: string, width = DEFAULT_BOUND_WIDTH): string | undefined {
  const cut = firstCodePoints(value, width);
  if (cut === value) return value;
  const points = Array.from(cut, (character) => character.codePointAt(0) ?? 0);
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const next = successor(points[at] ?? 0);
    if (next !== undefined) return String.fromCodePoint(...points.slice(0, at), next);
  }
  return undefined;
}

export function lowerBytesBound(value: Uint8Array, width = DEFAULT_BOUND_WIDTH): Uint8Array {
  return value.subarray(0, width);
}

/** Undefined when the first `width` bytes are all ff. */
export function upperBytesBound(value: Uint8Array, width = DEFAULT_BOUND_WIDTH): Uint8Array | undefined {
  if (value.length <= width) return value;
  for (let at = width - 1; at >= 0; at -= 1) {
    const byte = value[at] ?? 0xff;
    if (byte < 0xff) return Uint8Array.of(...value.subarray(0, at), byte + 1);
  }
  return undefined;
}

/** The first `count` code points; a surrogate pair is never split. */
export function firstCodePoints(value: string, count: number): string {
  if (value.length <= count) return value;
  let at = 0;
  for (let taken = 0; taken < count && at < value.length; taken += 1)
    at += (value.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return value.slice(0, at);
}

// The successor of U+D7FF is U+E000: what lies between is not text.
function successor(point: number): number | undefined {
  if (point === 0x10_ffff) return undefined;
  return point === 0xd7ff ? 0xe000 : point + 1;
}
