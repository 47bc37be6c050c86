/** Maintenance of Iceberg tables (`MaintenanceFormat`): puts its parts together. Owns what the catalog is asked for; deletes nothing. */
import type {
  DeleteFile,
  ExpiryPlan,
  ExpiryPolicy,
  LiveDataFile,
  MaintenanceFormat,
  ManifestGroup,
  MetadataFacts,
  Replaceable,
  ReplaceChange,
} from '../contracts/maintenance.ts';
import type { CommitOutcome } from '../contracts/table-format.ts';
import { snapshotId, type SnapshotId } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { PartitionSpec } from '../record/partition-spec.ts';
import type { SnapshotTools } from './append-snapshot.ts';
import { planExpiry } from './expiry.ts';
import type { IcebergCatalog } from './iceberg-catalog.ts';
import { PARTITION_SPEC_GONE, SNAPSHOT_ID_EXISTS, viewOf, type IcebergView } from './iceberg-format.ts';
import { liveDeletes, liveFiles } from './live-files.ts';
import { planClusters } from './manifest-clusters.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { mergePolicy } from './manifest-merge.ts';
import { ManifestScan, columnsOf } from './manifest-scan.ts';
import { failedAttempt, movedTable } from './failed-attempt.ts';
import { assertWritable } from './metadata-check.ts';
import {
  MAIN,
  ancestors,
  currentSnapshot,
  metadataDirectory,
  snapshotById,
  specById,
  type Snapshot,
} from './metadata.ts';
import { clusteredSnapshot, prepareManifests, type PreparedIcebergManifests } from './prepared-manifests.ts';
import { prepareReplace, replaceableOn, type PreparedIcebergReplace } from './prepared-replace.ts';
import { Reachability } from './reachability.ts';
import { replaceSnapshot } from './replace-snapshot.ts';
import { supersededBy } from './superseded-metadata.ts';
import type { TableFiles } from './table-files.ts';
import type { MetadataUpdate, Requirement } from './updates.ts';

/** So many states are read before it gives way to whoever expires snapshots without a pause. */
const MOST_STATES = 10;

export class IcebergMaintenance implements MaintenanceFormat<
  IcebergView,
  PreparedIcebergReplace,
  PreparedIcebergManifests
