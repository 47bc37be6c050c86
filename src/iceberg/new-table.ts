/** The first metadata of a table (checklist 1.1–1.5, 1.13, 3.2, 13.5). Pure but for the uuid. Owns the rules of definitions; stores nothing. */
import type { TableDefinition } from '../contracts/tables.ts';
import { SluiceError } from '../core/errors.ts';
import { formatTableName } from '../core/ids.ts';
import { sortOrderJson, specJson } from '../record/partition-json.ts';
import { transformName, type PartitionField, type PartitionSpec, type SortOrder } from '../record/partition-spec.ts';
import { assertSchema, assignFreshIds, findField, lastColumnId } from '../record/schema-check.ts';
import { schemaJson } from '../record/schema-json.ts';
import { isApplicable } from '../record/transforms.ts';
import { isPrimitive, primitiveName, type PrimitiveType, type Schema } from '../record/types.ts';
import type { TableMetadata } from './metadata.ts';

const FIRST_PARTITION_FIELD_ID = 1000;

/** Members of metadata that Java keeps out of the properties (`TableProperties.RESERVED_PROPERTIES`). */
const RESERVED_PROPERTIES: ReadonlySet<string> = new Set([
  'uuid',
  'snapshot-count',
  'current-snapshot-summary',
  'current-snapshot-id',
  'current-snapshot-timestamp-ms',
  'current-schema',
  'default-partition-spec',
  'default-sort-order',
]);

/** As Java sets it for new tables; given values win. */
const DEFAULT_PROPERTIES: Readonly<Record<string, string>> = { 'write.parquet.compression-codec': 'zstd' };

/** Throws kind `invalid-input` (`unsupported` for other format versions) naming what is wrong with the definition. */
export function newTableMetadata(
  definition: TableDefinition,
  location: string,
  uuid: string,
  nowMs: number,
): TableMetadata {
  const { fields, idOf } = assignFreshIds(definition.fields);
  const newId = (old: number, what: string): number => {
    const id = idOf(old);
    if (id === undefined) throw invalid(definition, `${what} names field id ${old}, which is not in the schema`);
    return id;
  };
  const identifiers = (definition.identifierFieldIds ?? []).map((id) => newId(id, 'the identifier'));
  const schema: Schema = {
    schemaId: 0,
    fields,
    ...(identifiers.length === 0 ? {} : { identifierFieldIds: identifiers }),
  };
  assertSchema(schema);
  const spec = newSpec(definition, schema, newId);
  const order = newSortOrder(definition, schema, newId);
  return {
    formatVersion: 2,
    tableUuid: uuid,
    location,
    lastSequenceNumber: 0n,
    lastUpdatedMs: nowMs,
    lastColumnId: lastColumnId(schema),
    schemas: [schemaJson(schema)],
    currentSchemaId: 0,
    partitionSpecs: [specJson(spec)],
    defaultSpecId: 0,
    lastPartitionId: FIRST_PARTITION_FIELD_ID - 1 + spec.fields.length,
    sortOrders: [sortOrderJson(order)],
    defaultSortOrderId: order.orderId,
    properties: newProperties(definition),
    snapshots: [],
    snapshotLog: [],
    metadataLog: [],
    refs: {},
    rest: {},
  };
}

function newSpec(
  definition: TableDefinition,
  schema: Schema,
  newId: (old: number, what: string) => number,
): PartitionSpec {
  const names = new Set<string>();
  const sources = new Set<string>();
  const fields = definition.partition.map((field, position): PartitionField => {
    const sourceId = newId(field.sourceId, `partition field ${field.name}`);
    const transform = transformName(field.transform);
    const source = sourceOf(definition, schema, sourceId, `partition field ${field.name}`);
    if (!isApplicable(field.transform, source))
      throw invalid(definition, `partition field ${field.name}: ${transform} does not take ${primitiveName(source)}`);
    // Iceberg Java, and Spark with it, cannot read such values as Avro and the specification have them (promise P3).
    if (field.transform.kind === 'identity' && source.kind === 'fixed')
      throw new SluiceError(
        'unsupported',
        `table ${formatTableName(definition.name)}: partition field ${field.name} is a ${primitiveName(source)}, which Iceberg Java and Spark cannot read in a partition`,
        { remedy: 'partition by bucket(n, column), or declare the column binary' },
      );
    if (field.name === '' || names.has(field.name))
      throw invalid(definition, `partition field '${field.name}': names must be there and differ`);
    if (sources.has(`${sourceId} ${transform}`))
      throw invalid(definition, `partition field ${field.name} repeats another one`);
    const column = schema.fields.find((candidate) => candidate.name === field.name);
    // Java's rule: a name may be a column's only if the values are the column's own.
    if (column !== undefined && !(column.id === sourceId && field.transform.kind === 'identity'))
      throw invalid(definition, `partition field ${field.name} has the name of a column`);
    names.add(field.name);
    sources.add(`${sourceId} ${transform}`);
    return { sourceId, fieldId: FIRST_PARTITION_FIELD_ID + position, name: field.name, transform: field.transform };
  });
  return { specId: 0, fields };
}

function newSortOrder(
  definition: TableDefinition,
  schema: Schema,
  newId: (old: number, what: string) => number,
): SortOrder {
  const fields = (definition.sortOrder?.fields ?? []).map((field) => {
    const sourceId = newId(field.sourceId, 'the sort order');
    const source = sourceOf(definition, schema, sourceId, 'the sort order');
    if (!isApplicable(field.transform, source))
      throw invalid(
        definition,
        `the sort order: ${transformName(field.transform)} does not take ${primitiveName(source)}`,
      );
    return { ...field, sourceId };
  });
  // Order 0 is reserved for "unsorted" (checklist 1.5).
  return { orderId: fields.length === 0 ? 0 : 1, fields };
}

function sourceOf(definition: TableDefinition, schema: Schema, id: number, what: string): PrimitiveType {
  const at = findField(schema, id);
  if (at === undefined || at.repeated || !isPrimitive(at.field.type))
    throw invalid(definition, `${what}: its source must be a primitive column outside lists and maps`);
  return at.field.type;
}

function newProperties(definition: TableDefinition): Readonly<Record<string, string>> {
  const given = new Map(definition.properties);
  const version = given.get('format-version') ?? '2';
  given.delete('format-version');
  if (version !== '2')
    throw new SluiceError('unsupported', `table ${formatTableName(definition.name)}: format version ${version}`, {
      remedy: "leave out 'format-version', or set it to 2",
    });
  for (const key of given.keys())
    if (RESERVED_PROPERTIES.has(key) || key.startsWith('sluice.progress.'))
      throw invalid(definition, `property ${key} is reserved`);
  return { ...DEFAULT_PROPERTIES, ...Object.fromEntries(given) };
}

const invalid = (definition: TableDefinition, problem: string): SluiceError =>
  new SluiceError('invalid-input', `table ${formatTableName(definition.name)}: ${problem}`);
