/**
 * A replacement of data files that is ready to be attempted (checklist 7.9, 7.10, 14.2, 14.6): the manifests of the added files are in the
 * store; what it finds of the removed files in manifests is kept over attempts. Moves nothing.
 */
import type { PreparedReplace, Replaceable, ReplaceChange } from '../contracts/maintenance.ts';
import type { SnapshotId } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { DataFile } from '../record/data-file.ts';
import { DATA, dataFileOf, tupleKey } from './delete-index.ts';
import { ADDED, fromDataFile, type ManifestEntry } from './manifest-entry.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import type { ManifestScan } from './manifest-scan.ts';
import { manifestForm, writeManifest } from './manifest-write.ts';
import { ancestors, specById, type TableMetadata } from './metadata.ts';
import { placeManifest, type PlacedManifest } from './prepared-append.ts';
import type { TableFiles } from './table-files.ts';

export interface PreparedIcebergReplace extends PreparedReplace {
  readonly tableUuid: string;
  readonly manifests: readonly PlacedManifest[];
  /** Work kept between attempts; manifests never change, so what one of them holds stays true. */
  readonly attempts: {
    count: number;
    /** Which of the removed files each manifest that was looked at holds, by manifest. */
    readonly holding: Map<string, ReadonlySet<string>>;
    /** Manifests without the removed files, by the manifest they stand for. */
    readonly filtered: Map<string, FilteredManifest>;
  };
}

export interface FilteredManifest {
  readonly placed: PlacedManifest;
  /** Entries that it marks as deleted. */
  readonly removed: readonly ManifestEntry[];
}

/** One manifest of ADDED entries a partition spec; they take the data sequence number of the snapshot the change is based on. */
export async function prepareReplace(
  metadata: TableMetadata,
  change: ReplaceChange,
  token: SnapshotId,
  files: TableFiles,
  runtime: Runtime,
): Promise<PreparedIcebergReplace> {
  const bySpec = Map.groupBy(change.added, (file) => file.specId);
  const manifests = await Promise.all(
    [...bySpec].map(([specId, added]) => {
      const form = manifestForm(metadata, specById(metadata, specId));
      const entries = added.map((file): ManifestEntry => ({
        status: ADDED,
        snapshotId: token,
        sequenceNumber: change.basedOn.sequenceNumber,
        fileSequenceNumber: null,
        file: fromDataFile(file),
      }));
      return placeManifest(
        writeManifest(form, entries, runtime.random),
        metadata,
        `${token}-m${specId}`,
        files,
        runtime,
      );
    }),
  );
  const attempts = { count: 0, holding: new Map(), filtered: new Map() };
  return { token, change, tableUuid: metadata.tableUuid, manifests, attempts };
}

/** Whether every input is live on this base and has lost no row since it was read. */
export async function replaceableOn(
  base: TableMetadata,
  manifests: readonly ManifestFile[],
  prepared: PreparedIcebergReplace,
  scan: ManifestScan,
): Promise<Replaceable> {
  const { basedOn, removed } = prepared.change;
  // A rollback took deletes away that the new files have applied; an expired history cannot be judged.
  if (![...ancestors(base)].some(({ snapshotId }) => snapshotId === basedOn.snapshot))
    return { kind: 'no', why: 'the snapshot the files were read from is not in the history of main' };
  const found = await holders(base, manifests, prepared, scan);
  if (found.missing.length > 0)
    return { kind: 'no', why: `${found.missing.length} of ${removed.length} files are not live any more` };
  if (removed.length === 0 && found.holding.length === 0)
    return { kind: 'no', why: 'none of the delete files is live any more' };
  const deleted = await deletedSince(base, manifests, prepared.change, scan);
  if (deleted !== undefined) return { kind: 'no', why: `rows were deleted meanwhile by ${deleted}` };
  const older = await olderSince(base, manifests, prepared.change, scan);
  return older === undefined
    ? { kind: 'yes' }
    : { kind: 'no', why: `a delete may apply to ${older}, which came meanwhile` };
}

