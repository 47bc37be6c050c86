/**
 * Which objects a table's metadata reaches, and which it no longer does after an expiry (checklist 15.2, 15.4). Owns the walk over
 * snapshots. Deletes nothing, and knows no ages: that is the caller's.
 */
import { SluiceError, isSluiceError } from '../core/errors.ts';
import type { Json64 } from '../core/json64.ts';
import type { ManifestFile } from './manifest-file.ts';
import type { ManifestLists } from './manifest-lists.ts';
import type { ManifestScan } from './manifest-scan.ts';
import { ancestors, type Snapshot, type TableMetadata } from './metadata.ts';

export class Reachability {
  readonly #lists: ManifestLists;
  readonly #scan: ManifestScan;

  constructor(lists: ManifestLists, scan: ManifestScan) {
    this.#lists = lists;
    this.#scan = scan;
  }

  /** May name an object more than once. */
  async *of(metadata: TableMetadata, metadataLocation: string): AsyncGenerator<string> {
    yield metadataLocation;
    for (const { metadataFile } of metadata.metadataLog) yield metadataFile;
    for (const path of statisticsFiles(metadata)) yield path;
    const seen = new Map<string, ManifestFile>();
    for (const snapshot of metadata.snapshots) {
      yield snapshot.manifestList;
      for (const manifest of await this.#lists.of(snapshot)) seen.set(manifest.path, manifest);
    }
    for (const manifest of seen.values()) {
      yield manifest.path;
      for await (const { file } of this.#scan.live(metadata, manifest)) yield file.filePath;
    }
  }

  /**
   * Reached by a snapshot of `before` and by none of `after`, each once: content files first, then manifests, then lists. What cannot be
   * read of a snapshot that is gone is left out: another writer has expired it too, and takes what it reached. A file of `after` that is not
   * there is kind `corrupt`, before anything was yielded.
   */
  async *released(before: TableMetadata, after: TableMetadata): AsyncGenerator<string> {
    if (before.tableUuid !== after.tableUuid)
      throw new SluiceError('internal', 'two tables were taken for two states of one');
    const kept = new Set(after.snapshots.map(({ snapshotId }) => snapshotId));
    const gone = before.snapshots.filter(({ snapshotId }) => !kept.has(snapshotId));
    const live = await this.#manifestsOf(after.snapshots);
    const lists = new Set(after.snapshots.map(({ manifestList }) => manifestList));
    const released = new Map([...(await this.#manifestsOf(gone, unlessTaken))].filter(([path]) => !live.has(path)));
    yield* await this.#contentFiles(before, after, gone, released, live);
    yield* released.keys();
    for (const { manifestList } of gone) if (!lists.has(manifestList)) yield manifestList;
    const statistics = new Set(statisticsFiles(after));
    for (const path of statisticsFiles(before)) if (!statistics.has(path)) yield path;
  }

  async #manifestsOf(
    snapshots: readonly Snapshot[],
    read: (work: () => Promise<void>) => Promise<void> = (work) => work(),
  ): Promise<ReadonlyMap<string, ManifestFile>> {
    const manifests = new Map<string, ManifestFile>();
    for (const snapshot of snapshots)
      await read(async () => {
        for (const manifest of await this.#lists.of(snapshot)) manifests.set(manifest.path, manifest);
      });
    return manifests;
  }

  async #contentFiles(
    before: TableMetadata,
    after: TableMetadata,
    gone: readonly Snapshot[],
    released: ReadonlyMap<string, ManifestFile>,
    live: ReadonlyMap<string, ManifestFile>,
  ): Promise<ReadonlySet<string>> {
    const candidates = new Set<string>();
    if (onlyAppended(after, before, gone)) return candidates;
    for (const manifest of released.values())
      await unlessTaken(async () => {
        for await (const { file } of this.#scan.live(before, manifest)) candidates.add(file.filePath);
      });
    for (const manifest of live.values()) {
      if (candidates.size === 0) break;
      for await (const { file } of this.#scan.live(after, manifest)) candidates.delete(file.filePath);
    }
    return candidates;
  }
}

async function unlessTaken(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isSluiceError(error, 'corrupt')) throw error;
  }
}

/** Nothing was ever taken away on the way from the expired snapshots to main: whatever they reached, main still does. */
function onlyAppended(after: TableMetadata, before: TableMetadata, gone: readonly Snapshot[]): boolean {
  const line = [...ancestors(before, after.currentSnapshotId)];
  const onLine = new Set(line.map(({ snapshotId }) => snapshotId));
  return (
    gone.every(({ snapshotId }) => onLine.has(snapshotId)) &&
    line.every(({ summary }) => summary['operation'] === 'append')
  );
}

/** Files of table and partition statistics (spec "Table Statistics"). */
function statisticsFiles(metadata: TableMetadata): readonly string[] {
  return ['statistics', 'partition-statistics'].flatMap((key) => {
    const entries = metadata.rest[key];
    if (!Array.isArray(entries)) return [];
    return (entries as readonly Json64[]).flatMap((entry) => {
      const path = (entry as { readonly 'statistics-path'?: Json64 } | null)?.['statistics-path'];
      return typeof path === 'string' ? [path] : [];
    });
  });
}
