/**
 * The snapshot of one attempt: the manifest list over the base's manifests and ours, merged where they have become many, and the
 * snapshot's own document (checklist 8.1–8.7, §9). Everything here depends on the base and is made anew for each attempt.
 */
import { uuidV7, type Runtime } from '../core/runtime.ts';
import type { Progress } from '../record/progress.ts';
import { tupleKey } from './delete-index.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import { writeManifestList } from './manifest-list.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { ManifestMerger, mergePolicy, planMerges } from './manifest-merge.ts';
import { manifestForm } from './manifest-write.ts';
import { currentSnapshot, metadataDirectory, specById, type Snapshot, type TableMetadata } from './metadata.ts';
import { asManifestFile, placeManifest, type PlacedManifest, type PreparedAppend } from './prepared-append.ts';
import { appendSummary, progressSummary } from './summary.ts';
import type { TableFiles } from './table-files.ts';
import { nextTimestamp } from './updates.ts';

export interface SnapshotTools {
  readonly files: TableFiles;
  readonly lists: ManifestLists;
  readonly runtime: Runtime;
}

/** Puts merged manifests and the manifest list. `after` is the progress with this commit in. */
export async function appendSnapshot(
  base: TableMetadata,
  prepared: PreparedAppend,
  after: Progress,
  { files, lists, runtime }: SnapshotTools,
): Promise<Snapshot> {
  const parent = currentSnapshot(base);
  const sequenceNumber = base.lastSequenceNumber + 1n;
  const attempt = (prepared.attempts.count += 1);
  // A manifest without live files is dropped unless this commit made it (checklist 8.7).
  const before = (await lists.of(parent)).filter(hasLiveFiles);
  const { merged, replaced } = await mergeSmall(base, prepared, before, files, runtime);
  const kept = before.filter((manifest) => !replaced.has(manifest.path));
  const created = [...prepared.manifests, ...merged].map((placed) =>
    asManifestFile(placed, prepared.token, sequenceNumber),
  );
  const manifests = [...created, ...kept];
  const manifestList = `${metadataDirectory(base)}/snap-${prepared.token}-${attempt}-${uuidV7(runtime)}.avro`;
  const header = { snapshotId: prepared.token, parentId: parent?.snapshotId, sequenceNumber };
  await files.create(manifestList, writeManifestList(header, manifests, runtime.random));
  lists.remember(manifestList, manifests);
  const { added } = prepared.change;
  return {
    snapshotId: prepared.token,
    ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
    sequenceNumber,
    timestampMs: nextTimestamp(base, runtime.clock.now()),
    manifestList,
    summary: {
      ...appendSummary(parent?.summary, {
        addedFiles: added.length,
        addedRows: added.reduce((sum, file) => sum + file.recordCount, 0n),
        addedBytes: added.reduce((sum, file) => sum + file.fileSizeInBytes, 0n),
        changedPartitions: countPartitions(prepared),
        manifestsCreated: created.length,
        manifestsKept: kept.length,
        manifestsReplaced: replaced.size,
      }),
      ...progressSummary(prepared.change.progress, after),
    },
    schemaId: base.currentSchemaId,
    rest: {},
  };
}

async function mergeSmall(
  base: TableMetadata,
  prepared: PreparedAppend,
  manifests: readonly ManifestFile[],
  files: TableFiles,
  runtime: Runtime,
): Promise<{ readonly merged: readonly PlacedManifest[]; readonly replaced: ReadonlySet<string> }> {
  const merged: PlacedManifest[] = [];
  const replaced = new Set<string>();
  for (const bin of planMerges(mergePolicy(base), manifests)) {
    const key = bin.map((manifest) => manifest.path).join('\n');
    const placed = prepared.attempts.merged.get(key) ?? (await mergeBin(base, prepared, bin, files, runtime));
    prepared.attempts.merged.set(key, placed);
    merged.push(placed);
    for (const manifest of bin) replaced.add(manifest.path);
  }
  return { merged, replaced };
}

/** Manifests are fetched a few at a time: a hundred gets at once would only queue. */
const GETS_IN_FLIGHT = 16;
/** Decoding so many entries takes a few milliseconds; then others on the event loop have their turn. */
const ENTRIES_IN_A_ROW = 250;

async function mergeBin(
  base: TableMetadata,
  prepared: PreparedAppend,
  bin: readonly ManifestFile[],
  files: TableFiles,
  runtime: Runtime,
): Promise<PlacedManifest> {
  const specId = bin[0]?.specId ?? base.defaultSpecId;
  const merger = new ManifestMerger(manifestForm(base, specById(base, specId)));
  let decoded = 0;
  for (let at = 0; at < bin.length; at += GETS_IN_FLIGHT) {
    const part = bin.slice(at, at + GETS_IN_FLIGHT);
    const contents = await Promise.all(part.map((manifest) => files.read(manifest.path)));
    for (const [position, manifest] of part.entries()) {
      decoded += merger.add(manifest, contents[position] ?? new Uint8Array());
      if (decoded < ENTRIES_IN_A_ROW) continue;
      decoded = 0;
      await runtime.clock.sleep(0);
    }
  }
  return placeManifest(merger.finish(runtime.random), base, `${prepared.token}-merged${specId}`, files, runtime);
}

function countPartitions(prepared: PreparedAppend): number {
  return new Set(prepared.change.added.map((file) => tupleKey(file.specId, file.partition))).size;
}
