/**
 * A table as a sequence of snapshots under compare-and-swap (design §3, protocol §4). Iceberg implements it; Delta will.
 * `prepare` once: everything slow and position-free. `attempt` many: one compare-and-swap each.
 */
import type { Epoch, LaneId, PipelineId, SnapshotId, TableName, TableUuid } from '../core/ids.ts';
import type { DataFile } from '../record/data-file.ts';
import type { PartitionSpec, SortOrder } from '../record/partition-spec.ts';
import type { LaneProgress, Progress } from '../record/progress.ts';
import type { Schema } from '../record/types.ts';

/** What everybody may know of a loaded table. Immutable: one load, one value. */
export interface TableView {
  readonly name: TableName;
  readonly uuid: TableUuid;
  /** Fully qualified, no trailing slash. */
  readonly location: string;
  /** Undefined for a table without snapshots. */
  readonly snapshot: SnapshotId | undefined;
  /** Grows with every commit to the table, ours or foreign. */
  readonly sequenceNumber: bigint;
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly sortOrder: SortOrder;
  readonly properties: ReadonlyMap<string, string>;
  /** URI of the metadata file this is a view of, for formats that have one. */
  readonly metadataLocation?: string;
}

/** What a commit of a pipeline says about itself: it becomes the progress property and part of the summary. */
export interface ProgressUpdate {
  readonly pipeline: PipelineId;
  readonly epoch: Epoch;
  /** Lanes this commit moves; the others are carried over from the base. */
  readonly lanes: ReadonlyMap<LaneId, LaneProgress>;
  readonly state?: string;
  /** Lanes that leave the map with this commit (protocol §2, pruning). */
  readonly prune?: readonly LaneId[];
}

export type TableChange =
  /** New files and the progress that covers them, in one snapshot. No files: an empty snapshot that moves progress only. */
  { readonly kind: 'append'; readonly added: readonly DataFile[]; readonly progress: ProgressUpdate };

export type CommitOutcome<V> =
  /** Ours is in the history under our token. */
  | { readonly kind: 'committed'; readonly view: V }
  /** Somebody else moved the table; ours is certainly not in. */
  | { readonly kind: 'conflict'; readonly cause: string }
  /** No answer: ours may be in, or may still land. Delete nothing. */
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** Opaque to callers; belongs to the format that made it. */
export interface PreparedChange {
  readonly token: SnapshotId;
  readonly change: TableChange;
}

export type LoadOutcome<V> = { readonly kind: 'loaded'; readonly view: V } | { readonly kind: 'absent' };

export interface TableFormat<V extends TableView = TableView, P extends PreparedChange = PreparedChange> {
  /** Fresh from the catalog. Rejects with `unavailable` when it does not answer. */
  load(table: TableName): Promise<LoadOutcome<V>>;

  /** Progress of a pipeline as the view's table property says; undefined when this pipeline never wrote. Throws `corrupt`, never guesses. */
  progress(view: V, pipeline: PipelineId): Progress | undefined;

  /** Puts manifests. Position-free: usable against any later base with the same schema and spec ids. */
  prepare(view: V, change: TableChange, token: SnapshotId): Promise<P>;

  /** One compare-and-swap on exactly this base: succeeds only if the table has not moved since `base` was loaded. */
  attempt(base: V, prepared: P): Promise<CommitOutcome<V>>;

  /**
   * True when a commit under the token is among the snapshots the table keeps: it certainly happened, though somebody may have taken it
   * off `main` since (a rollback, CREATE OR REPLACE). Such a token is spent.
   */
  landed(view: V, token: SnapshotId): boolean;
}
