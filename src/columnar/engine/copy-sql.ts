/** The statements that turn rows into data files. Owns their options; the expressions come from `decode-sql.ts` and `partition-sql.ts`. */
import { decodeSql, fieldIdsSql } from './decode-sql.ts';
import type { LayoutPlan } from './layout-plan.ts';
import { literal } from './sql-text.ts';
import type { Piece } from './staging.ts';

/** A line longer than this needs a larger read buffer. */
const USUAL_OBJECT_BYTES = 16 * 1024 * 1024;
/** What `copySql` calls the path and the row number of a file read back; no column goes under such a name (`decode-sql.ts`). */
const FILE_COLUMN = '__sluice_file';
const ROW_COLUMN = 'file_row_number';

const codecs = { zstd: 'zstd', snappy: 'snappy', none: 'uncompressed' } as const;

/** The rows of a piece. */
export const decodedSql = ({ layout }: LayoutPlan, piece: Piece): string =>
  decodeSql(layout.schema, piece.path, Math.max(USUAL_OBJECT_BYTES, piece.longestLine));

/** All rows as one file, `<output>.parquet`. */
export const copySql = (plan: LayoutPlan, rows: string, output: string): string =>
  `COPY (${rows}${orderBy(plan.order)}) TO ${literal(`${output}.parquet`)} (${parquetOptions(plan)})`;

/** All rows as files in a directory that is not there yet, a next one begun behind the row group that passes `fileBytes`. */
export const copyRolledSql = (
  plan: LayoutPlan,
  rows: string,
  directory: string,
  { fileBytes, rowGroupRows }: { readonly fileBytes: number; readonly rowGroupRows: number },
): string =>
  `COPY (${rows}${orderBy(plan.order)}) TO ${literal(directory)} (${parquetOptions(plan)}, ROW_GROUP_SIZE ${rowGroupRows}, ` +
  `FILE_SIZE_BYTES ${fileBytes}, FILENAME_PATTERN 'part-{uuidv7}')`;

/** Rows with their partition keys. */
export function keyedSql(plan: LayoutPlan, rows: string): string {
  const columns = plan.keys.map(({ expression, alias }) => `${expression} AS ${alias}`);
  return `SELECT *, ${columns.join(', ')} FROM (${rows})`;
}

/** Keyed rows as one file and more for every partition tuple, in a directory that is not there yet. */
export function copyPartitionsSql(plan: LayoutPlan, keyed: string, directory: string): string {
  const aliases = keyAliases(plan);
  // Without the order by partition every partition is open at once, in memory (encoder reference §4).
  return (
    `COPY (${keyed}${orderBy([...aliases, ...plan.order])}) TO ${literal(directory)} (${parquetOptions(plan)}, ` +
    `PARTITION_BY (${aliases.join(', ')}), HIVE_FILE_PATTERN false, FILENAME_PATTERN 'part-{uuidv7}')`
  );
}

export const keyAliases = (plan: LayoutPlan): readonly string[] => plan.keys.map(({ alias }) => alias);

/**
 * The files among `paths` whose rows do not stand in the order of the layout. Row groups of one partition may be flushed in another order
 * than they were filled.
 */
export function unsortedFilesSql(plan: LayoutPlan, paths: readonly string[]): string {
  const list = paths.map(literal).join(', ');
  const ranked =
    `SELECT ${FILE_COLUMN}, ${ROW_COLUMN}, rank() OVER (PARTITION BY ${FILE_COLUMN}${orderBy(plan.order)}) AS __sluice_rank ` +
    `FROM read_parquet([${list}], filename = ${literal(FILE_COLUMN)}, file_row_number = true)`;
  return (
    `SELECT DISTINCT ${FILE_COLUMN} FROM (SELECT ${FILE_COLUMN}, __sluice_rank, lag(__sluice_rank) OVER ` +
    `(PARTITION BY ${FILE_COLUMN} ORDER BY ${ROW_COLUMN}) AS __sluice_previous FROM (${ranked})) ` +
    `WHERE __sluice_rank < __sluice_previous`
  );
}

/** The same rows in the order of the layout, in another file. */
export const sortFileSql = (plan: LayoutPlan, from: string, to: string): string =>
  `COPY (SELECT * FROM read_parquet(${literal(from)}, hive_partitioning = false)${orderBy(plan.order)}) TO ${literal(to)} ` +
  `(${parquetOptions(plan)})`;

const orderBy = (terms: readonly string[]): string => (terms.length === 0 ? '' : ` ORDER BY ${terms.join(', ')}`);

function parquetOptions({ layout, dictionaries, rowGroupBytes }: LayoutPlan): string {
  return [
    'FORMAT parquet',
    `COMPRESSION ${codecs[layout.compression]}`,
    // Level 1 writes a quarter faster than 3 and, on event data, not larger (`test/bench/staging.ts`).
    ...(layout.compression === 'zstd' ? ['COMPRESSION_LEVEL 1'] : []),
    'PARQUET_VERSION v1',
    'WRITE_BLOOM_FILTER false',
    ...(dictionaries ? [] : ['DICTIONARY_SIZE_LIMIT 0']),
    `ROW_GROUP_SIZE_BYTES ${rowGroupBytes}`,
    `FIELD_IDS ${fieldIdsSql(layout.schema)}`,
    'RETURN_STATS',
  ].join(', ');
}
