/** Where files of a rewrite end, so that they come out about equal. Pure. */
import type { RewriteRequest } from '../../contracts/file-rewriter.ts';

/** DuckDB's own row group size, and its unit of rows. */
const USUAL_ROW_GROUP = 122_880;
const VECTOR = 2_048;
/** A file ends behind a whole row group, and each thread may be writing one: with so many of them it passes its size by a sixteenth a thread. */
const ROW_GROUPS_OF_FILE = 16;

export interface Roll {
  readonly fileBytes: number;
  readonly rowGroupRows: number;
}

/**
 * Undefined when all rows go into one file. A file is as large as its share of the inputs, in bytes as they come out: what merging saves
 * makes fewer files, not smaller ones.
 */
export function rollOf({ inputs, files }: Pick<RewriteRequest, 'inputs' | 'files'>, rows: bigint): Roll | undefined {
  if (files <= 1) return undefined;
  const bytes = inputs.reduce((sum, input) => sum + input.fileSizeInBytes, 0n);
  const groups = Math.ceil(Number(rows) / files / ROW_GROUPS_OF_FILE / VECTOR);
  return { fileBytes: Math.ceil(Number(bytes) / files), rowGroupRows: Math.min(USUAL_ROW_GROUP, groups * VECTOR) };
}
