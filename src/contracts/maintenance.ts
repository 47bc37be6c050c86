/**
 * What maintenance needs of a table format beyond appends: what is live and which deletes apply to it, whether files may still be
 * replaced, forgetting old snapshots, and which objects metadata reaches. Iceberg implements it; Delta will.
 */
import type { PartitionSpec } from '../record/partition-spec.ts';
import type { PartitionTuple } from '../record/values.ts';
import type { DataFile } from '../record/data-file.ts';
import type { SnapshotId } from '../core/ids.ts';
import type { CommitOutcome, TableView } from './table-format.ts';

/** A delete file that takes rows of a data file away. */
export interface DeleteFile {
  readonly kind: 'position' | 'equality';
  /** Lower case: `parquet`, `avro`, `orc`, `puffin`. */
  readonly format: string;
  /** Fully qualified URI. */
  readonly filePath: string;
  readonly sequenceNumber: bigint;
  /** Of `equality` only. */
  readonly equalityIds: readonly number[];
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
}

/** A data file of the current snapshot, by whatever writer. */
export interface LiveDataFile {
  readonly filePath: string;
  /** Lower case: `parquet`, `avro`, `orc`. */
  readonly format: string;
  readonly specId: number;
  readonly partition: PartitionTuple;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
  readonly sortOrderId?: number;
  /** Data sequence number. */
  readonly sequenceNumber: bigint;
  /** Those that may apply to it. */
  readonly deletes: readonly DeleteFile[];
  /** Where metadata names it, for whoever wants to replace it: a hint, true at the moment of reading. */
  readonly foundIn: string;
}

/**
 * Files of the same live rows in place of others, in one snapshot; progress is carried over untouched. Valid only on a base where every
 * removed file is live and has lost no row since the inputs were read. Without removed and added files it only takes delete files away.
 */
export interface ReplaceChange {
  readonly removed: readonly LiveDataFile[];
  /** Delete files that applied to removed files only, or to none at all: nothing needs them any more. */
  readonly removedDeletes: readonly DeleteFile[];
  readonly added: readonly DataFile[];
  /**
   * The snapshot whose live files the inputs are, and its sequence number. The added files take that number as theirs, so that an equality
   * delete that comes later still finds its rows in them.
   */
  readonly basedOn: { readonly snapshot: SnapshotId; readonly sequenceNumber: bigint };
}

/** Opaque to callers. */
export interface PreparedReplace {
  readonly token: SnapshotId;
  readonly change: ReplaceChange;
}

export type Replaceable =
  | { readonly kind: 'yes' }
  /** Somebody removed an input, or deleted rows of it since: the rewrite is dropped, never forced. */
  | { readonly kind: 'no'; readonly why: string };

export interface ExpiryPolicy {
  /** Snapshots younger than this stay. Milliseconds. */
  readonly maxAgeMs: number;
  /** Of each branch, at least so many stay, however old. */
  readonly minToKeep: number;
}

/** Snapshots and refs that leave the table; empty members mean that nothing is to do. */
export interface ExpiryPlan {
  readonly snapshots: readonly bigint[];
  readonly refs: readonly string[];
}

/** How large the metadata of the current snapshot is. */
export interface MetadataFacts {
  readonly snapshots: number;
  readonly dataManifests: number;
  readonly deleteManifests: number;
  readonly manifestBytes: bigint;
}

/** Manifests that are written anew together. */
export interface ManifestGroup {
  /** URIs. */
  readonly paths: readonly string[];
  readonly bytes: bigint;
}

/** Opaque to callers. */
export interface PreparedManifests {
  readonly token: SnapshotId;
  readonly group: ManifestGroup;
  /** What was put in their place. */
  readonly written: readonly { readonly filePath: string; readonly fileSizeInBytes: bigint }[];
}

export interface MaintenanceFormat<
  V extends TableView = TableView,
  R extends PreparedReplace = PreparedReplace,
  M extends PreparedManifests = PreparedManifests,
> {
  /** The current snapshot and its sequence number; undefined for a table without snapshots. */
  basis(view: V): ReplaceChange['basedOn'] | undefined;

  /** Undefined when the table no longer has it. */
  specOf(view: V, specId: number): PartitionSpec | undefined;

  /** Every live data file of the current snapshot with the deletes that may apply to it, in manifest order. */
  live(view: V): AsyncIterable<LiveDataFile>;

  /** Every live delete file of the current snapshot, whether it applies to anything or not. */
  deletes(view: V): AsyncIterable<DeleteFile>;

  /** Puts manifests. Position-free: usable against any later base with the same specs on which it is replaceable. */
  prepareReplace(view: V, change: ReplaceChange, token: SnapshotId): Promise<R>;

  /** To be asked of every fresh base before an attempt of a replacement. */
  replaceable(base: V, prepared: R): Promise<Replaceable>;

  /** One compare-and-swap on exactly this base. A base on which it is not replaceable is a `conflict`. */
  attemptReplace(base: V, prepared: R): Promise<CommitOutcome<V>>;

  facts(view: V): Promise<MetadataFacts>;

  /** Manifests of data files that are too many or mix partitions, in groups that fit into memory. Empty when they are well. */
  planManifests(view: V): Promise<readonly ManifestGroup[]>;

  /** Puts manifests of the same live files, clustered by partition; each file keeps its numbers. */
  prepareManifests(view: V, group: ManifestGroup, token: SnapshotId): Promise<M>;

  /** Whether the base still has every manifest of the group; to be asked of every fresh base before an attempt. */
  manifestsReplaceable(base: V, prepared: M): Promise<Replaceable>;

  /** One compare-and-swap on exactly this base; data files and delete manifests stay. A base without the group is a `conflict`. */
  attemptManifests(base: V, prepared: M): Promise<CommitOutcome<V>>;

  /**
   * By the table's own properties and refs where they say more than the policy (`history.expire.*`, retention of a ref). Heads of refs
   * stay, and so does the newest snapshot of every pipeline. Empty when the table forbids garbage collection (`gc.enabled`).
   */
  planExpiry(view: V, policy: ExpiryPolicy, nowMs: number): ExpiryPlan;

  /** One compare-and-swap on exactly this base. Deletes no file. */
  expire(base: V, plan: ExpiryPlan): Promise<CommitOutcome<V>>;

  /** One compare-and-swap on exactly this base: main is then the snapshot, an ancestor of what it was. Progress and schema stay. */
  rollBack(base: V, to: SnapshotId): Promise<CommitOutcome<V>>;

  /**
   * URIs of objects that snapshots of `before` reach and no snapshot of `after` does. `after` is a later state of the same table; when others
   * expire it while it is read, the table's newest state takes its place, and what they take is left to them.
   */
  released(before: V, after: V): AsyncIterable<string>;

  /**
   * Where the table's metadata files lie, and by name those of them that no state of the table names any more nor can again. Undefined for
   * formats without such files.
   */
  metadataFiles(
    view: V,
  ): { readonly directory: string; readonly isSuperseded: (fileName: string) => boolean } | undefined;

  /** URIs of every object that the table's metadata reaches, over all snapshots and refs; the metadata files themselves included. */
  reachable(view: V): AsyncIterable<string>;
}