> {
  readonly #catalog: IcebergCatalog;
  readonly #files: TableFiles;
  readonly #lists: ManifestLists;
  readonly #runtime: Runtime;
  readonly #scan: ManifestScan;
  readonly #reachability: Reachability;

  constructor(catalog: IcebergCatalog, files: TableFiles, lists: ManifestLists, runtime: Runtime) {
    this.#catalog = catalog;
    this.#files = files;
    this.#lists = lists;
    this.#runtime = runtime;
    this.#scan = new ManifestScan(files, runtime.clock);
    this.#reachability = new Reachability(lists, this.#scan);
  }

  basis({ metadata }: IcebergView): ReplaceChange['basedOn'] | undefined {
    const current = currentSnapshot(metadata);
    return current === undefined
      ? undefined
      : { snapshot: snapshotId(current.snapshotId), sequenceNumber: current.sequenceNumber };
  }

  specOf({ metadata }: IcebergView, specId: number): PartitionSpec | undefined {
    const known = metadata.partitionSpecs.some((document) => document['spec-id'] === specId);
    return known ? specById(metadata, specId) : undefined;
  }

  async *live({ metadata }: IcebergView): AsyncGenerator<LiveDataFile> {
    yield* liveFiles(metadata, await this.#lists.of(currentSnapshot(metadata)), this.#scan);
  }

  async *deletes({ metadata }: IcebergView): AsyncGenerator<DeleteFile> {
    yield* liveDeletes(metadata, await this.#lists.of(currentSnapshot(metadata)), this.#scan);
  }

  async prepareReplace(
    { metadata }: IcebergView,
    change: ReplaceChange,
    token: SnapshotId,
  ): Promise<PreparedIcebergReplace> {
    assertWritable(metadata);
    return prepareReplace(metadata, change, token, this.#files, this.#runtime);
  }

  async replaceable({ metadata }: IcebergView, prepared: PreparedIcebergReplace): Promise<Replaceable> {
    return replaceableOn(metadata, await this.#lists.of(currentSnapshot(metadata)), prepared, this.#scan);
  }

  /** As `IcebergFormat.attempt`: a store that does not answer is `unknown`. */
  async attemptReplace(base: IcebergView, prepared: PreparedIcebergReplace): Promise<CommitOutcome<IcebergView>> {
    const { metadata } = base;
    return this.#attempt(base, prepared, async () => {
      const verdict = await this.replaceable(base, prepared);
      return verdict.kind === 'no' ? verdict.why : replaceSnapshot(metadata, prepared, this.#scan, this.#tools);
    });
  }

  async planManifests({ metadata }: IcebergView): Promise<readonly ManifestGroup[]> {
    const manifests = await this.#lists.of(currentSnapshot(metadata));
    const typesOf = (specId: number) => columnsOf(metadata, specId).map(({ type }) => type);
    return planClusters(manifests, mergePolicy(metadata).targetBytes, typesOf).map((group) => ({
      paths: group.map(({ path }) => path),
      bytes: group.reduce((sum, { length }) => sum + length, 0n),
    }));
  }

  async prepareManifests(
    { metadata }: IcebergView,
    group: ManifestGroup,
    token: SnapshotId,
  ): Promise<PreparedIcebergManifests> {
    assertWritable(metadata);
    const wanted = new Set(group.paths);
    const inputs = (await this.#lists.of(currentSnapshot(metadata))).filter(({ path }) => wanted.has(path));
    return prepareManifests(metadata, group, inputs, token, this.#scan, this.#files, this.#runtime);
  }

  async manifestsReplaceable(
    { metadata }: IcebergView,
    { group, missing }: PreparedIcebergManifests,
  ): Promise<Replaceable> {
    const there = new Set((await this.#lists.of(currentSnapshot(metadata))).map(({ path }) => path));
    const gone = Math.max(missing, group.paths.filter((path) => !there.has(path)).length);
    return gone === 0
      ? { kind: 'yes' }
      : { kind: 'no', why: `${gone} of ${group.paths.length} manifests were replaced meanwhile` };
  }

  /** As `IcebergFormat.attempt`: a store that does not answer is `unknown`. */
  async attemptManifests(base: IcebergView, prepared: PreparedIcebergManifests): Promise<CommitOutcome<IcebergView>> {
    return this.#attempt(base, prepared, async () => {
      const verdict = await this.manifestsReplaceable(base, prepared);
      return verdict.kind === 'no' ? verdict.why : clusteredSnapshot(base.metadata, prepared, this.#tools);
    });
  }

  async facts({ metadata }: IcebergView): Promise<MetadataFacts> {
    const manifests = await this.#lists.of(currentSnapshot(metadata));
    return {
      snapshots: metadata.snapshots.length,
      dataManifests: manifests.filter(({ content }) => content === 0).length,
      deleteManifests: manifests.filter(({ content }) => content !== 0).length,
      manifestBytes: manifests.reduce((sum, { length }) => sum + length, 0n),
    };
  }

  planExpiry({ metadata }: IcebergView, policy: ExpiryPolicy, nowMs: number): ExpiryPlan {
    return planExpiry(metadata, policy, nowMs);
  }

  async expire(base: IcebergView, plan: ExpiryPlan): Promise<CommitOutcome<IcebergView>> {
    assertWritable(base.metadata);
    return this.#commit(base, [
      ...plan.refs.map((refName) => ({ action: 'remove-snapshot-ref', refName }) as const),
      { action: 'remove-snapshots', snapshotIds: plan.snapshots },
    ]);
  }

  async rollBack(base: IcebergView, to: SnapshotId): Promise<CommitOutcome<IcebergView>> {
    assertWritable(base.metadata);
    if (![...ancestors(base.metadata)].some((snapshot) => snapshot.snapshotId === to))
      return { kind: 'conflict', cause: `snapshot ${to} is not in the history of main` };
    return this.#commit(base, [{ action: 'set-snapshot-ref', refName: MAIN, type: 'branch', snapshotId: to }]);
  }

  async *released(before: IcebergView, after: IcebergView): AsyncGenerator<string> {
    let state = after;
    for (let states = 1; ; states += 1)
      try {
        return yield* this.#reachability.released(before.metadata, state.metadata);
      } catch (error) {
        if (states === MOST_STATES) throw error;
        const now = await movedTable(this.#catalog, state, error);
        if (now?.metadata.tableUuid !== before.metadata.tableUuid) return;
        state = viewOf(now);
      }
  }

  metadataFiles({ metadata, metadataLocation }: IcebergView): ReturnType<MaintenanceFormat['metadataFiles']> {
    return { directory: metadataDirectory(metadata), isSuperseded: supersededBy(metadata, metadataLocation) };
  }

  async *reachable({ metadata, metadataLocation }: IcebergView): AsyncGenerator<string> {
    yield* this.#reachability.of(metadata, metadataLocation);
  }

  get #tools(): SnapshotTools {
    return { files: this.#files, lists: this.#lists, runtime: this.#runtime };
  }

  /** `make` answers the snapshot, or why there is none on this base. */
  async #attempt(
    base: IcebergView,
    { token, manifests }: Pick<PreparedIcebergReplace, 'token' | 'manifests'>,
    make: () => Promise<Snapshot | string>,
  ): Promise<CommitOutcome<IcebergView>> {
    const { metadata } = base;
    assertWritable(metadata);
    if (snapshotById(metadata, token) !== undefined) return { kind: 'conflict', cause: SNAPSHOT_ID_EXISTS };
    const specs = new Set(metadata.partitionSpecs.map((document) => document['spec-id']));
    if (!manifests.every(({ specId }) => specs.has(specId))) return { kind: 'conflict', cause: PARTITION_SPEC_GONE };
    let snapshot: Snapshot | string;
    try {
      snapshot = await make();
    } catch (error) {
      return failedAttempt(this.#catalog, base, error);
    }
    if (typeof snapshot === 'string') return { kind: 'conflict', cause: snapshot };
    return this.#commit(base, [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', refName: MAIN, type: 'branch', snapshotId: token },
    ]);
  }

  /** What main holds is asserted: it is what was judged. */
  async #commit(base: IcebergView, updates: readonly MetadataUpdate[]): Promise<CommitOutcome<IcebergView>> {
    const requirements: readonly Requirement[] = [
      { type: 'assert-table-uuid', uuid: base.metadata.tableUuid },
      { type: 'assert-ref-snapshot-id', ref: MAIN, snapshotId: base.snapshot ?? null },
    ];
    const outcome = await this.#catalog.commit(base, requirements, updates);
    return outcome.kind === 'committed' ? { kind: 'committed', view: viewOf(outcome.view) } : outcome;
  }
}
