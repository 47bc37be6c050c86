/**
 * How another writer moves the table: a commit in one step, which always wins. Owns the metadata, lists and manifests that it writes, with the
 * product's encoders, which are not what is under test here; what is committed, and when, is `foreign.ts`.
 */
import { snapshotId, type SnapshotId } from '../../../src/core/ids.ts';
import { positive63, uuidV7 } from '../../../src/core/runtime.ts';
import { ADDED, DELETED, EXISTING, type ContentFile, type ManifestEntry } from '../../../src/iceberg/manifest-entry.ts';
import type { ManifestFile } from '../../../src/iceberg/manifest-file.ts';
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import { readManifest } from '../../../src/iceberg/manifest-read.ts';
import { columnsOf } from '../../../src/iceberg/manifest-scan.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { parseMetadata, printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { snapshotById, specById, type Snapshot, type TableMetadata } from '../../../src/iceberg/metadata.ts';
import { asManifestFile } from '../../../src/iceberg/prepared-append.ts';
import { applyUpdates, nextTimestamp, type MetadataUpdate } from '../../../src/iceberg/updates.ts';
import type { SeededRandom } from '../world/random.ts';
import { sizeOf } from './lines.ts';
import { keyOf } from './state-reader.ts';
import type { MaintainedWorld } from './world.ts';

/** Files that a commit adds, all data or all deletes, and data files that it takes away. */
export interface ForeignChange {
  readonly operation: 'append' | 'delete' | 'replace';
  readonly added: readonly ContentFile[];
  readonly removed?: ReadonlySet<string>;
  /** Of the added files; otherwise that of the commit. */
  readonly sequence?: bigint;
}

export class ForeignTable {
  readonly #world: MaintainedWorld;
  readonly #random: SeededRandom;
  #count = 0;

  constructor(world: MaintainedWorld, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  get metadata(): TableMetadata {
    return parseMetadata(Buffer.from(this.#bytes(this.location)).toString(), this.location);
  }

  get location(): string {
    return this.#world.book.location ?? '';
  }

  /** No updates, no commit. */
  commit(what: string, updates: readonly MetadataUpdate[]): void {
    if (updates.length === 0) return;
    const { book, runtime, scheduler } = this.#world;
    const { metadata, location } = this;
    const next = applyUpdates(metadata, location, updates, runtime.clock.now());
    const version = Number(/(\d+)-[^/]*$/.exec(location)?.[1]) + 1;
    const to = `${metadata.location}/metadata/${String(version).padStart(5, '0')}-${uuidV7(runtime)}.metadata.json`;
    this.put(to, [], Buffer.from(printMetadata(next)));
    scheduler.note(`foreign ${what}`);
    book.swap(location, to, `foreign ${what}`);
  }

  /** A snapshot of the change on top of what the ref holds. */
  snapshot(ref: string, change: ForeignChange): readonly MetadataUpdate[] {
    if (change.added.length === 0) return [];
    const { runtime } = this.#world;
    const { metadata } = this;
    const parent = snapshotById(metadata, metadata.refs[ref]?.snapshotId ?? -1n);
    const id = snapshotId(positive63(this.#random));
    const sequenceNumber = metadata.lastSequenceNumber + 1n;
    const isData = change.added[0]?.content === 0;
    const entries = change.added.map((file): ManifestEntry => ({
      status: ADDED,
      snapshotId: id,
      sequenceNumber: change.sequence ?? null,
      fileSequenceNumber: null,
      file,
    }));
    const manifests = [
      this.#manifest(metadata, entries, isData ? 'data' : 'deletes', id, sequenceNumber),
      ...this.#manifestsOf(parent).map((manifest) =>
        this.#without(metadata, manifest, change.removed ?? new Set(), id, sequenceNumber),
      ),
    ];
    const manifestList = this.place(`metadata/foreign-snap-${id}.avro`);
    const header = { snapshotId: id, parentId: parent?.snapshotId, sequenceNumber };
    this.put(manifestList, [], writeManifestList(header, manifests, this.#random));
    const snapshot: Snapshot = {
      snapshotId: id,
      ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
      sequenceNumber,
      timestampMs: nextTimestamp(metadata, runtime.clock.now()),
      manifestList,
      summary: { operation: change.operation },
      schemaId: metadata.currentSchemaId,
      rest: {},
    };
    return [{ action: 'add-snapshot', snapshot }, setRef(ref, 'branch', id)];
  }

  /** Some writers spell the bucket in another way. */
  place(name: string): string {
    const place = `${this.metadata.location}/${name}`;
    return this.#world.spells && this.#random.chance(0.5) ? place.replace('s3://', 's3a://') : place;
  }

  put(uri: string, rows: readonly string[], bytes: Uint8Array): void {
    const size = rows.length > 0 ? sizeOf(rows) : bytes.length;
    this.#world.bucket.put(keyOf(uri), rows, bytes, size, { kind: 'if-absent' });
  }

  /** Never twice the same. */
  name(): string {
    return String((this.#count += 1));
  }

  #manifest(
    metadata: TableMetadata,
    entries: readonly ManifestEntry[],
    content: 'data' | 'deletes',
    id: SnapshotId,
    sequenceNumber: bigint,
  ): ManifestFile {
    const form = manifestForm(metadata, specById(metadata, 0), content);
    const { bytes, ...facts } = writeManifest(form, entries, this.#random);
    const path = this.place(`metadata/foreign-${id}-${this.name()}.avro`);
    this.put(path, [], bytes);
    const placed = asManifestFile({ ...facts, path, length: BigInt(bytes.length) }, id, sequenceNumber);
    return { ...placed, content: content === 'data' ? 0 : 1 };
  }

  /** The manifest itself where it holds none of the removed files. */
  #without(
    metadata: TableMetadata,
    manifest: ManifestFile,
    removed: ReadonlySet<string>,
    id: SnapshotId,
    sequenceNumber: bigint,
  ): ManifestFile {
    if (manifest.content !== 0 || removed.size === 0) return manifest;
    const entries = [
      ...readManifest(this.#bytes(manifest.path), manifest, columnsOf(metadata, manifest.specId)),
    ].filter(({ status }) => status !== DELETED);
    if (!entries.some(({ file }) => removed.has(file.filePath))) return manifest;
    const next = entries.map((entry): ManifestEntry =>
      removed.has(entry.file.filePath) ? { ...entry, status: DELETED, snapshotId: id } : { ...entry, status: EXISTING },
    );
    return this.#manifest(metadata, next, 'data', id, sequenceNumber);
  }

  #manifestsOf(snapshot: Snapshot | undefined): readonly ManifestFile[] {
    return snapshot === undefined ? [] : readManifestList(this.#bytes(snapshot.manifestList), snapshot.manifestList);
  }

  #bytes(uri: string): Uint8Array {
    return this.#world.bucket.objects.get(keyOf(uri))?.bytes ?? new Uint8Array();
  }
}

export const setRef = (refName: string, type: 'branch' | 'tag', id: bigint): MetadataUpdate => ({
  action: 'set-snapshot-ref',
  refName,
  type,
  snapshotId: id,
});
