/**
 * Manifests to bytes (checklist §7). Owns encoding, counts and summaries. Does not name or store files, nor choose what goes in.
 */
import type { Type } from 'avsc';
import { stringifyJson64 } from '../core/json64.ts';
import type { Random } from '../core/runtime.ts';
import { specFieldsJson } from '../record/partition-json.ts';
import type { PartitionSpec } from '../record/partition-spec.ts';
import { twosComplementFixed } from '../record/single-value.ts';
import type { PrimitiveValue } from '../record/values.ts';
import { avroType, encodeBlocks, writeAvroFile, type AvroBlock } from './avro-file.ts';
import { ADDED, DELETED, type ManifestEntry } from './manifest-entry.ts';
import { summarise, type FieldSummary } from './manifest-file.ts';
import { decimalBytes, manifestEntrySchema, partitionColumns, type PartitionColumn } from './manifest-schema.ts';
import { currentSchema, sourceTypes, type TableMetadata } from './metadata.ts';
import { schemaJson } from '../record/schema-json.ts';

/** Everything that manifests of one spec of one table have in common. */
export interface ManifestForm {
  readonly spec: PartitionSpec;
  readonly columns: readonly PartitionColumn[];
  /** The text of `avro.schema`. */
  readonly avroSchema: string;
  readonly type: Type;
  /** Header metadata (checklist 7.1). */
  readonly header: ReadonlyMap<string, string>;
}

/** What the manifest list says about the manifest, but for its place and the commit's sequence number. */
export interface WrittenManifest {
  readonly bytes: Uint8Array;
  readonly specId: number;
  readonly addedFiles: number;
  readonly existingFiles: number;
  readonly deletedFiles: number;
  readonly addedRows: bigint;
  readonly existingRows: bigint;
  readonly deletedRows: bigint;
  /** Of live entries that have one; undefined when all inherit (checklist 8.4). */
  readonly minSequenceNumber?: bigint;
  readonly partitions?: readonly FieldSummary[];
}

export function manifestForm(
  metadata: TableMetadata,
  spec: PartitionSpec,
  content: 'data' | 'deletes' = 'data',
): ManifestForm {
  const columns = partitionColumns(spec, sourceTypes(metadata, spec));
  const avroSchema = stringifyJson64(manifestEntrySchema(columns));
  const schema = currentSchema(metadata);
  return {
    spec,
    columns,
    avroSchema,
    type: avroType(avroSchema),
    header: new Map([
      ['schema', stringifyJson64(schemaJson(schema))],
      ['schema-id', String(schema.schemaId)],
      ['partition-spec', stringifyJson64(specFieldsJson(spec))],
      ['partition-spec-id', String(spec.specId)],
      ['format-version', '2'],
      ['content', content],
    ]),
  };
}

export function writeManifest(form: ManifestForm, entries: readonly ManifestEntry[], random: Random): WrittenManifest {
  const blocks = encodeEntries(form, entries);
  const types = form.columns.map((column) => column.type);
  const tuples = entries.filter((entry) => entry.status !== DELETED).map((entry) => entry.file.partition);
  const live = entries
    .filter((entry) => entry.status !== DELETED)
    .flatMap((entry) => (entry.sequenceNumber === null ? [] : [entry.sequenceNumber]));
  const of = (status: number) => {
    const rows = entries.filter((entry) => entry.status === status).map((entry) => entry.file.recordCount);
    return { files: rows.length, rows: rows.reduce((sum, count) => sum + count, 0n) };
  };
  const [existing, added, deleted] = [of(0), of(ADDED), of(DELETED)];
  const partitions = summarise(types, tuples);
  return {
    bytes: writeAvroFile(form.avroSchema, form.header, blocks, random),
    specId: form.spec.specId,
    addedFiles: added.files,
    existingFiles: existing.files,
    deletedFiles: deleted.files,
    addedRows: added.rows,
    existingRows: existing.rows,
    deletedRows: deleted.rows,
    ...(live.length === 0 ? {} : { minSequenceNumber: live.reduce((low, next) => (next < low ? next : low)) }),
    ...(partitions === undefined ? {} : { partitions }),
  };
}

export const encodeEntries = (form: ManifestForm, entries: readonly ManifestEntry[]): readonly AvroBlock[] =>
  encodeBlocks(
    form.type,
    entries.map((entry) => entryRecord(form.columns, entry)),
  );

function entryRecord(columns: readonly PartitionColumn[], { file, ...entry }: ManifestEntry): unknown {
  const { metrics } = file;
  return {
    status: entry.status,
    snapshot_id: entry.snapshotId,
    sequence_number: entry.sequenceNumber,
    file_sequence_number: entry.fileSequenceNumber,
    data_file: {
      content: file.content,
      file_path: file.filePath,
      file_format: file.fileFormat,
      partition: Object.fromEntries(
        columns.map((column, position) => [column.avroName, partitionValue(column, file.partition[position] ?? null)]),
      ),
      record_count: file.recordCount,
      file_size_in_bytes: file.fileSizeInBytes,
      column_sizes: pairs(metrics.columnSizes),
      value_counts: pairs(metrics.valueCounts),
      null_value_counts: pairs(metrics.nullValueCounts),
      nan_value_counts: pairs(metrics.nanValueCounts),
      lower_bounds: pairs(metrics.lowerBounds),
      upper_bounds: pairs(metrics.upperBounds),
      key_metadata: file.keyMetadata === undefined ? null : buffer(file.keyMetadata),
      split_offsets: file.splitOffsets ?? null,
      equality_ids: file.equalityIds ?? null,
      sort_order_id: file.sortOrderId ?? null,
      referenced_data_file: file.referencedDataFile ?? null,
    },
  };
}

function partitionValue(column: PartitionColumn, value: PrimitiveValue | null): unknown {
  if (value === null) return null;
  if (column.type.kind === 'decimal')
    return buffer(twosComplementFixed(value as bigint, decimalBytes(column.type.precision)));
  return value instanceof Uint8Array ? buffer(value) : value;
}

/** In ascending order of ids; an empty map says as little as none. */
function pairs(map: ReadonlyMap<number, bigint | Uint8Array>): unknown {
  if (map.size === 0) return null;
  return [...map]
    .sort(([a], [b]) => a - b)
    .map(([key, value]) => ({ key, value: value instanceof Uint8Array ? buffer(value) : value }));
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
