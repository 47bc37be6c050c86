/** Bounds of a record, and their defaults. Data only. */

export interface CheckLimits {
  /** Objects and arrays around a value, the record itself included. */
  readonly maxDepth: number;
  /** Bytes of one line without its `\n`. Rewriting at most doubles a line, and DuckDB reads lines of up to 16 MiB. */
  readonly maxRecordBytes: number;
  /** Bytes of one line that a request may bring. Default: `maxRecordBytes`, which what is in a log already keeps to. */
  readonly admittedRecordBytes?: number;
  /** Bytes of one text in a record that a request may bring, as `long-text.ts` measures them. Default: no limit of its own. */
  readonly admittedTextBytes?: number;
}

export const defaultCheckLimits: CheckLimits = { maxDepth: 64, maxRecordBytes: 8 * 1024 * 1024 };

/**
 * Values of one record that the quick walkers do not know by heart, such as decimals with an exponent: each costs some hundred times
 * its bytes, and a record is one step of work.
 */
export const MAX_SLOW_VALUES = 16_384;
