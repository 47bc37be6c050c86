/** Bounds of a record, and their defaults. Data only. */

export interface CheckLimits {
  /** Objects and arrays around a value, the record itself included. */
  readonly maxDepth: number;
  /** Bytes of one line without its `\n`. Rewriting at most doubles a line, and DuckDB reads lines of up to 16 MiB. */
  readonly maxRecordBytes: number;
}

export const defaultCheckLimits: CheckLimits = { maxDepth: 64, maxRecordBytes: 8 * 1024 * 1024 };
