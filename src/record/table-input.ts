/**
 * A table as configuration and clients describe it: fields, `partition_by`, `sort_by`, `identifier`. Owns the input forms of
 * partition and sort fields and what they may name (spec "Partition Transforms", checklist §3, §4). The rules of schemas are
 * `schema-check.ts`; names of tables and creating them are not here.
 */
import type { PartitionField, SortField, SortOrder, Transform } from './partition-spec.ts';
import { transformName } from './partition-spec.ts';
import { assignFreshIds, schemaProblems } from './schema-check.ts';
import { parseTransformCall } from './transform-text.ts';
import { isApplicable } from './transforms.ts';
import type { Problem } from './type-text.ts';
import { isRecord, parseFields, refuseUnknownKeys } from './type-text.ts';
import type { Field, PrimitiveType } from './types.ts';
import { isPrimitive, primitiveName } from './types.ts';

export interface TableInput {
  /** A list of fields, or an Iceberg schema object `{type: struct, fields}`. */
  readonly schema: unknown;
  /** `day(ts)`, `bucket(16, user_id)`, `country`, or `{source, transform, name?}`. */
  readonly partition_by?: unknown;
  /** `ts`, `ts desc nulls last`, `bucket(16, id)`, or `{source, transform?, direction?, null_order?}`. */
  readonly sort_by?: unknown;
  /** Names of required fields that together identify a row. */
  readonly identifier?: unknown;
}

export interface TableShape {
  readonly fields: readonly Field[];
  readonly identifierFieldIds: readonly number[];
  readonly partition: readonly Omit<PartitionField, 'fieldId'>[];
  readonly sortOrder: SortOrder;
}

export type TableInputOutcome =
  | { readonly kind: 'parsed'; readonly shape: TableShape }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** All problems at once, each with the path into the input. */
export function parseTableInput(input: TableInput): TableInputOutcome {
  const problems: Problem[] = [];
  const list = isRecord(input.schema) ? input.schema['fields'] : input.schema;
  const path = isRecord(input.schema) ? ['schema', 'fields'] : ['schema'];
  const { fields } = assignFreshIds(parseFields(list, path, problems));
  const columns = new Map(primitiveColumns(fields));
  const partition = eachOf(input.partition_by, 'partition_by', problems, (item, at) =>
    partitionField(item, at, columns, problems),
  );
  checkPartitionNames(partition, columns, problems);
  const sortFields = eachOf(input.sort_by, 'sort_by', problems, (item, at) => sortField(item, at, columns, problems));
  const identifierFieldIds = eachOf(input.identifier, 'identifier', problems, (item, at) => {
    const column = typeof item === 'string' ? columns.get(item) : undefined;
    if (column === undefined) problems.push({ path: at, message: `${JSON.stringify(item)} is not a column` });
    return column?.id;
  });
  if (problems.length === 0)
    problems.push(
      ...schemaProblems({ schemaId: 0, fields, identifierFieldIds }).map((message) => ({ path: ['schema'], message })),
    );
  if (problems.length > 0) return { kind: 'refused', problems };
  return {
    kind: 'parsed',
    shape: {
      fields,
      identifierFieldIds,
      partition,
      sortOrder: { orderId: sortFields.length > 0 ? 1 : 0, fields: sortFields },
    },
  };
}

interface Column {
  readonly id: number;
  readonly type: PrimitiveType;
}

/** Primitive columns by dotted name; inside lists and maps there are none (spec: source columns). */
export function* primitiveColumns(fields: readonly Field[], prefix = ''): Generator<[string, Column]> {
  for (const field of fields)
    if (isPrimitive(field.type)) yield [prefix + field.name, { id: field.id, type: field.type }];
    else if (field.type.kind === 'struct') yield* primitiveColumns(field.type.fields, `${prefix}${field.name}.`);
}

function eachOf<T>(
  value: unknown,
  key: string,
  problems: Problem[],
  parse: (item: unknown, path: readonly (string | number)[]) => T | undefined,
): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    problems.push({ path: [key], message: 'expected a list' });
    return [];
  }
  return value.flatMap((item: unknown, index) => parse(item, [key, index]) ?? []);
}

type Path = readonly (string | number)[];

