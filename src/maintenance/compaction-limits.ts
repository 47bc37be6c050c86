/** What counts as small, large, cold and worth a rewrite. Data only; defaults of the settings are `config/schema.ts`. */

export interface CompactionLimits {
  /** Size that files are made to. */
  readonly targetBytes: number;
  /** Fewer files are not merged, unless together they fill the target. */
  readonly minFiles: number;
  /** In partitions that still get files, so many of about one size are merged. */
  readonly hotFiles: number;
  /** Bytes of one rewrite: what is on local disk twice, and lost when it is stopped. */
  readonly maxGroupBytes: number;
}

/** Of the target (Iceberg's own figures, checklist 14.2). */
export const SMALL = 0.75;
export const LARGE = 1.8;
/** Part of a file's rows that deletes take away from which on it is written anew. */
export const DELETED_SHARE = 0.1;
/** Delete files that a reader of one data file has to open from which on it is written anew. */
export const MANY_DELETES = 10;
/**
 * Sizes of small files are tiers, each so many times the one below. In a partition that still grows only files of one tier are merged, so
 * that a byte is written once a tier and not once a merge.
 */
export const TIER = 8;
export const TIERS = 4;
/** Local files open at once in one statement. */
export const MAX_GROUP_FILES = 2_000;
