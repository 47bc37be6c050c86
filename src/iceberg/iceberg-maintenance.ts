/** Maintenance of Iceberg tables (`MaintenanceFormat`): puts its parts together. Owns what the catalog is asked for; deletes nothing. */
import type {
  ExpiryPlan,
  ExpiryPolicy,
  LiveDataFile,
  MaintenanceFormat,
  MetadataFacts,
  Replaceable,
  ReplaceChange,
} from '../contracts/maintenance.ts';
import type { CommitOutcome } from '../contracts/table-format.ts';
import { isSluiceError } from '../core/errors.ts';
import { snapshotId, type SnapshotId } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { PartitionSpec } from '../record/partition-spec.ts';
import { planExpiry } from './expiry.ts';
import type { IcebergCatalog } from './iceberg-catalog.ts';
import { PARTITION_SPEC_GONE, SNAPSHOT_ID_EXISTS, viewOf, type IcebergView } from './iceberg-format.ts';
import { liveFiles } from './live-files.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { ManifestScan } from './manifest-scan.ts';
import { assertWritable } from './metadata-check.ts';
import { MAIN, currentSnapshot, metadataDirectory, snapshotById, specById } from './metadata.ts';
import { prepareReplace, replaceableOn, type PreparedIcebergReplace } from './prepared-replace.ts';
import { Reachability } from './reachability.ts';
import { replaceSnapshot } from './replace-snapshot.ts';
import { supersededBy } from './superseded-metadata.ts';
import type { TableFiles } from './table-files.ts';
import type { MetadataUpdate, Requirement } from './updates.ts';

export class IcebergMaintenance implements MaintenanceFormat<IcebergView, PreparedIcebergReplace> {
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
    assertWritable(metadata);
    if (snapshotById(metadata, prepared.token) !== undefined) return { kind: 'conflict', cause: SNAPSHOT_ID_EXISTS };
    const specs = new Set(metadata.partitionSpecs.map((document) => document['spec-id']));
    if (!prepared.manifests.every(({ specId }) => specs.has(specId)))
      return { kind: 'conflict', cause: PARTITION_SPEC_GONE };
    let updates: readonly MetadataUpdate[];
    try {
      const verdict = await this.replaceable(base, prepared);
      if (verdict.kind === 'no') return { kind: 'conflict', cause: verdict.why };
      const tools = { files: this.#files, lists: this.#lists, runtime: this.#runtime };
      const snapshot = await replaceSnapshot(metadata, prepared, this.#scan, tools);
      updates = [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', refName: MAIN, type: 'branch', snapshotId: prepared.token },
      ];
    } catch (error) {
      if (isSluiceError(error, 'unavailable')) return { kind: 'unknown', cause: error };
      throw error;
    }
    return this.#commit(base, updates);
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

  async *released(before: IcebergView, after: IcebergView): AsyncGenerator<string> {
    yield* this.#reachability.released(before.metadata, after.metadata);
  }

  metadataFiles({ metadata, metadataLocation }: IcebergView): ReturnType<MaintenanceFormat['metadataFiles']> {
    return { directory: metadataDirectory(metadata), isSuperseded: supersededBy(metadata, metadataLocation) };
  }

  async *reachable({ metadata, metadataLocation }: IcebergView): AsyncGenerator<string> {
    yield* this.#reachability.of(metadata, metadataLocation);
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