function partitionField(
  item: unknown,
  path: Path,
  columns: ReadonlyMap<string, Column>,
  problems: Problem[],
): Omit<PartitionField, 'fieldId'> | undefined {
  const parsed = sourceAndTransform(item, path, columns, problems, ['source', 'transform', 'name']);
  if (parsed === undefined) return undefined;
  const name = isRecord(item) ? item['name'] : undefined;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    problems.push({ path: [...path, 'name'], message: 'expected a name' });
    return undefined;
  }
  return {
    sourceId: parsed.column.id,
    name: name ?? defaultName(parsed.source, parsed.transform),
    transform: parsed.transform,
  };
}

function sortField(
  item: unknown,
  path: Path,
  columns: ReadonlyMap<string, Column>,
  problems: Problem[],
): SortField | undefined {
  const words =
    typeof item === 'string' ? /^(.*?)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?$/i.exec(item.trim()) : null;
  const call = words === null ? item : words[1];
  const parsed = sourceAndTransform(call, path, columns, problems, ['source', 'transform', 'direction', 'null_order']);
  if (parsed === undefined) return undefined;
  const direction = (words === null ? isRecord(item) && item['direction'] : words[2]?.toLowerCase()) || 'asc';
  if (direction !== 'asc' && direction !== 'desc') {
    problems.push({ path: [...path, 'direction'], message: 'expected asc or desc' });
    return undefined;
  }
  const nulls = words === null ? isRecord(item) && item['null_order'] : words[3] && `nulls-${words[3].toLowerCase()}`;
  const nullOrder = nulls || (direction === 'asc' ? 'nulls-first' : 'nulls-last');
  if (nullOrder !== 'nulls-first' && nullOrder !== 'nulls-last') {
    problems.push({ path: [...path, 'null_order'], message: 'expected nulls-first or nulls-last' });
    return undefined;
  }
  return { sourceId: parsed.column.id, transform: parsed.transform, direction, nullOrder };
}

function sourceAndTransform(
  item: unknown,
  path: Path,
  columns: ReadonlyMap<string, Column>,
  problems: Problem[],
  keys: readonly string[],
): { readonly source: string; readonly column: Column; readonly transform: Transform } | undefined {
  const refuse = (message: string): undefined => {
    problems.push({ path, message });
    return undefined;
  };
  let call: unknown = item;
  if (isRecord(item)) {
    refuseUnknownKeys(item, keys, path, problems);
    const { source, transform = 'identity' } = item;
    if (typeof source !== 'string' || typeof transform !== 'string') return refuse('expected {source, transform}');
    call =
      transform === 'identity'
        ? source
        : transform.replace(/^(\w+)(?:\[(\d+)\])?$/, (_all, name: string, n?: string) =>
            n === undefined ? `${name}(${source})` : `${name}(${n}, ${source})`,
          );
  }
  const parsed = typeof call === 'string' ? parseTransformCall(call) : undefined;
  if (parsed === undefined)
    return refuse('expected a column or a transform of one, such as day(ts), bucket(16, id), truncate(4, name)');
  const column = columns.get(parsed.source);
  if (column === undefined)
    return refuse(`"${parsed.source}" is not a primitive column; expected one of ${[...columns.keys()].join(', ')}`);
  if (!isApplicable(parsed.transform, column.type))
    return refuse(
      `${transformName(parsed.transform)} does not apply to "${parsed.source}", a ${primitiveName(column.type)}`,
    );
  return { source: parsed.source, column, transform: parsed.transform };
}

/** The names Iceberg's own builder gives. */
function defaultName(source: string, transform: Transform): string {
  if (transform.kind === 'identity') return source;
  if (transform.kind === 'truncate') return `${source}_trunc`;
  return transform.kind === 'void' ? `${source}_null` : `${source}_${transform.kind}`;
}

function checkPartitionNames(
  partition: readonly Omit<PartitionField, 'fieldId'>[],
  columns: ReadonlyMap<string, Column>,
  problems: Problem[],
): void {
  const names = new Set<string>();
  const calls = new Set<string>();
  for (const [index, field] of partition.entries()) {
    const path = ['partition_by', index];
    const call = `${field.sourceId} ${transformName(field.transform)}`;
    const namesake = columns.get(field.name);
    if (calls.has(call)) problems.push({ path, message: 'the same transform of the same column stands here twice' });
    else if (names.has(field.name)) problems.push({ path, message: `two partition fields are named "${field.name}"` });
    if (namesake !== undefined && (field.transform.kind !== 'identity' || namesake.id !== field.sourceId))
      problems.push({
        path,
        message: `partition field "${field.name}" has the name of a column; give it another: {source, transform, name}`,
      });
    names.add(field.name);
    calls.add(call);
  }
}
