/**
 * Commits as other engines make them: files taken out of the table and put in, delete files among them, in one snapshot; and changes of
 * metadata alone. Owns how a snapshot is put together; what is in the files is the caller's.
 */
import type { Locations } from '../../../src/contracts/locations.ts';
import type { MetadataPointers } from '../../../src/contracts/metadata-pointers.ts';
import { uuidV7, type Runtime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { ADDED, DELETED, EXISTING, type ContentFile, type ManifestEntry } from '../../../src/iceberg/manifest-entry.ts';
import { hasLiveFiles, type ManifestFile } from '../../../src/iceberg/manifest-file.ts';
import { writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import type { ManifestScan } from '../../../src/iceberg/manifest-scan.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { currentSnapshot, specById, type TableMetadata } from '../../../src/iceberg/metadata.ts';
import type { Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import { asManifestFile } from '../../../src/iceberg/prepared-append.ts';
import { nextTimestamp } from '../../../src/iceberg/updates.ts';
import { nextToken } from '../iceberg/samples.ts';

export interface ForeignChange {
  readonly operation: 'overwrite' | 'delete' | 'replace';
  /** URIs of data files. */
  readonly removed?: ReadonlySet<string>;
  readonly added: readonly {
    readonly specId: number;
    readonly file: ContentFile;
    /** Data sequence number, when it is not that of the snapshot. */
    readonly sequenceNumber?: bigint;
  }[];
}

export interface ForeignWriterParts {
  readonly iceberg: Iceberg;
  readonly pointers: MetadataPointers;
  readonly locations: Locations;
  readonly scan: ManifestScan;
  readonly runtime: Runtime;
}

export class ForeignWriter {
  readonly #parts: ForeignWriterParts;

  constructor(parts: ForeignWriterParts) {
    this.#parts = parts;
  }

  async put(uri: string, bytes: Uint8Array): Promise<void> {
    const { store, key } = this.#parts.locations.resolve(uri);
    await store.put(key, bytes, { kind: 'if-absent' });
  }

  /** A new metadata file in place of the view's. */
  async edit(view: IcebergView, edit: (metadata: TableMetadata) => TableMetadata): Promise<void> {
    const version = Number(/(\d+)-[^/]*$/.exec(view.metadataLocation)?.[1] ?? 0) + 1;
    const uuid = uuidV7(this.#parts.runtime);
    const next = `${view.location}/metadata/${String(version).padStart(5, '0')}-${uuid}.metadata.json`;
    const before = { timestampMs: view.metadata.lastUpdatedMs, metadataFile: view.metadataLocation };
    const metadata = { ...view.metadata, metadataLog: [...view.metadata.metadataLog, before] };
    await this.put(next, Buffer.from(printMetadata(edit(metadata))));
    const swapped = await this.#parts.pointers.swap(view.name, view.metadataLocation, next);
    if (swapped.kind !== 'swapped') throw new Error('nobody else is at work here');
  }

  async commit(view: IcebergView, change: ForeignChange): Promise<void> {
    const { iceberg, runtime } = this.#parts;
    const { metadata } = view;
    const parent = currentSnapshot(metadata);
    const [id, sequence] = [nextToken(), metadata.lastSequenceNumber + 1n];
    const manifests: ManifestFile[] = [];
    for (const manifest of (await iceberg.lists.of(parent)).filter(hasLiveFiles))
      manifests.push(await this.#without(view, manifest, change, id));
    const kinds = Map.groupBy(
      change.added,
      ({ specId, file }) => `${specId} ${file.content === 0 ? 'data' : 'deletes'}`,
    );
    for (const added of kinds.values()) {
      const entries = added.map(({ file, sequenceNumber = null }): ManifestEntry => {
        return { status: ADDED, snapshotId: id, sequenceNumber, fileSequenceNumber: null, file };
      });
      const [first] = added;
      if (first !== undefined)
        manifests.push(await this.#manifest(view, first.specId, first.file.content, entries, id));
    }
    const manifestList = `${view.location}/metadata/snap-${id}.avro`;
    const header = { snapshotId: id, parentId: parent?.snapshotId, sequenceNumber: sequence };
    await this.put(manifestList, writeManifestList(header, manifests, runtime.random));
    const timestampMs = nextTimestamp(metadata, runtime.clock.now());
    await this.edit(view, (base) => ({
      ...base,
      lastSequenceNumber: sequence,
      lastUpdatedMs: timestampMs,
      currentSnapshotId: id,
      snapshotLog: [...base.snapshotLog, { timestampMs, snapshotId: id }],
      refs: { ...base.refs, main: { snapshotId: id, type: 'branch', rest: {} } },
      snapshots: [
        ...base.snapshots,
        {
          snapshotId: id,
          ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
          sequenceNumber: sequence,
          timestampMs,
          manifestList,
          summary: { operation: change.operation },
          schemaId: base.currentSchemaId,
          rest: {},
        },
      ],
    }));
  }

  /** The manifest as it is, or written anew with the removed files marked as deleted. */
  async #without(
    view: IcebergView,
    manifest: ManifestFile,
    { removed = new Set() }: ForeignChange,
    id: bigint,
  ): Promise<ManifestFile> {
    const entries: ManifestEntry[] = [];
    for await (const entry of this.#parts.scan.live(view.metadata, manifest))
      entries.push(
        removed.has(entry.file.filePath)
          ? { ...entry, status: DELETED, snapshotId: id }
          : { ...entry, status: EXISTING },
      );
    const isTouched = entries.some(({ status }) => status === DELETED);
    return isTouched ? this.#manifest(view, manifest.specId, manifest.content, entries, id) : manifest;
  }

  async #manifest(
    view: IcebergView,
    specId: number,
    content: number,
    entries: readonly ManifestEntry[],
    id: bigint,
  ): Promise<ManifestFile> {
    const { metadata, location } = view;
    const form = manifestForm(metadata, specById(metadata, specId), content === 0 ? 'data' : 'deletes');
    const { bytes, ...facts } = writeManifest(form, entries, this.#parts.runtime.random);
    const path = `${location}/metadata/foreign-${nextToken()}.avro`;
    await this.put(path, bytes);
    const placed = { ...facts, path, length: BigInt(bytes.length) };
    const file = asManifestFile(placed, id, metadata.lastSequenceNumber + 1n);
    return { ...file, content: content === 0 ? 0 : 1 };
  }
}
