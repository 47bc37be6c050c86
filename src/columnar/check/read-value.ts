/**
 * The slow path: what a JSON value means as a value of a type, or why it means nothing. This is the reference; the byte walkers
 * must agree with it (differential test), and `docs/types.md` says the same in words. Simple before fast.
 */
import { assertNever } from '../../core/errors.ts';
import type { Field, ListType, MapType, PrimitiveType, Type } from '../../record/types.ts';
import { isPrimitive, primitiveName } from '../../record/types.ts';
import { canonicalText } from './canonical-text.ts';
import type { JsonNode } from './json-node.ts';
import { describeNode, pointerStep } from './json-node.ts';
import { readDecimal, readDouble, readFloat, readInteger } from './read-number.ts';
import type { Read, Refused, Value } from './read-result.ts';
import { accepted, refused } from './read-result.ts';
import { readBase64, readUuid } from './read-bytes.ts';
import { readDate, readTime, readTimestamp, readTimestamptz } from './read-time.ts';

/** A refusal with what was asked for and what came. */
export interface Mismatch extends Refused {
  readonly expected?: string;
  readonly got?: string;
}

export type ValueRead = { readonly kind: 'value'; readonly value: Value } | Mismatch;

export const typeName = (type: Type): string => (isPrimitive(type) ? primitiveName(type) : type.kind);

/** `null` is refused here: whoever holds the value knows whether it may be missing. */
export function readValue(type: Type, node: JsonNode, ignoreUnknown: boolean): ValueRead {
  switch (type.kind) {
    case 'struct':
      return readStruct(type.fields, node, ignoreUnknown);
    case 'list':
      return readList(type, node, ignoreUnknown);
    case 'map':
      return type.key.kind === 'string'
        ? readObjectMap(type, node, ignoreUnknown)
        : readEntryMap(type, node, ignoreUnknown);
    default:
      return explained(readPrimitive(type, node), type, node);
  }
}

/** The members in schema order. Members are judged in the order they came, then what is missing. */
export function readStruct(fields: readonly Field[], node: JsonNode, ignoreUnknown: boolean): ValueRead {
  if (node.kind !== 'object') return mismatch('struct', node);
  const known = new Map(fields.map((field, index) => [field.name, { field, index }]));
  const values: Value[] = fields.map(() => null);
  for (const [key, member] of node.members) {
    const place = known.get(key);
    if (place === undefined) {
      if (ignoreUnknown) continue;
      return {
        ...refused('unknown_field', 'the table has no such field', pointerStep(key)),
        got: describeNode(member),
      };
    }
    const read = readNullable(place.field.type, place.field.required, member, ignoreUnknown);
    if (read.kind === 'refused') return under(key, read);
    values[place.index] = read.value;
  }
  const missing = fields.find((field) => field.required && !node.members.has(field.name));
  return missing === undefined
    ? accepted(values)
    : {
        ...refused('missing_field', 'the field is required', pointerStep(missing.name)),
        expected: typeName(missing.type),
      };
}

function readNullable(type: Type, required: boolean, node: JsonNode, ignoreUnknown: boolean): ValueRead {
  if (node.kind !== 'null') return readValue(type, node, ignoreUnknown);
  return required
    ? { ...refused('null_not_allowed', 'the value is required'), expected: typeName(type), got: 'null' }
    : accepted(null);
}

function readList(type: ListType, node: JsonNode, ignoreUnknown: boolean): ValueRead {
  if (node.kind !== 'array') return mismatch('list', node);
  const values: Value[] = [];
  for (const [index, item] of node.items.entries()) {
    const read = readNullable(type.element, type.elementRequired, item, ignoreUnknown);
    if (read.kind === 'refused') return under(index, read);
    values.push(read.value);
  }
  return accepted(values);
}

function readObjectMap(type: MapType, node: JsonNode, ignoreUnknown: boolean): ValueRead {
  if (node.kind !== 'object') return mismatch('map as an object', node);
  const pairs: Value[] = [];
  for (const [key, member] of node.members) {
    const read = readNullable(type.value, type.valueRequired, member, ignoreUnknown);
    if (read.kind === 'refused') return under(key, read);
    pairs.push([key, read.value]);
  }
  return accepted(pairs);
}

function readEntryMap(type: MapType, node: JsonNode, ignoreUnknown: boolean): ValueRead {
  if (node.kind !== 'array') return mismatch('map as an array of {"key": …, "value": …}', node);
  const entry: readonly Field[] = [
    { id: type.keyId, name: 'key', type: type.key, required: true },
    { id: type.valueId, name: 'value', type: type.value, required: type.valueRequired },
  ];
  const pairs: Value[] = [];
  const seen = new Set<string>();
  for (const [index, item] of node.items.entries()) {
    const read = readStruct(entry, item, ignoreUnknown);
    if (read.kind === 'refused') return under(index, read);
    const [key = null] = read.value as readonly Value[];
    // The engine's maps take 0.0 and -0.0 for one key.
    const identity = canonicalText(type.key, key, '0');
    if (seen.has(identity)) return under(index, refused('duplicate_key', 'the map has this key already', '/key'));
    seen.add(identity);
    pairs.push(read.value);
  }
  return accepted(pairs);
}

function readPrimitive(type: PrimitiveType, node: JsonNode): Read<Value> {
  switch (type.kind) {
    case 'boolean':
      return node.kind === 'boolean'
        ? accepted(node.value)
        : refused('type_mismatch', 'only true and false are booleans');
    case 'int': {
      const read = readInteger(node, 32);
      return read.kind === 'value' ? accepted(Number(read.value)) : read;
    }
    case 'long':
      return readInteger(node, 64);
    case 'float':
      return readFloat(node);
    case 'double':
      return readDouble(node);
    case 'decimal':
      return readDecimal(node, type.precision, type.scale);
    default:
      break;
  }
  if (node.kind !== 'string') return refused('type_mismatch', 'a JSON string is expected');
  switch (type.kind) {
    case 'string':
      return accepted(node.value);
    case 'date':
      return readDate(node.value);
    case 'time':
      return readTime(node.value);
    case 'timestamp':
      return readTimestamp(node.value);
    case 'timestamptz':
      return readTimestamptz(node.value);
    case 'uuid':
      return readUuid(node.value);
    case 'binary':
      return readBase64(node.value);
    case 'fixed':
      return readBase64(node.value, type.length);
    default:
      return assertNever(type);
  }
}

const explained = (read: Read<Value>, type: Type, node: JsonNode): ValueRead =>
  read.kind === 'value' ? read : { ...read, expected: typeName(type), got: describeNode(node) };

const mismatch = (expected: string, node: JsonNode): Mismatch => ({
  ...refused('type_mismatch', `a ${expected} is expected`),
  expected,
  got: describeNode(node),
});

const under = (step: string | number, inner: Mismatch): Mismatch => ({
  ...inner,
  pointer: pointerStep(step) + inner.pointer,
});
