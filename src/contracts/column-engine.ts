/**
 * From checked JSON bytes to finished data files. The engine is native and off the event loop; JavaScript hands it bytes.
 * Owns decoding, casting, partitioning, sorting, encoding and metrics. Does not know logs, commits or stores.
 */
import type { WrittenFile } from '../record/data-file.ts';
import type { PartitionSpec, SortOrder } from '../record/partition-spec.ts';
import type { Schema } from '../record/types.ts';

/** What a data file must look like. Two layouts with equal members give files of equal form. */
export interface FileLayout {
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly sortOrder: SortOrder;
  /** A file is rolled near this size. */
  readonly targetFileBytes: number;
  readonly compression: 'zstd' | 'snappy' | 'none';
  /** Metrics are kept for this many leaf columns (`write.metadata.metrics.max-inferred-column-defaults`, 100). */
  readonly metricsColumns: number;
}

/** Sealed or growing rows of one table and epoch. Bounded in bytes by its owner; may spill to disk as it likes. */
export interface Staging {
  readonly rows: number;
  /** Bytes of checked NDJSON taken in and not yet dropped. */
  readonly bytes: number;
  /** Takes `count` checked lines (each ended by `\n`). The bytes may be reused by the caller after the call returns. Never waits. */
  append(lines: Uint8Array, count: number): void;
  /**
   * Everything appended, as finished files in `directory`, each of one partition tuple. Callable once; `append` is over.
   * Files finished early by size are part of the answer.
   */
  write(signal: AbortSignal): Promise<readonly WrittenFile[]>;
  /** Removes every local file of it, written or not. Idempotent. */
  drop(): Promise<void>;
}

export interface ColumnEngine {
  /** Refuses (kind `unsupported`) a layout the encoder cannot write, naming the column and what to do. */
  validate(layout: FileLayout): void;
  /** `name` is unique among live stagings and safe in a file name. */
  staging(layout: FileLayout, name: string): Staging;
  close(): Promise<void>;
}
