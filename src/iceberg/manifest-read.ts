/**
 * Manifests from bytes, whoever wrote them (checklist §7; conformance 8.5). Owns decoding and inheritance of what the manifest list
 * knows (checklist 7.9). Does not fetch files.
 */
import { SluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';
import { fromTwosComplement } from '../record/single-value.ts';
import { primitiveName } from '../record/types.ts';
import type { PrimitiveValue } from '../record/values.ts';
import { RecordFields, type Getter } from './avro-fields.ts';
import { avroType, decodeRecords, headerSchema, readAvroFile, type AvroFile } from './avro-file.ts';
import { ADDED, type ContentFile, type EntryStatus, type ManifestEntry } from './manifest-entry.ts';
import type { ManifestFile } from './manifest-file.ts';
import type { PartitionColumn } from './manifest-schema.ts';

/** Entries with snapshot id and sequence numbers resolved. `manifest` is the list's line about it; `columns` those of its spec. */
export function* readManifest(
  bytes: Uint8Array,
  manifest: ManifestFile,
  columns: readonly PartitionColumn[],
): Generator<ManifestEntry> {
  const file = readAvroFile(bytes, manifest.path);
  yield* readEntries(file, manifest, columns);
}

export function* readEntries(
  file: AvroFile,
  manifest: ManifestFile,
  columns: readonly PartitionColumn[],
): Generator<ManifestEntry> {
  const what = manifest.path;
  const entry = new RecordFields(headerSchema(file, what), what);
  const status = entry.getter(0, 'status', true);
  const snapshotId = entry.getter(1, 'snapshot_id');
  const sequence = entry.getter(3, 'sequence_number');
  const fileSequence = entry.getter(4, 'file_sequence_number');
  const dataFile = entry.getter(2, 'data_file', true);
  const toFile = fileReader(entry.typeOf(2, 'data_file'), columns, what);
  for (const record of decodeRecords(file, avroType(file.header.schema), what)) {
    const state = statusOf(status(record), what);
    // Only added entries inherit; an EXISTING one without numbers in a version 1 manifest counts as 0 by way of the list.
    const inherited = state === ADDED || manifest.sequenceNumber === 0n ? manifest.sequenceNumber : null;
    yield {
      status: state,
      snapshotId: long(snapshotId(record)) ?? manifest.addedSnapshotId,
      sequenceNumber: long(sequence(record)) ?? inherited,
      fileSequenceNumber: long(fileSequence(record)) ?? inherited,
      file: toFile(dataFile(record)),
    };
  }
}

function fileReader(
  schema: Json64 | undefined,
  columns: readonly PartitionColumn[],
  what: string,
): (record: unknown) => ContentFile {
  const fields = new RecordFields(schema, what);
  const partition = fields.getter(102, 'partition', true);
  const partitionFields = columns.length === 0 ? undefined : new RecordFields(fields.typeOf(102, 'partition'), what);
  const values = columns.map((column) => ({
    column,
    get: partitionFields?.getter(column.fieldId, column.avroName) ?? (() => null),
  }));
  const [content, path, format] = [
    fields.getter(134, 'content'),
    fields.getter(100, 'file_path', true),
    fields.getter(101, 'file_format', true),
  ];
  const [records, size] = [fields.getter(103, 'record_count', true), fields.getter(104, 'file_size_in_bytes', true)];
  const longs = (id: number, name: string): ((record: unknown) => ReadonlyMap<number, bigint>) => {
    const get = fields.getter(id, name);
    return (record) => new Map(entriesOf(get(record)).map(([key, value]) => [key, toLong(value)]));
  };
  const byteMaps = (id: number, name: string): ((record: unknown) => ReadonlyMap<number, Uint8Array>) => {
    const get = fields.getter(id, name);
    return (record) => new Map(entriesOf(get(record)).map(([key, value]) => [key, value as Uint8Array]));
  };
  const metrics = {
    columnSizes: longs(108, 'column_sizes'),
    valueCounts: longs(109, 'value_counts'),
    nullValueCounts: longs(110, 'null_value_counts'),
    nanValueCounts: longs(137, 'nan_value_counts'),
    lowerBounds: byteMaps(125, 'lower_bounds'),
    upperBounds: byteMaps(128, 'upper_bounds'),
  };
  const rest: readonly (readonly [keyof ContentFile, Getter, (value: unknown) => unknown])[] = [
    ['keyMetadata', fields.getter(131, 'key_metadata'), (value) => value],
    ['splitOffsets', fields.getter(132, 'split_offsets'), (value) => (value as unknown[]).map(toLong)],
    // PyIceberg writes these as long (conformance 8.5).
    ['equalityIds', fields.getter(135, 'equality_ids'), (value) => (value as unknown[]).map(Number)],
    ['sortOrderId', fields.getter(140, 'sort_order_id'), Number],
    ['referencedDataFile', fields.getter(143, 'referenced_data_file'), String],
  ];
  return (record) => {
    const tuple = partition(record);
    const optional = rest.flatMap(([key, get, convert]) => {
      const value = get(record);
      return value === null ? [] : [[key, convert(value)] as const];
    });
    return {
      content: Number(content(record) ?? 0),
      filePath: String(path(record)),
      fileFormat: String(format(record)),
      partition: values.map(({ column, get }) => partitionValue(column, get(tuple), what)),
      recordCount: toLong(records(record)),
      fileSizeInBytes: toLong(size(record)),
      metrics: {
        columnSizes: metrics.columnSizes(record),
        valueCounts: metrics.valueCounts(record),
        nullValueCounts: metrics.nullValueCounts(record),
        nanValueCounts: metrics.nanValueCounts(record),
        lowerBounds: metrics.lowerBounds(record),
        upperBounds: metrics.upperBounds(record),
      },
      ...(Object.fromEntries(optional) as Partial<ContentFile>),
    };
  };
}

/** Widens what was written before a promotion (int under long), and takes decimals from fixed or bytes. */
function partitionValue(column: PartitionColumn, value: unknown, what: string): PrimitiveValue | null {
  if (value === null || value === undefined) return null;
  switch (column.type.kind) {
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return toLong(value);
    case 'decimal':
      if (value instanceof Uint8Array) return fromTwosComplement(value);
      break;
    case 'uuid':
      if (value instanceof Uint8Array) return value;
      if (typeof value === 'string') return Uint8Array.from(Buffer.from(value.replaceAll('-', ''), 'hex'));
      break;
    case 'int':
    case 'date':
      return Number(value);
    default:
      if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
      if (value instanceof Uint8Array) return value;
  }
  throw new SluiceError(
    'corrupt',
    `${what}: partition field ${column.name} does not hold a ${primitiveName(column.type)}`,
  );
}

function statusOf(value: unknown, what: string): EntryStatus {
  if (value === 0 || value === 1 || value === 2) return value;
  throw new SluiceError('corrupt', `${what}: unknown entry status ${String(value)}`);
}

function entriesOf(value: unknown): readonly (readonly [number, unknown])[] {
  if (value === null) return [];
  return (value as readonly { readonly key: unknown; readonly value: unknown }[]).map((pair) => [
    Number(pair.key),
    pair.value,
  ]);
}

const toLong = (value: unknown): bigint => (typeof value === 'bigint' ? value : BigInt(value as number));

const long = (value: unknown): bigint | null => (value === null ? null : toLong(value));
