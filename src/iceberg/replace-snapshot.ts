/**
 * The snapshot of one attempt of a replacement: manifests that hold removed files are written anew without them, ours are added, the
 * others stay (checklist 7.9, 8.7, 9.2–9.4). Everything here depends on the base.
 */
import { uuidV7, type Runtime } from '../core/runtime.ts';
import { DATA, tupleKey } from './delete-index.ts';
import { DELETED, EXISTING, type ManifestEntry } from './manifest-entry.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import { writeManifestList } from './manifest-list.ts';
import type { ManifestScan } from './manifest-scan.ts';
import { manifestForm, writeManifest } from './manifest-write.ts';
import { currentSnapshot, metadataDirectory, specById, type Snapshot, type TableMetadata } from './metadata.ts';
import { asManifestFile, placeManifest } from './prepared-append.ts';
import { type FilteredManifest, holders, type PreparedIcebergReplace } from './prepared-replace.ts';
import type { SnapshotTools } from './append-snapshot.ts';
import { replaceSummary } from './replace-summary.ts';
import type { TableFiles } from './table-files.ts';
import { nextTimestamp } from './updates.ts';

/** Puts filtered manifests and the manifest list. The caller has asked whether the base is replaceable. */
export async function replaceSnapshot(
  base: TableMetadata,
  prepared: PreparedIcebergReplace,
  scan: ManifestScan,
  { files, lists, runtime }: SnapshotTools,
): Promise<Snapshot> {
  const { token, change, attempts } = prepared;
  const parent = currentSnapshot(base);
  const sequenceNumber = base.lastSequenceNumber + 1n;
  const attempt = (attempts.count += 1);
  const before = (await lists.of(parent)).filter(hasLiveFiles);
  const { holding } = await holders(base, before, prepared, scan);
  const filtered: FilteredManifest[] = [];
  for (const manifest of holding) {
    const known =
      attempts.filtered.get(manifest.path) ?? (await filter(base, prepared, manifest, scan, files, runtime));
    attempts.filtered.set(manifest.path, known);
    filtered.push(known);
  }
  const replaced = new Set(holding.map((manifest) => manifest.path));
  const kept = before.filter((manifest) => !replaced.has(manifest.path));
  const created = [
    ...prepared.manifests.map((placed) => asManifestFile(placed, token, sequenceNumber)),
    ...filtered.map(({ placed }, position) => ({
      ...asManifestFile(placed, token, sequenceNumber),
      content: holding[position]?.content ?? DATA,
    })),
  ];
  const manifests = [...created, ...kept];
  const manifestList = `${metadataDirectory(base)}/snap-${token}-${attempt}-${uuidV7(runtime)}.avro`;
  const header = { snapshotId: token, parentId: parent?.snapshotId, sequenceNumber };
  await files.create(manifestList, writeManifestList(header, manifests, runtime.random));
  lists.remember(manifestList, manifests);
  const removed = filtered.flatMap((each) => each.removed);
  const tuples = [
    ...change.added.map((file) => tupleKey(file.specId, file.partition)),
    ...change.removed.map((file) => tupleKey(file.specId, file.partition)),
  ];
  return {
    snapshotId: token,
    ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
    sequenceNumber,
    timestampMs: nextTimestamp(base, runtime.clock.now()),
    manifestList,
    summary: replaceSummary(parent?.summary, {
      added: change.added,
      removed: removed.map((entry) => entry.file),
      changedPartitions: new Set(tuples).size,
      manifestsCreated: created.length,
      manifestsKept: kept.length,
      manifestsReplaced: replaced.size,
    }),
    schemaId: base.currentSchemaId,
    rest: {},
  };
}

/** The manifest with removed files marked as deleted by this snapshot, and all others kept with their numbers written out. */
async function filter(
  base: TableMetadata,
  { token, change }: PreparedIcebergReplace,
  manifest: ManifestFile,
  scan: ManifestScan,
  files: TableFiles,
  runtime: Runtime,
): Promise<FilteredManifest> {
  const gone = new Set(
    (manifest.content === DATA ? change.removed : change.removedDeletes).map((file) => file.filePath),
  );
  const entries: ManifestEntry[] = [];
  for await (const entry of scan.live(base, manifest))
    entries.push(
      gone.has(entry.file.filePath) ? { ...entry, status: DELETED, snapshotId: token } : { ...entry, status: EXISTING },
    );
  const form = manifestForm(base, specById(base, manifest.specId), manifest.content === DATA ? 'data' : 'deletes');
  const written = writeManifest(form, entries, runtime.random);
  const placed = await placeManifest(written, base, `${token}-f${manifest.specId}`, files, runtime);
  return { placed, removed: entries.filter((entry) => entry.status === DELETED) };
}
