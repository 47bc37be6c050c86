/**
 * What the current snapshot of a table is made of, at a cost that does not grow with the table: totals come from summary and manifest
 * list, and of the manifests only so many entries are read a survey. What was read of a manifest is kept, for manifests never change, so
 * later surveys go on where the last one stopped. Owns no judgement.
 */
import type { TableSurvey } from '../contracts/diagnosis.ts';
import { isSluiceError } from '../core/errors.ts';
import { snapshotId, type PipelineId } from '../core/ids.ts';
import { Pace } from '../core/pace.ts';
import type { Clock } from '../core/runtime.ts';
import { MAX_PROGRESS_BYTES, progressKey } from '../record/progress.ts';
import { fileSizes } from './file-sizes.ts';
import { recentSnapshots } from './iceberg-tables.ts';
import type { IcebergView } from './iceberg-format.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { currentSnapshot } from './metadata.ts';
import { SizeBook, type ManifestSizes } from './size-book.ts';
import type { TableFiles } from './table-files.ts';

/** Entries read a survey, at most one manifest more: about a quarter of a second of processor time. */
const ENTRIES_A_SURVEY = 20_000;
/** Entries a turn of the event loop. */
const ENTRIES_A_STEP = 200;
const RECENT = 50;
/** A file below this part of its target is small. */
const SMALL_PART = 4;

export class TableSurveys {
  readonly #files: TableFiles;
  readonly #lists: ManifestLists;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #books = new Map<string, SizeBook>();

  constructor(files: TableFiles, lists: ManifestLists, clock: Clock) {
    this.#files = files;
    this.#lists = lists;
    this.#clock = clock;
    this.#pace = new Pace(clock);
  }

  async look(view: IcebergView, pipeline: PipelineId, targetBytes: number): Promise<TableSurvey> {
    const snapshot = currentSnapshot(view.metadata);
    const manifests = (await this.#lists.of(snapshot)).filter(hasLiveFiles);
    const data = manifests.filter(({ content }) => content === 0);
    const deletes = manifests.filter(({ content }) => content !== 0);
    const book = this.#bookOf(view, Math.floor(targetBytes / SMALL_PART));
    await this.#read(data, book);
    const files = sum(data.map(liveFiles));
    const sample = book.total(targetBytes);
    const scale = sample.files === 0 ? 0 : files / sample.files;
    const property = view.properties.get(progressKey(pipeline));
    return {
      measuredAt: this.#clock.now(),
      snapshot: snapshot === undefined ? undefined : snapshotId(snapshot.snapshotId),
      files,
      bytes: totalOf(snapshot?.summary['total-files-size']) ?? Math.round(sample.bytes * scale),
      records: data.reduce((rows, manifest) => rows + liveRows(manifest), 0n),
      sampledFiles: sample.files,
      targetBytes,
      smallFiles: Math.round(sample.smallFiles * scale),
      smallBytes: book.smallBytes,
      sparableFiles: Math.round(sample.sparableFiles * scale),
      partitions: sample.partitions,
      deleteFiles: sum(deletes.map(liveFiles)),
      deleteRows: deletes.reduce((rows, manifest) => rows + liveRows(manifest), 0n),
      manifests: manifests.length,
      snapshots: view.metadata.snapshots.length,
      metadataBytes: (await this.#files.size(view.metadataLocation)) ?? 0,
      recent: recentSnapshots(view.metadata, RECENT),
      progress: { bytes: property === undefined ? 0 : Buffer.byteLength(property), maxBytes: MAX_PROGRESS_BYTES },
    };
  }

  /** What was kept of tables that are no more goes. */
  retain(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#books.keys()) if (!uuids.has(uuid)) this.#books.delete(uuid);
  }

  #bookOf(view: IcebergView, smallBytes: number): SizeBook {
    const known = this.#books.get(view.uuid);
    if (known?.smallBytes === smallBytes) return known;
    const book = new SizeBook(smallBytes);
    this.#books.set(view.uuid, book);
    return book;
  }

  /** Nothing for a manifest in a form this version does not read: the table can be written all the same, and the others stand for it. */
  async #sizesOf(manifest: ManifestFile, smallBytes: number): Promise<ManifestSizes> {
    const bytes = await this.#files.read(manifest.path);
    try {
      return await this.#pace.run(sizesOf(bytes, manifest, smallBytes));
    } catch (error) {
      if (isSluiceError(error, 'unsupported')) return NOT_READ;
      throw error;
    }
  }

  /** Newest first: they say most about what goes wrong today. */
  async #read(manifests: readonly ManifestFile[], book: SizeBook): Promise<void> {
    book.retain(new Set(manifests.map(({ path }) => path)));
    const unread = manifests
      .filter(({ path }) => !book.has(path))
      .sort((a, b) => (a.sequenceNumber < b.sequenceNumber ? 1 : -1));
    let entries = 0;
    for (const manifest of unread) {
      if (entries >= ENTRIES_A_SURVEY) return;
      entries += liveFiles(manifest) + manifest.deletedFiles;
      book.set(manifest.path, await this.#sizesOf(manifest, book.smallBytes));
    }
  }
}

const NOT_READ: ManifestSizes = new Map();

function* sizesOf(bytes: Uint8Array, manifest: ManifestFile, smallBytes: number): Generator<void, ManifestSizes> {
  const partitions = new Map<string, { files: number; bytes: number; smallFiles: number; smallBytes: number }>();
  let entries = 0;
  for (const file of fileSizes(bytes, manifest.path, manifest.specId)) {
    entries += 1;
    if (entries % ENTRIES_A_STEP === 0) yield;
    if (file === undefined) continue;
    const sizes = partitions.get(file.partition) ?? { files: 0, bytes: 0, smallFiles: 0, smallBytes: 0 };
    partitions.set(file.partition, sizes);
    sizes.files += 1;
    sizes.bytes += file.bytes;
    if (file.bytes >= smallBytes) continue;
    sizes.smallFiles += 1;
    sizes.smallBytes += file.bytes;
  }
  return partitions;
}

const liveFiles = ({ addedFiles, existingFiles }: ManifestFile): number => addedFiles + existingFiles;
const liveRows = ({ addedRows, existingRows }: ManifestFile): bigint => addedRows + existingRows;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const totalOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
