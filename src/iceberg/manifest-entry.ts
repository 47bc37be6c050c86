/** Entries of manifests as data (checklist 7.5, 7.6), of files by any writer. Shapes only. */
import type { ColumnMetrics, DataFile } from '../record/data-file.ts';
import type { PartitionTuple } from '../record/values.ts';

export const EXISTING = 0;
export const ADDED = 1;
export const DELETED = 2;
export type EntryStatus = typeof EXISTING | typeof ADDED | typeof DELETED;

/** A data or delete file. Wider than `DataFile`: others write other formats and delete files. */
export interface ContentFile {
  /** 0 data, 1 position deletes, 2 equality deletes. */
  readonly content: number;
  readonly filePath: string;
  /** As written: `PARQUET`, `parquet`, `AVRO` … */
  readonly fileFormat: string;
  readonly partition: PartitionTuple;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
  readonly metrics: ColumnMetrics;
  readonly keyMetadata?: Uint8Array;
  readonly splitOffsets?: readonly bigint[];
  readonly equalityIds?: readonly number[];
  readonly sortOrderId?: number;
  readonly referencedDataFile?: string;
}

/** `null`: inherited from the manifest list (checklist 7.9). */
export interface ManifestEntry {
  readonly status: EntryStatus;
  readonly snapshotId: bigint | null;
  readonly sequenceNumber: bigint | null;
  readonly fileSequenceNumber: bigint | null;
  readonly file: ContentFile;
}

export const fromDataFile = (file: DataFile): ContentFile => ({
  content: 0,
  filePath: file.filePath,
  fileFormat: file.format.toUpperCase(),
  partition: file.partition,
  recordCount: file.recordCount,
  fileSizeInBytes: file.fileSizeInBytes,
  metrics: file.metrics,
  ...(file.splitOffsets.length === 0 ? {} : { splitOffsets: file.splitOffsets }),
  ...(file.sortOrderId === undefined ? {} : { sortOrderId: file.sortOrderId }),
});
