/** Partition specs, sort orders and transforms as JSON, both ways (spec Appendix C; checklist 3.1, 4.1). Owns the text form only. */
import { SluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';
import {
  transformName,
  type PartitionField,
  type PartitionSpec,
  type SortField,
  type SortOrder,
  type Transform,
} from './partition-spec.ts';

type JsonObject = { readonly [key: string]: Json64 };

/** Throws kind `unsupported` on a transform this version does not know (checklist 3.10: then nobody may commit). */
export function parseTransform(text: string, where: string): Transform {
  switch (text) {
    case 'identity':
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'void':
      return { kind: text };
    default: {
      const match = /^(bucket|truncate)\[(\d{1,10})\]$/.exec(text);
      const width = Number(match?.[2]);
      if (match !== null && width >= 1 && width <= 0x7fff_ffff)
        return match[1] === 'bucket' ? { kind: 'bucket', buckets: width } : { kind: 'truncate', width };
      throw new SluiceError('unsupported', `${where}: unknown transform '${text}'`, {
        remedy: 'use identity, year, month, day, hour, bucket[N], truncate[W] or void',
      });
    }
  }
}

export function parseSpec(json: Json64 | undefined, what: string): PartitionSpec {
  const node = objectAt(json, what);
  return { specId: integer(node['spec-id'], `${what}: spec-id`), fields: parseSpecFields(node['fields'], what) };
}

/** The list under `fields`, which is also what a manifest's header holds (checklist 7.1). */
export function parseSpecFields(json: Json64 | undefined, what: string): readonly PartitionField[] {
  return listAt(json, what).map((member) => {
    const node = objectAt(member, what);
    const name = text(node['name'], `${what}: name`);
    return {
      sourceId: sourceId(node, `${what} ${name}`),
      fieldId: integer(node['field-id'], `${what} ${name}: field-id`),
      name,
      transform: parseTransform(text(node['transform'], `${what} ${name}: transform`), `${what} ${name}`),
    };
  });
}

export function parseSortOrder(json: Json64 | undefined, what: string): SortOrder {
  const node = objectAt(json, what);
  return {
    orderId: integer(node['order-id'], `${what}: order-id`),
    fields: listAt(node['fields'], what).map((member): SortField => {
      const field = objectAt(member, what);
      return {
        sourceId: sourceId(field, what),
        transform: parseTransform(text(field['transform'], `${what}: transform`), what),
        direction: oneOf(field['direction'], ['asc', 'desc'], `${what}: direction`),
        nullOrder: oneOf(field['null-order'], ['nulls-first', 'nulls-last'], `${what}: null-order`),
      };
    }),
  };
}

export const specFieldsJson = (spec: PartitionSpec): readonly JsonObject[] =>
  spec.fields.map((field) => ({
    name: field.name,
    transform: transformName(field.transform),
    'source-id': field.sourceId,
    'field-id': field.fieldId,
  }));

export const specJson = (spec: PartitionSpec): JsonObject => ({
  'spec-id': spec.specId,
  fields: specFieldsJson(spec),
});

export const sortOrderJson = (order: SortOrder): JsonObject => ({
  'order-id': order.orderId,
  fields: order.fields.map((field) => ({
    transform: transformName(field.transform),
    'source-id': field.sourceId,
    direction: field.direction,
    'null-order': field.nullOrder,
  })),
});

/** v3 files may name several sources; one transform of several sources is not known to this version. */
function sourceId(node: JsonObject, where: string): number {
  const several = node['source-ids'];
  if (node['source-id'] === undefined && Array.isArray(several) && several.length === 1)
    return integer((several as readonly Json64[])[0], `${where}: source-ids`);
  if (node['source-id'] === undefined && Array.isArray(several))
    throw new SluiceError('unsupported', `${where}: transforms of several sources are not supported`);
  return integer(node['source-id'], `${where}: source-id`);
}

function oneOf<T extends string>(value: Json64 | undefined, allowed: readonly T[], where: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(where, `expected ${allowed.join(' or ')}`);
  return found;
}

function objectAt(json: Json64 | undefined, where: string): JsonObject {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw invalid(where, 'expected an object');
  return json as JsonObject;
}

function listAt(json: Json64 | undefined, where: string): readonly Json64[] {
  if (!Array.isArray(json)) throw invalid(where, 'fields must be a list');
  return json as readonly Json64[];
}

function integer(json: Json64 | undefined, where: string): number {
  if (typeof json !== 'number' || !Number.isInteger(json)) throw invalid(where, 'expected an integer');
  return json;
}

function text(json: Json64 | undefined, where: string): string {
  if (typeof json !== 'string') throw invalid(where, 'expected text');
  return json;
}

const invalid = (where: string, problem: string): SluiceError =>
  new SluiceError('invalid-input', `${where}: ${problem}`);
