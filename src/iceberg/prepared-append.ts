/**
 * An append that is ready to be attempted: its manifests are in the store, and nothing in them depends on the base
 * (checklist 7.9, 9.2). Owns names of manifests. Moves nothing.
 */
import type { PreparedChange, TableChange } from '../contracts/table-format.ts';
import { SluiceError } from '../core/errors.ts';
import type { SnapshotId } from '../core/ids.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import { ADDED, fromDataFile, type ManifestEntry } from './manifest-entry.ts';
import type { ManifestFile } from './manifest-file.ts';
import { manifestForm, writeManifest, type WrittenManifest } from './manifest-write.ts';
import { metadataDirectory, specById, type TableMetadata } from './metadata.ts';
import type { TableFiles } from './table-files.ts';

/** A manifest in the store. What a list says about it lacks only the commit's own numbers. */
export interface PlacedManifest extends Omit<WrittenManifest, 'bytes'> {
  readonly path: string;
  readonly length: bigint;
}

export interface PreparedAppend extends PreparedChange {
  readonly tableUuid: string;
  readonly schemaId: number;
  readonly manifests: readonly PlacedManifest[];
  /** Work kept between attempts. */
  readonly attempts: {
    count: number;
    /** Merged manifests by the paths they stand for, so that an attempt on a moved base does not merge again. */
    readonly merged: Map<string, PlacedManifest>;
  };
}

/** One manifest of ADDED entries a partition spec. */
export async function prepareAppend(
  metadata: TableMetadata,
  change: TableChange,
  token: SnapshotId,
  files: TableFiles,
  runtime: Runtime,
): Promise<PreparedAppend> {
  refuseRepeats(change);
  const bySpec = Map.groupBy(change.added, (file) => file.specId);
  const manifests = await Promise.all(
    [...bySpec].map(([specId, added]) => {
      const form = manifestForm(metadata, specById(metadata, specId));
      const entries = added.map((file): ManifestEntry => ({
        status: ADDED,
        snapshotId: token,
        sequenceNumber: null,
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
  return {
    token,
    change,
    tableUuid: metadata.tableUuid,
    schemaId: metadata.currentSchemaId,
    manifests,
    attempts: { count: 0, merged: new Map() },
  };
}

export async function placeManifest(
  { bytes, ...facts }: WrittenManifest,
  metadata: TableMetadata,
  name: string,
  files: TableFiles,
  runtime: Runtime,
): Promise<PlacedManifest> {
  const path = `${metadataDirectory(metadata)}/${name}-${uuidV7(runtime)}.avro`;
  await files.create(path, bytes);
  return { ...facts, path, length: BigInt(bytes.length) };
}

/** The line of a manifest list about it, in a commit of that snapshot and sequence number. */
export const asManifestFile = (placed: PlacedManifest, snapshotId: bigint, sequenceNumber: bigint): ManifestFile => ({
  path: placed.path,
  length: placed.length,
  specId: placed.specId,
  content: 0,
  sequenceNumber,
  minSequenceNumber: placed.minSequenceNumber ?? sequenceNumber,
  addedSnapshotId: snapshotId,
  addedFiles: placed.addedFiles,
  existingFiles: placed.existingFiles,
  deletedFiles: placed.deletedFiles,
  addedRows: placed.addedRows,
  existingRows: placed.existingRows,
  deletedRows: placed.deletedRows,
  ...(placed.partitions === undefined ? {} : { partitions: placed.partitions }),
});

/** A path may be live only once in a snapshot (checklist 7.11). */
function refuseRepeats(change: TableChange): void {
  const paths = new Set(change.added.map((file) => file.filePath));
  if (paths.size !== change.added.length)
    throw new SluiceError('internal', 'a commit names the same data file twice', {
      context: { files: change.added.length, paths: paths.size },
    });
}
