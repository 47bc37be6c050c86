/** A table definition from a request body, and in what an existing table differs from it. */
import type { TableView } from '../contracts/table-format.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import { assignFreshIds, findField, walkFields } from '../record/schema-check.ts';
import type { Transform } from '../record/partition-spec.ts';
import { transformName } from '../record/partition-spec.ts';
import { CREATABLE_NAME_RULE, isCreatableName, parseTableName } from '../record/table-name.ts';
import { parseTableInput } from '../record/table-input.ts';
import { typeJson } from '../record/schema-json.ts';
import type { Problem } from '../record/type-text.ts';
import { isRecord, refuseUnknownKeys } from '../record/type-text.ts';
import type { Field, Schema } from '../record/types.ts';
import { ProblemError } from './problems.ts';

const KEYS = ['name', 'schema', 'partition_by', 'sort_by', 'identifier', 'properties'];

/** Throws 422 with every fault and its JSON pointer. `maxColumns` counts nested ones too. */
export function definitionOf(body: unknown, maxColumns: number): TableDefinition {
  if (!isRecord(body)) throw invalidTable([{ path: [], message: `expected an object of ${KEYS.join(', ')}` }]);
  const problems: Problem[] = [];
  refuseUnknownKeys(body, KEYS, [], problems);
  const { name: text, schema, partition_by, sort_by, identifier, properties = {} } = body;
  const name = typeof text === 'string' ? parseTableName(text) : undefined;
  if (name === undefined || !isCreatableName(name)) problems.push({ path: ['name'], message: CREATABLE_NAME_RULE });
  const entries = isRecord(properties) ? Object.entries(properties) : [];
  if (!isRecord(properties)) problems.push({ path: ['properties'], message: 'expected an object of texts' });
  for (const [key, value] of entries)
    if (typeof value !== 'string') problems.push({ path: ['properties', key], message: 'expected a text' });
  const parsed = parseTableInput({ schema, partition_by, sort_by, identifier });
  if (parsed.kind === 'refused') problems.push(...parsed.problems);
  else {
    const columns = [...walkFields(parsed.shape.fields)].length;
    if (columns > maxColumns)
      problems.push({
        path: ['schema'],
        message: `${columns} columns, nested ones included, where at most ${maxColumns} are taken (server.limits.max_columns)`,
      });
  }
  if (problems.length > 0 || name === undefined || parsed.kind === 'refused') throw invalidTable(problems);
  const { fields, partition, sortOrder, identifierFieldIds } = parsed.shape;
  return {
    name,
    fields,
    partition,
    sortOrder,
    ...(identifierFieldIds.length > 0 ? { identifierFieldIds } : {}),
    properties: new Map(entries.map(([key, value]) => [key, String(value)])),
  };
}

/** What would have to change for the existing table to be the one described; ids do not count. Empty: the same table. */
export function differences(definition: TableDefinition, view: TableView): readonly string[] {
  const wanted: Schema = {
    schemaId: 0,
    fields: definition.fields,
    identifierFieldIds: definition.identifierFieldIds ?? [],
  };
  const sources = (fields: readonly { readonly sourceId: number; readonly transform: Transform }[], schema: Schema) =>
    fields.map((field) => `${transformName(field.transform)}(${findField(schema, field.sourceId)?.path ?? '?'})`);
  const names = (schema: Schema) =>
    (schema.identifierFieldIds ?? []).map((id) => findField(schema, id)?.path ?? '?').sort();
  const sorting = (order: TableDefinition['sortOrder'], schema: Schema) =>
    (order?.fields ?? []).map(
      (field, index) => `${sources(order?.fields ?? [], schema)[index]} ${field.direction} ${field.nullOrder}`,
    );
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['schema', shapeOf(wanted.fields), shapeOf(view.schema.fields)],
    ['identifier', names(wanted), names(view.schema)],
    ['partition_by', sources(definition.partition, wanted), sources(view.spec.fields, view.schema)],
    ['sort_by', sorting(definition.sortOrder, wanted), sorting(view.sortOrder, view.schema)],
    ...[...definition.properties].map(
      ([key, value]) => [`property ${key}`, value, view.properties.get(key) ?? null] as const,
    ),
  ];
  return pairs.flatMap(([what, asked, there]) => {
    const [a, b] = [JSON.stringify(asked), JSON.stringify(there)];
    return a === b ? [] : [`${what} is ${b}, asked for ${a}`];
  });
}

/** Names, types and nullability; ids are renumbered so that they compare equal. */
const shapeOf = (fields: readonly Field[]): unknown =>
  typeJson({ kind: 'struct', fields: assignFreshIds(fields).fields });

function invalidTable(problems: readonly Problem[]): ProblemError {
  return new ProblemError('invalid-table', problems.map(({ message }) => message).join('; '), {
    extras: {
      errors: problems.map(({ path, message }) => ({
        pointer: path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
        detail: message,
      })),
    },
  });
}
