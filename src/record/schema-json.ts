/**
 * Iceberg schemas and types as JSON, both ways (spec Appendix C; checklist 2.1). Owns the text form only: what a *new* schema may
 * look like is `schema-check.ts`.
 */
import { SluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';
import { PLAIN_TYPES, primitiveName, type Field, type PrimitiveType, type Schema, type Type } from './types.ts';

/** In requests nested ids may be left out (they become 0 and are assigned later); in table metadata they may not. */
export type MissingIds = 'refuse' | 'zero';

type JsonObject = { readonly [key: string]: Json64 };

const PLAIN: ReadonlyMap<string, PrimitiveType> = new Map(PLAIN_TYPES.map((kind) => [kind, { kind }]));

const V3_TYPES = /^(timestamp_ns|timestamptz_ns|variant|unknown|geometry|geography)\b/;

/** Throws kind `invalid-input` on text that is no Iceberg type, `unsupported` on a type of v3. `where` names the place for people. */
export function parsePrimitive(text: string, where: string): PrimitiveType {
  const plain = PLAIN.get(text);
  if (plain !== undefined) return plain;
  const decimal = /^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/.exec(text);
  if (decimal !== null) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  const fixed = /^fixed\[\s*(\d{1,9})\s*\]$/.exec(text);
  if (fixed !== null) return { kind: 'fixed', length: Number(fixed[1]) };
  if (V3_TYPES.test(text))
    throw new SluiceError('unsupported', `${where}: type ${text} needs Iceberg format version 3`, {
      remedy: 'use a type of format version 2',
    });
  throw new SluiceError('invalid-input', `${where}: unknown type '${text}'`, {
    remedy: `use one of ${[...PLAIN.keys()].join(', ')}, decimal(P,S), fixed[L], or a struct, list or map object`,
  });
}

/** Throws as `parsePrimitive`; nested types are objects with `type: struct | list | map`. */
export function parseType(json: Json64 | undefined, where: string, missingIds: MissingIds = 'refuse'): Type {
  if (typeof json === 'string') return parsePrimitive(json, where);
  const node = objectAt(json, where);
  switch (node['type']) {
    case 'struct':
      return { kind: 'struct', fields: parseFields(node['fields'], where, missingIds) };
    case 'list':
      return {
        kind: 'list',
        elementId: idAt(node, 'element-id', where, missingIds),
        element: parseType(node['element'], `${where}.element`, missingIds),
        elementRequired: flagAt(node, 'element-required', where, missingIds),
      };
    case 'map':
      return {
        kind: 'map',
        keyId: idAt(node, 'key-id', where, missingIds),
        key: parseType(node['key'], `${where}.key`, missingIds),
        valueId: idAt(node, 'value-id', where, missingIds),
        value: parseType(node['value'], `${where}.value`, missingIds),
        valueRequired: flagAt(node, 'value-required', where, missingIds),
      };
    default:
      throw invalid(where, `expected a type, got ${JSON.stringify(node['type'])}`);
  }
}

export function parseFields(
  json: Json64 | undefined,
  where: string,
  missingIds: MissingIds = 'refuse',
): readonly Field[] {
  if (!Array.isArray(json)) throw invalid(where, 'fields must be a list');
  return (json as readonly Json64[]).map((member, position) => {
    const node = objectAt(member, `${where}[${position}]`);
    const name = node['name'];
    if (typeof name !== 'string') throw invalid(`${where}[${position}]`, 'name must be text');
    const path = where === '' ? name : `${where}.${name}`;
    const doc = node['doc'];
    return {
      id: idAt(node, 'id', path, missingIds),
      name,
      required: flagAt(node, 'required', path, missingIds),
      type: parseType(node['type'], path, missingIds),
      ...(typeof doc === 'string' ? { doc } : {}),
    };
  });
}

/** `what` names the document for people. Schemas of v1 files may lack an id: it counts as 0. */
export function parseSchema(json: Json64 | undefined, what: string): Schema {
  const node = objectAt(json, what);
  const identifiers = node['identifier-field-ids'];
  return {
    schemaId: node['schema-id'] === undefined ? 0 : idAt(node, 'schema-id', what, 'refuse'),
    fields: parseFields(node['fields'], what),
    ...(Array.isArray(identifiers) && identifiers.length > 0
      ? { identifierFieldIds: identifiers.map((id: Json64) => integer(id, `${what}: identifier-field-ids`)) }
      : {}),
  };
}

export function typeJson(type: Type): Json64 {
  switch (type.kind) {
    case 'struct':
      return { type: 'struct', fields: type.fields.map(fieldJson) };
    case 'list':
      return {
        type: 'list',
        'element-id': type.elementId,
        element: typeJson(type.element),
        'element-required': type.elementRequired,
      };
    case 'map':
      return {
        type: 'map',
        'key-id': type.keyId,
        key: typeJson(type.key),
        'value-id': type.valueId,
        value: typeJson(type.value),
        'value-required': type.valueRequired,
      };
    default:
      return primitiveName(type);
  }
}

export function schemaJson(schema: Schema): JsonObject {
  return {
    type: 'struct',
    'schema-id': schema.schemaId,
    ...(schema.identifierFieldIds === undefined ? {} : { 'identifier-field-ids': [...schema.identifierFieldIds] }),
    fields: schema.fields.map(fieldJson),
  };
}

const fieldJson = (field: Field): JsonObject => ({
  id: field.id,
  name: field.name,
  required: field.required,
  type: typeJson(field.type),
  ...(field.doc === undefined ? {} : { doc: field.doc }),
});

function objectAt(json: Json64 | undefined, where: string): JsonObject {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw invalid(where, 'expected an object');
  return json as JsonObject;
}

function idAt(node: JsonObject, key: string, where: string, missingIds: MissingIds): number {
  if (node[key] === undefined && missingIds === 'zero') return 0;
  return integer(node[key], `${where}: ${key}`);
}

function integer(json: Json64 | undefined, where: string): number {
  if (typeof json !== 'number' || !Number.isInteger(json)) throw invalid(where, 'expected an integer');
  return json;
}

function flagAt(node: JsonObject, key: string, where: string, missingIds: MissingIds): boolean {
  const flag = node[key];
  if (flag === undefined && missingIds === 'zero') return false;
  if (typeof flag !== 'boolean') throw invalid(where, `${key} must be true or false`);
  return flag;
}

const invalid = (where: string, problem: string): SluiceError =>
  new SluiceError('invalid-input', `schema ${where}: ${problem}`);
