/** A data file of a table, before and after upload, with its column metrics (checklist §6). Data only. */
import type { PartitionTuple } from './values.ts';

/** Maps keyed by leaf field id. Absent keys mean "not known". */
export interface ColumnMetrics {
  readonly columnSizes: ReadonlyMap<number, bigint>;
  /** Including nulls and NaN. */
  readonly valueCounts: ReadonlyMap<number, bigint>;
  readonly nullValueCounts: ReadonlyMap<number, bigint>;
  readonly nanValueCounts: ReadonlyMap<number, bigint>;
  /** Single-value serialised (checklist 6.2), already truncated. */
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>;
  readonly upperBounds: ReadonlyMap<number, Uint8Array>;
}

export interface FileFacts {
  readonly format: 'parquet';
  readonly partition: PartitionTuple;
  readonly specId: number;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
  readonly metrics: ColumnMetrics;
  /** Ascending byte offsets of row groups. */
  readonly splitOffsets: readonly bigint[];
  /** Set only when the file really is sorted that way. */
  readonly sortOrderId?: number;
}

/** A finished file on local disk, not yet in the table's store. */
export interface WrittenFile extends FileFacts {
  readonly localPath: string;
}

/** A finished file in the table's store. */
export interface DataFile extends FileFacts {
  /** Fully qualified URI, as it goes into manifests. */
  readonly filePath: string;
}
