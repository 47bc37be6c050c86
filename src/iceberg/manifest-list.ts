/** Manifest lists to bytes and back (checklist §8). Owns no naming and no choice of manifests. */
import { SluiceError } from '../core/errors.ts';
import { stringifyJson64, type Json64 } from '../core/json64.ts';
import type { Random } from '../core/runtime.ts';
import { RecordFields } from './avro-fields.ts';
import { avroType, decodeRecords, encodeBlocks, headerSchema, readAvroFile, writeAvroFile } from './avro-file.ts';
import type { FieldSummary, ManifestFile } from './manifest-file.ts';
import { MANIFEST_LIST_SCHEMA } from './manifest-schema.ts';

const SCHEMA = stringifyJson64(MANIFEST_LIST_SCHEMA);
const TYPE = avroType(SCHEMA);

export interface ListHeader {
  readonly snapshotId: bigint;
  readonly parentId: bigint | undefined;
  readonly sequenceNumber: bigint;
}

export function writeManifestList(header: ListHeader, manifests: readonly ManifestFile[], random: Random): Uint8Array {
  const metadata = new Map([
    ['snapshot-id', String(header.snapshotId)],
    // Java writes the text "null" for a first snapshot (checklist 8.1).
    ['parent-snapshot-id', String(header.parentId ?? null)],
    ['sequence-number', String(header.sequenceNumber)],
    ['format-version', '2'],
  ]);
  return writeAvroFile(SCHEMA, metadata, encodeBlocks(TYPE, manifests.map(toRecord)), random);
}

/** In the file's order. `what` is its URI. */
export function readManifestList(bytes: Uint8Array, what: string): readonly ManifestFile[] {
  const file = readAvroFile(bytes, what);
  const schema = headerSchema(file, what);
  const fields = new RecordFields(schema, what);
  const need = (id: number, name: string) => fields.getter(id, name, true);
  const [path, length, specId] = [
    need(500, 'manifest_path'),
    need(501, 'manifest_length'),
    need(502, 'partition_spec_id'),
  ];
  const addedSnapshot = need(503, 'added_snapshot_id');
  // What version 1 lists lack counts as data with sequence number 0.
  const content = fields.getter(517, 'content');
  const [sequence, minSequence] = [fields.getter(515, 'sequence_number'), fields.getter(516, 'min_sequence_number')];
  // Required in version 2: without them nobody could tell which manifests still hold files.
  const files = [
    need(504, 'added_files_count'),
    need(505, 'existing_files_count'),
    need(506, 'deleted_files_count'),
  ] as const;
  const rows = [
    need(512, 'added_rows_count'),
    need(513, 'existing_rows_count'),
    need(514, 'deleted_rows_count'),
  ] as const;
  const count = (value: unknown): bigint => {
    if (value === null) throw new SluiceError('corrupt', `${what}: a manifest has no counts of files or rows`);
    return long(value);
  };
  const partitions = fields.getter(507, 'partitions');
  const keyMetadata = fields.getter(519, 'key_metadata');
  const summary = summaryReader(fields, what);
  const result: ManifestFile[] = [];
  for (const record of decodeRecords(file, avroType(file.header.schema), what)) {
    const summaries = partitions(record);
    const key = keyMetadata(record);
    result.push({
      path: String(path(record)),
      length: long(length(record)),
      specId: Number(specId(record)),
      content: Number(content(record) ?? 0),
      sequenceNumber: long(sequence(record)),
      minSequenceNumber: long(minSequence(record)),
      addedSnapshotId: long(addedSnapshot(record)),
      addedFiles: Number(count(files[0](record))),
      existingFiles: Number(count(files[1](record))),
      deletedFiles: Number(count(files[2](record))),
      addedRows: count(rows[0](record)),
      existingRows: count(rows[1](record)),
      deletedRows: count(rows[2](record)),
      ...(summaries === null ? {} : { partitions: (summaries as unknown[]).map(summary) }),
      ...(key === null ? {} : { keyMetadata: key as Uint8Array }),
    });
  }
  return result;
}

function summaryReader(fields: RecordFields, what: string): (record: unknown) => FieldSummary {
  const list = fields.typeOf(507, 'partitions');
  // A list without the column has no summaries to read.
  if (list === undefined) return () => ({ containsNull: true });
  const members = new RecordFields((list as { readonly items?: Json64 }).items, what);
  const nulls = members.getter(509, 'contains_null', true);
  const nans = members.getter(518, 'contains_nan');
  const lower = members.getter(510, 'lower_bound');
  const upper = members.getter(511, 'upper_bound');
  return (record) => {
    const [nan, low, high] = [nans(record), lower(record), upper(record)];
    return {
      containsNull: Boolean(nulls(record)),
      ...(nan === null ? {} : { containsNan: Boolean(nan) }),
      ...(low === null ? {} : { lowerBound: low as Uint8Array }),
      ...(high === null ? {} : { upperBound: high as Uint8Array }),
    };
  };
}

const toRecord = (manifest: ManifestFile): unknown => ({
  manifest_path: manifest.path,
  manifest_length: manifest.length,
  partition_spec_id: manifest.specId,
  content: manifest.content,
  sequence_number: manifest.sequenceNumber,
  min_sequence_number: manifest.minSequenceNumber,
  added_snapshot_id: manifest.addedSnapshotId,
  added_files_count: manifest.addedFiles,
  existing_files_count: manifest.existingFiles,
  deleted_files_count: manifest.deletedFiles,
  added_rows_count: manifest.addedRows,
  existing_rows_count: manifest.existingRows,
  deleted_rows_count: manifest.deletedRows,
  partitions:
    manifest.partitions?.map((field) => ({
      contains_null: field.containsNull,
      contains_nan: field.containsNan ?? null,
      lower_bound: optionalBuffer(field.lowerBound),
      upper_bound: optionalBuffer(field.upperBound),
    })) ?? null,
  key_metadata: optionalBuffer(manifest.keyMetadata),
});

const optionalBuffer = (bytes: Uint8Array | undefined): Buffer | null =>
  bytes === undefined ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const long = (value: unknown): bigint => (typeof value === 'bigint' ? value : BigInt((value ?? 0) as number));
