/** Reading the manifests of a snapshot entry by entry, without holding up the event loop. Owns fetching and pauses; decodes elsewhere. */
import type { Clock } from '../core/runtime.ts';
import { DELETED, type ManifestEntry } from './manifest-entry.ts';
import type { ManifestFile } from './manifest-file.ts';
import { readManifest } from './manifest-read.ts';
import { partitionColumns, type PartitionColumn } from './manifest-schema.ts';
import { sourceTypes, specById, type TableMetadata } from './metadata.ts';
import type { TableFiles } from './table-files.ts';

/** Decoding so many entries takes a few milliseconds; then others on the event loop have their turn. */
const ENTRIES_IN_A_ROW = 250;

/** An entry that is not DELETED, with its numbers resolved. */
export interface LiveEntry extends ManifestEntry {
  readonly sequenceNumber: bigint;
  readonly fileSequenceNumber: bigint;
  readonly snapshotId: bigint;
}

export class ManifestScan {
  readonly #files: TableFiles;
  readonly #clock: Clock;
  #decoded = 0;

  constructor(files: TableFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /** Every entry, DELETED ones too. */
  async *all(metadata: TableMetadata, manifest: ManifestFile): AsyncGenerator<ManifestEntry> {
    const columns = columnsOf(metadata, manifest.specId);
    for (const entry of readManifest(await this.#files.read(manifest.path), manifest, columns)) {
      this.#decoded += 1;
      if (this.#decoded % ENTRIES_IN_A_ROW === 0) await this.#clock.sleep(0);
      yield entry;
    }
  }

  async *live(metadata: TableMetadata, manifest: ManifestFile): AsyncGenerator<LiveEntry> {
    for await (const entry of this.all(metadata, manifest))
      if (entry.status !== DELETED)
        yield {
          ...entry,
          sequenceNumber: entry.sequenceNumber ?? manifest.sequenceNumber,
          fileSequenceNumber: entry.fileSequenceNumber ?? manifest.sequenceNumber,
          snapshotId: entry.snapshotId ?? manifest.addedSnapshotId,
        };
  }
}

export function columnsOf(metadata: TableMetadata, specId: number): readonly PartitionColumn[] {
  const spec = specById(metadata, specId);
  return partitionColumns(spec, sourceTypes(metadata, spec));
}
