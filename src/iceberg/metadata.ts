/**
 * Table metadata as immutable data (spec "Table Metadata"; checklist §1). Owns shapes and look-ups; the text form is `metadata-json.ts`,
 * changes are `updates.ts`. What this version does not know is kept in `rest` and written back unchanged.
 */
import { SluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';
import { parseSortOrder, parseSpec } from '../record/partition-json.ts';
import type { PartitionSpec, SortOrder } from '../record/partition-spec.ts';
import { findField } from '../record/schema-check.ts';
import { parseSchema } from '../record/schema-json.ts';
import { isPrimitive, type PrimitiveType, type Schema } from '../record/types.ts';

export type JsonObject = { readonly [key: string]: Json64 };

export const MAIN = 'main';

export interface Snapshot {
  readonly snapshotId: bigint;
  readonly parentId?: bigint;
  readonly sequenceNumber: bigint;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** URI. */
  readonly manifestList: string;
  /** With `operation`. */
  readonly summary: Readonly<Record<string, string>>;
  readonly schemaId?: number;
  readonly rest: JsonObject;
}

export interface SnapshotRef {
  readonly snapshotId: bigint;
  readonly type: 'branch' | 'tag';
  readonly rest: JsonObject;
}

export interface SnapshotLogEntry {
  readonly timestampMs: number;
  readonly snapshotId: bigint;
}

export interface MetadataLogEntry {
  readonly timestampMs: number;
  readonly metadataFile: string;
}

export interface TableMetadata {
  readonly formatVersion: number;
  readonly tableUuid: string;
  /** Without trailing slash. */
  readonly location: string;
  readonly lastSequenceNumber: bigint;
  readonly lastUpdatedMs: number;
  readonly lastColumnId: number;
  /** As read: old schemas may hold what this version does not know. */
  readonly schemas: readonly JsonObject[];
  readonly currentSchemaId: number;
  readonly partitionSpecs: readonly JsonObject[];
  readonly defaultSpecId: number;
  readonly lastPartitionId: number;
  readonly sortOrders: readonly JsonObject[];
  readonly defaultSortOrderId: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly currentSnapshotId?: bigint;
  readonly snapshots: readonly Snapshot[];
  readonly snapshotLog: readonly SnapshotLogEntry[];
  /** Older metadata files, oldest first. */
  readonly metadataLog: readonly MetadataLogEntry[];
  readonly refs: Readonly<Record<string, SnapshotRef>>;
  readonly rest: JsonObject;
}

export const currentSchema = (metadata: TableMetadata): Schema => schemaById(metadata, metadata.currentSchemaId);

export const schemaById = (metadata: TableMetadata, id: number): Schema =>
  parseSchema(byId(metadata.schemas, 'schema-id', id, 'schema'), `schema ${id}`);

export const specById = (metadata: TableMetadata, id: number): PartitionSpec =>
  parseSpec(byId(metadata.partitionSpecs, 'spec-id', id, 'partition spec'), `partition spec ${id}`);

export const defaultSpec = (metadata: TableMetadata): PartitionSpec => specById(metadata, metadata.defaultSpecId);

export const defaultSortOrder = (metadata: TableMetadata): SortOrder =>
  parseSortOrder(
    byId(metadata.sortOrders, 'order-id', metadata.defaultSortOrderId, 'sort order'),
    `sort order ${metadata.defaultSortOrderId}`,
  );

export const snapshotById = (metadata: TableMetadata, id: bigint): Snapshot | undefined =>
  metadata.snapshots.find((snapshot) => snapshot.snapshotId === id);

/** Undefined for a table without snapshots. */
export const currentSnapshot = (metadata: TableMetadata): Snapshot | undefined =>
  metadata.currentSnapshotId === undefined ? undefined : snapshotById(metadata, metadata.currentSnapshotId);

/** Where new metadata files and manifests go; no trailing slash. `write.metadata.path` overrules the table's location. */
export const metadataDirectory = (metadata: TableMetadata): string =>
  metadata.properties['write.metadata.path']?.replace(/\/+$/, '') ?? `${metadata.location}/metadata`;

/** The snapshot and its ancestors, newest first, as far as they are still there. */
export function* ancestors(metadata: TableMetadata, from = metadata.currentSnapshotId): Generator<Snapshot> {
  const known = new Map(metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]));
  for (let id = from; id !== undefined;) {
    const snapshot = known.get(id);
    if (snapshot === undefined) return;
    // A cycle in a damaged file must not hang its reader.
    known.delete(id);
    yield snapshot;
    id = snapshot.parentId;
  }
}

/** Source types of a spec's fields in spec order; looks into older schemas for columns that were dropped. */
export function sourceTypes(metadata: TableMetadata, spec: PartitionSpec): readonly PrimitiveType[] {
  const older = metadata.schemas.map((document) => document['schema-id']).filter((id) => typeof id === 'number');
  return spec.fields.map((field) => {
    for (const id of [metadata.currentSchemaId, ...older.reverse()]) {
      const type = findField(schemaById(metadata, id), field.sourceId)?.field.type;
      if (type !== undefined && isPrimitive(type)) return type;
    }
    throw new SluiceError('corrupt', `partition field ${field.name} has no source column ${field.sourceId}`, {
      context: { table: metadata.tableUuid, spec: spec.specId },
    });
  });
}

function byId(documents: readonly JsonObject[], key: string, id: number, what: string): JsonObject {
  const found = documents.find((document) => (document[key] ?? 0) === id);
  if (found === undefined) throw new SluiceError('corrupt', `table metadata has no ${what} ${id}`);
  return found;
}
