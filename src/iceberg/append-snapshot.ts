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
import { ManifestMerger, mergePolicy, planMerge } from './manifest-merge.ts';
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
  const bin = planMerge(mergePolicy(base), before);
  const merged = bin.length === 0 ? [] : [await mergedOnce(base, prepared, bin, files, runtime)];
  const line = (placed: PlacedManifest): ManifestFile => asManifestFile(placed, prepared.token, sequenceNumber);
  const manifests = [...prepared.manifests.map(line), ...inPlaceOf(bin, merged.map(line), before)];
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
        manifestsCreated: prepared.manifests.length + merged.length,
        manifestsKept: before.length - bin.length,
        manifestsReplaced: bin.length,
      }),
      ...progressSummary(prepared.change.progress, after),
    },
    schemaId: base.currentSchemaId,
    rest: {},
  };
}

/** The list newest first, with the merged manifest where the newest of its inputs stood: what is to be merged next stays in order of age. */
function inPlaceOf(
  bin: readonly ManifestFile[],
  merged: readonly ManifestFile[],
  before: readonly ManifestFile[],
): readonly ManifestFile[] {
  const newest = bin.at(-1)?.path;
  const gone = new Set(bin.map(({ path }) => path));
  return before.flatMap((manifest) => (manifest.path === newest ? merged : gone.has(manifest.path) ? [] : [manifest]));
}

/** An attempt on a moved base does not merge the same manifests again. */
async function mergedOnce(
  base: TableMetadata,
  prepared: PreparedAppend,
  bin: readonly ManifestFile[],
  files: TableFiles,
  runtime: Runtime,
): Promise<PlacedManifest> {
  const key = bin.map((manifest) => manifest.path).join('\n');
  const placed = prepared.attempts.merged.get(key) ?? (await mergeBin(base, prepared, bin, files, runtime));
  prepared.attempts.merged.set(key, placed);
  return placed;
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
