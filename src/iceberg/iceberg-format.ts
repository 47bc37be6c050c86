/**
 * Iceberg tables as `TableFormat`: load, prepare once, attempt many. Owns the order of steps of a commit and what its ends mean.
 * Writes format version 2, append only; never overwrites or deletes an object.
 */
import type { CommitOutcome, LoadOutcome, TableChange, TableFormat, TableView } from '../contracts/table-format.ts';
import { tableUuid, snapshotId, type PipelineId, type SnapshotId, type TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { decodeProgress, encodeProgress, progressKey, type Progress } from '../record/progress.ts';
import { advance } from '../record/progress-step.ts';
import { appendSnapshot } from './append-snapshot.ts';
import type { IcebergCatalog, LoadedTable } from './iceberg-catalog.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { failedAttempt } from './failed-attempt.ts';
import { assertWritable } from './metadata-check.ts';
import { MAIN, currentSchema, defaultSortOrder, defaultSpec, snapshotById, type TableMetadata } from './metadata.ts';
import { prepareAppend, type PreparedAppend } from './prepared-append.ts';
import type { TableFiles } from './table-files.ts';
import type { MetadataUpdate, Requirement } from './updates.ts';

/** A `conflict` with this cause: the token is taken, so the change needs a new one (protocol §4, "snapshot id exists"). */
export const SNAPSHOT_ID_EXISTS = 'snapshot-id-exists';
/** A `conflict` with one of these causes: the change must be prepared anew on the new base. */
export const SCHEMA_CHANGED = 'schema-changed';
export const PARTITION_SPEC_GONE = 'partition-spec-gone';

export interface IcebergView extends TableView {
  readonly metadata: TableMetadata;
  readonly metadataLocation: string;
}

export function viewOf({ name, metadata, metadataLocation }: LoadedTable): IcebergView {
  const current = metadata.currentSnapshotId;
  return {
    name,
    uuid: tableUuid(metadata.tableUuid),
    location: metadata.location,
    snapshot: current === undefined ? undefined : snapshotId(current),
    sequenceNumber: metadata.lastSequenceNumber,
    schema: currentSchema(metadata),
    spec: defaultSpec(metadata),
    sortOrder: defaultSortOrder(metadata),
    properties: new Map(Object.entries(metadata.properties)),
    metadata,
    metadataLocation,
  };
}

export class IcebergFormat implements TableFormat<IcebergView, PreparedAppend> {
  readonly #catalog: IcebergCatalog;
  readonly #files: TableFiles;
  readonly #lists: ManifestLists;
  readonly #runtime: Runtime;

  constructor(catalog: IcebergCatalog, files: TableFiles, lists: ManifestLists, runtime: Runtime) {
    this.#catalog = catalog;
    this.#files = files;
    this.#lists = lists;
    this.#runtime = runtime;
  }

  async load(table: TableName): Promise<LoadOutcome<IcebergView>> {
    const loaded = await this.#catalog.load(table);
    return loaded === undefined ? { kind: 'absent' } : { kind: 'loaded', view: viewOf(loaded) };
  }

  progress(view: IcebergView, pipeline: PipelineId): Progress | undefined {
    const text = view.properties.get(progressKey(pipeline));
    return text === undefined ? undefined : decodeProgress(pipeline, text);
  }

  async prepare(view: IcebergView, change: TableChange, token: SnapshotId): Promise<PreparedAppend> {
    assertWritable(view.metadata);
    return prepareAppend(view.metadata, change, token, this.#files, this.#runtime);
  }

  /**
   * Rejects only for faults of our own or of the table's files (`internal`, `corrupt`, `unsupported`, `misconfigured`), before anything
   * can have moved. A store that does not answer is `unknown`: what was put may still land, so nothing is taken back.
   */
  async attempt(base: IcebergView, prepared: PreparedAppend): Promise<CommitOutcome<IcebergView>> {
    const { metadata } = base;
    assertWritable(metadata);
    const obstacle = obstacleTo(metadata, prepared);
    if (obstacle !== undefined) return { kind: 'conflict', cause: obstacle };
    const step = prepared.change.progress;
    const after = advance(this.progress(base, step.pipeline), step, base.uuid, prepared.token);
    const property = encodeProgress(after);
    let updates: readonly MetadataUpdate[];
    try {
      const tools = { files: this.#files, lists: this.#lists, runtime: this.#runtime };
      const snapshot = await appendSnapshot(metadata, prepared, after, tools);
      updates = [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', refName: MAIN, type: 'branch', snapshotId: prepared.token },
        { action: 'set-properties', updates: { [progressKey(step.pipeline)]: property } },
      ];
    } catch (error) {
      return failedAttempt(this.#catalog, base, error);
    }
    const outcome = await this.#catalog.commit(base, requirements(base, prepared), updates);
    return outcome.kind === 'committed' ? { kind: 'committed', view: viewOf(outcome.view) } : outcome;
  }

  landed(view: IcebergView, token: SnapshotId): boolean {
    return snapshotById(view.metadata, token) !== undefined;
  }
}

/** The base's snapshot is asserted too: progress may only move together with `main` (protocol §4). */
const requirements = (base: IcebergView, prepared: PreparedAppend): readonly Requirement[] => [
  { type: 'assert-table-uuid', uuid: prepared.tableUuid },
  { type: 'assert-ref-snapshot-id', ref: MAIN, snapshotId: base.snapshot ?? null },
  { type: 'assert-current-schema-id', currentSchemaId: prepared.schemaId },
];

function obstacleTo(metadata: TableMetadata, prepared: PreparedAppend): string | undefined {
  if (snapshotById(metadata, prepared.token) !== undefined) return SNAPSHOT_ID_EXISTS;
  if (metadata.currentSchemaId !== prepared.schemaId) return SCHEMA_CHANGED;
  const specs = new Set(metadata.partitionSpecs.map((document) => document['spec-id']));
  return prepared.manifests.every((manifest) => specs.has(manifest.specId)) ? undefined : PARTITION_SPEC_GONE;
}