/** The manifests of the base that hold removed files, data and deletes alike; `missing` are removed data files that none holds. */
export async function holders(
  base: TableMetadata,
  manifests: readonly ManifestFile[],
  { change, attempts }: PreparedIcebergReplace,
  scan: ManifestScan,
): Promise<{ readonly holding: readonly ManifestFile[]; readonly missing: readonly string[] }> {
  const missing = new Set(change.removed.map((file) => file.filePath));
  const missingDeletes = new Set(change.removedDeletes.map((file) => file.filePath));
  const hints = new Set(change.removed.map((file) => file.foundIn));
  const look = async (manifest: ManifestFile): Promise<ManifestFile | undefined> => {
    const wanted = manifest.content === DATA ? missing : missingDeletes;
    if (wanted.size === 0 || !hasLiveFiles(manifest)) return undefined;
    const known =
      attempts.holding.get(manifest.path) ?? (await contained(base, manifest, wantedIn(change, manifest), scan));
    attempts.holding.set(manifest.path, known);
    for (const path of known) wanted.delete(path);
    return known.size === 0 ? undefined : manifest;
  };
  const holding: ManifestFile[] = [];
  // Where they were when they were read first: most often nothing else has to be looked at.
  const likely = (manifest: ManifestFile): boolean => hints.has(manifest.path) || attempts.holding.has(manifest.path);
  for (const manifest of [...manifests.filter(likely), ...manifests.filter((other) => !likely(other))]) {
    const holder = await look(manifest);
    if (holder !== undefined) holding.push(holder);
  }
  return { holding, missing: [...missing] };
}

const wantedIn = (change: ReplaceChange, manifest: ManifestFile): ReadonlySet<string> =>
  new Set((manifest.content === DATA ? change.removed : change.removedDeletes).map((file) => file.filePath));

async function contained(
  base: TableMetadata,
  manifest: ManifestFile,
  wanted: ReadonlySet<string>,
  scan: ManifestScan,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { file } of scan.live(base, manifest)) if (wanted.has(file.filePath)) found.add(file.filePath);
  return found;
}

/**
 * A delete file that came after the inputs were read and would be lost, or find rows it was not about. Later equality deletes are no trouble
 * while files keep their tuple: the added files are older than they are.
 */
async function deletedSince(
  base: TableMetadata,
  manifests: readonly ManifestFile[],
  { basedOn, removed, added }: ReplaceChange,
  scan: ManifestScan,
): Promise<string | undefined> {
  const paths = new Set(removed.map((file) => file.filePath));
  const [from, to] = [tuplesOf(removed), tuplesOf(added)];
  const changesHands = (tuple: string): boolean => added.length > 0 && from.has(tuple) !== to.has(tuple);
  for (const manifest of manifests) {
    if (manifest.content === DATA || manifest.sequenceNumber <= basedOn.sequenceNumber) continue;
    const isEverywhere = specById(base, manifest.specId).fields.length === 0;
    for await (const { file, sequenceNumber } of scan.live(base, manifest)) {
      if (sequenceNumber <= basedOn.sequenceNumber) continue;
      const tuple = tupleKey(manifest.specId, file.partition);
      const about = dataFileOf(file);
      const isEquality = (file.equalityIds ?? []).length > 0;
      const byPosition = about === undefined ? from.has(tuple) : paths.has(about);
      const concerns = isEquality ? !isEverywhere && changesHands(tuple) : byPosition;
      if (concerns) return file.filePath;
    }
  }
  return undefined;
}

/**
 * A data file that came after the inputs were read, of another rewrite, and is older by its data sequence number than an equality delete
 * that would leave. Position deletes name files that were there when they were written.
 */
async function olderSince(
  base: TableMetadata,
  manifests: readonly ManifestFile[],
  { basedOn, removedDeletes }: ReplaceChange,
  scan: ManifestScan,
): Promise<string | undefined> {
  const equalities = removedDeletes.filter(({ kind }) => kind === 'equality');
  const isOlder = (sequence: bigint): boolean => equalities.some(({ sequenceNumber }) => sequence < sequenceNumber);
  for (const manifest of manifests) {
    const isNew = manifest.content === DATA && manifest.sequenceNumber > basedOn.sequenceNumber;
    if (!isNew || !isOlder(manifest.minSequenceNumber)) continue;
    for await (const { file, sequenceNumber, fileSequenceNumber } of scan.live(base, manifest))
      if (fileSequenceNumber > basedOn.sequenceNumber && isOlder(sequenceNumber)) return file.filePath;
  }
  return undefined;
}

const tuplesOf = (files: readonly Pick<DataFile, 'specId' | 'partition'>[]): ReadonlySet<string> =>
  new Set(files.map((file) => tupleKey(file.specId, file.partition)));
