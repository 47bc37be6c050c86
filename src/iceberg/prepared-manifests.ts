/**
 * Clustered manifests that are ready to take the place of others, and the snapshot of one attempt (checklist 7.9, 8.7, 9.2–9.4): no data
 * file is added or removed. Moves nothing.
 */
import type { ManifestGroup, PreparedManifests } from '../contracts/maintenance.ts';
import { SluiceError } from '../core/errors.ts';
import type { SnapshotId } from '../core/ids.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import type { SnapshotTools } from './append-snapshot.ts';
import { clusters } from './manifest-clusters.ts';
import { EXISTING, type ManifestEntry } from './manifest-entry.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import { writeManifestList } from './manifest-list.ts';
import { mergePolicy } from './manifest-merge.ts';
import type { LiveEntry, ManifestScan } from './manifest-scan.ts';
import { manifestForm, writeManifest } from './manifest-write.ts';
import { currentSnapshot, metadataDirectory, specById, type Snapshot, type TableMetadata } from './metadata.ts';
import { asManifestFile, placeManifest, type PlacedManifest } from './prepared-append.ts';
import { replaceSummary } from './replace-summary.ts';
import type { TableFiles } from './table-files.ts';
import { nextTimestamp } from './updates.ts';

export interface PreparedIcebergManifests extends PreparedManifests {
  readonly tableUuid: string;
  readonly manifests: readonly PlacedManifest[];
  /** Of the group, what the base of the preparation no longer had: then nothing was put, and no base is the right one. */
  readonly missing: number;
  readonly attempts: { count: number };
}

/** Entries are EXISTING, with the snapshot and the numbers that they had. Throws kind `internal` for a group of several specs. */
export async function prepareManifests(
  metadata: TableMetadata,
  group: ManifestGroup,
  inputs: readonly ManifestFile[],
  token: SnapshotId,
  scan: ManifestScan,
  files: TableFiles,
  runtime: Runtime,
): Promise<PreparedIcebergManifests> {
  const nothing = { token, group, written: [], tableUuid: metadata.tableUuid, manifests: [], attempts: { count: 0 } };
  const missing = group.paths.length - inputs.length;
  if (missing > 0) return { ...nothing, missing };
  const [specId, ...others] = new Set(inputs.map((manifest) => manifest.specId));
  if (specId === undefined || others.length > 0)
    throw new SluiceError('internal', 'manifests of several partition specs were taken for one group');
  const entries: LiveEntry[] = [];
  for (const manifest of inputs) for await (const entry of scan.live(metadata, manifest)) entries.push(entry);
  const form = manifestForm(metadata, specById(metadata, specId));
  const manifests: PlacedManifest[] = [];
  for (const cluster of clusters(entries, group.bytes, mergePolicy(metadata).targetBytes)) {
    const existing = cluster.map((entry): ManifestEntry => ({ ...entry, status: EXISTING }));
    const written = writeManifest(form, existing, runtime.random);
    manifests.push(await placeManifest(written, metadata, `${token}-c${specId}`, files, runtime));
    // Encoding one takes a while: others on the event loop have their turn.
    await runtime.clock.sleep(0);
  }
  const written = manifests.map(({ path, length }) => ({ filePath: path, fileSizeInBytes: length }));
  return { ...nothing, written, manifests, missing };
}

/** Puts the manifest list. The caller has asked whether the base still holds every manifest of the group. */
export async function clusteredSnapshot(
  base: TableMetadata,
  { token, group, manifests, attempts }: PreparedIcebergManifests,
  { files, lists, runtime }: SnapshotTools,
): Promise<Snapshot> {
  const parent = currentSnapshot(base);
  const sequenceNumber = base.lastSequenceNumber + 1n;
  const attempt = (attempts.count += 1);
  const replaced = new Set(group.paths);
  const kept = (await lists.of(parent)).filter((manifest) => hasLiveFiles(manifest) && !replaced.has(manifest.path));
  const created = manifests.map((placed) => asManifestFile(placed, token, sequenceNumber));
  const all = [...created, ...kept];
  const manifestList = `${metadataDirectory(base)}/snap-${token}-${attempt}-${uuidV7(runtime)}.avro`;
  const header = { snapshotId: token, parentId: parent?.snapshotId, sequenceNumber };
  await files.create(manifestList, writeManifestList(header, all, runtime.random));
  lists.remember(manifestList, all);
  return {
    snapshotId: token,
    ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
    sequenceNumber,
    timestampMs: nextTimestamp(base, runtime.clock.now()),
    manifestList,
    summary: replaceSummary(parent?.summary, {
      added: [],
      removed: [],
      changedPartitions: 0,
      manifestsCreated: created.length,
      manifestsKept: kept.length,
      manifestsReplaced: replaced.size,
    }),
    schemaId: base.currentSchemaId,
    rest: {},
  };
}
