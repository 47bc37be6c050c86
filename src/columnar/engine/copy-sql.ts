/** The one statement that turns a piece into data files. Owns its options; the expressions come from `decode-sql.ts` and `partition-sql.ts`. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { decodeSql, fieldIdsSql } from './decode-sql.ts';
import { literal } from './sql-text.ts';
import type { Piece } from './staging.ts';

/** A line longer than this needs a larger read buffer. */
const USUAL_OBJECT_BYTES = 16 * 1024 * 1024;
/** Uncompressed bytes of a row group, for tables of wide rows; usual rows reach DuckDB's 122,880 rows first. */
const ROW_GROUP_BYTES = 128 * 1024 * 1024;

const codecs = { zstd: 'zstd', snappy: 'snappy', none: 'uncompressed' } as const;

export function copySql(layout: FileLayout, piece: Piece): string {
  const rows = decodeSql(layout.schema, piece.path, Math.max(USUAL_OBJECT_BYTES, piece.longestLine));
  return `COPY (${rows}) TO ${literal(`${piece.output}.parquet`)} (${parquetOptions(layout)})`;
}

function parquetOptions(layout: FileLayout): string {
  return [
    'FORMAT parquet',
    `COMPRESSION ${codecs[layout.compression]}`,
    // Level 1 writes a quarter faster than 3 and, on event data, not larger (`test/bench/staging.ts`).
    ...(layout.compression === 'zstd' ? ['COMPRESSION_LEVEL 1'] : []),
    'PARQUET_VERSION v1',
    'WRITE_BLOOM_FILTER false',
    `ROW_GROUP_SIZE_BYTES ${ROW_GROUP_BYTES}`,
    `FIELD_IDS ${fieldIdsSql(layout.schema)}`,
    'RETURN_STATS',
  ].join(', ');
}
