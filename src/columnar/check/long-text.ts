/**
 * The limit of one text in a record: string values, the base64 of binary ones, keys of maps. Owns the quick test that walkers make and the
 * slow search that names the place; both measure the UTF-8 bytes of the text, escapes resolved.
 */
import type { Field, Type } from '../../record/types.ts';
import type { Cursor, Walk } from './cursor.ts';
import { BACKSLASH, REFUSED } from './cursor.ts';
import type { JsonNode } from './json-node.ts';
import { pointerStep } from './json-node.ts';

/** A walker of quoted texts that refuses those beyond the cursor's limit. */
export function limitedText(walk: Walk): Walk {
  return (cursor, at) => {
    const end = walk(cursor, at);
    return end < 0 || textFits(cursor, at, end) ? end : REFUSED;
  };
}

/** `start` is at the opening quote, `end` behind the closing one. */
export const textFits = (cursor: Cursor, start: number, end: number): boolean =>
  end - start - 2 <= cursor.maxTextBytes || bytesBetween(cursor, start, end) <= cursor.maxTextBytes;

/** What escapes write is never longer than they are, so only what is too long with them is looked at. */
const bytesBetween = (cursor: Cursor, start: number, end: number): number =>
  cursor.bytes.subarray(start, end).includes(BACKSLASH)
    ? Buffer.byteLength(JSON.parse(cursor.text(start, end)) as string)
    : end - start - 2;

export interface LongText {
  /** RFC 6901, from the value that was searched. */
  readonly pointer: string;
  readonly bytes: number;
}

/** The first text beyond `max` in a value that `readValue` takes for the type. */
export function longText(type: Type, node: JsonNode, max: number): LongText | undefined {
  switch (type.kind) {
    case 'string':
    case 'binary':
      return node.kind === 'string' ? tooLong(node.value, max) : undefined;
    case 'struct':
      return longTextIn(type.fields, node, max);
    case 'list':
      return node.kind === 'array' ? firstOf(node.items.entries(), () => type.element, max) : undefined;
    case 'map':
      return node.kind === 'object'
        ? (longKey(node.members.keys(), max) ?? firstOf(node.members, () => type.value, max))
        : longEntry([type.key, type.value], node, max);
    default:
      return undefined;
  }
}

/** The same for a record, or a struct's value. */
export function longTextIn(fields: readonly Field[], node: JsonNode, max: number): LongText | undefined {
  if (node.kind !== 'object') return undefined;
  const types = new Map(fields.map((field) => [field.name, field.type]));
  return firstOf(node.members, (name) => types.get(name), max);
}

function longEntry([key, value]: readonly [key: Type, value: Type], node: JsonNode, max: number): LongText | undefined {
  if (node.kind !== 'array') return undefined;
  for (const [index, entry] of node.items.entries()) {
    if (entry.kind !== 'object') continue;
    const found = firstOf(entry.members, (name) => (name === 'key' ? key : value), max);
    if (found !== undefined) return { ...found, pointer: pointerStep(index) + found.pointer };
  }
  return undefined;
}

function firstOf<Step extends string | number>(
  members: Iterable<readonly [Step, JsonNode]>,
  typeOf: (step: Step) => Type | undefined,
  max: number,
): LongText | undefined {
  for (const [step, node] of members) {
    const type = typeOf(step);
    const found = type === undefined ? undefined : longText(type, node, max);
    if (found !== undefined) return { ...found, pointer: pointerStep(step) + found.pointer };
  }
  return undefined;
}

function longKey(keys: Iterable<string>, max: number): LongText | undefined {
  for (const key of keys) {
    const found = tooLong(key, max);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tooLong(text: string, max: number): LongText | undefined {
  const bytes = Buffer.byteLength(text);
  return bytes > max ? { pointer: '', bytes } : undefined;
}
