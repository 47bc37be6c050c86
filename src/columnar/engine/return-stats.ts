/** The answer of `COPY … (RETURN_STATS)` as data. */
import { DuckDBMapValue } from '@duckdb/node-api';
import type { DuckDBResultReader, DuckDBValue } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';

export interface CopiedFile {
  readonly path: string;
  readonly rows: bigint;
  /** Quoted, dotted paths of float columns that hold NaN. */
  readonly nanColumns: ReadonlySet<string>;
  /** Text of each partition column; empty for an unpartitioned copy. */
  readonly partitionKeys: ReadonlyMap<string, string | null>;
}

export function copiedFiles(reader: DuckDBResultReader): readonly CopiedFile[] {
  const columns = reader.columnNames();
  return reader.getRows().map((row) => {
    const cell = (column: string): DuckDBValue => row[columns.indexOf(column)] ?? null;
    const path = cell('filename');
    const rows = cell('count');
    if (typeof path !== 'string' || typeof rows !== 'bigint')
      throw new SluiceError('internal', 'DuckDB answered a COPY without file names and counts');
    const nanColumns = entries(cell('column_statistics'))
      .filter(([, statistics]) => entries(statistics).some(([key, value]) => key === 'has_nan' && value === 'true'))
      .map(([column]) => column);
    const partitionKeys = entries(cell('partition_keys')).map(
      ([key, value]) => [key, value === null ? null : String(value)] as const,
    );
    return { path, rows, nanColumns: new Set(nanColumns), partitionKeys: new Map(partitionKeys) };
  });
}

const entries = (value: DuckDBValue): readonly (readonly [string, DuckDBValue])[] =>
  value instanceof DuckDBMapValue ? value.entries.map((entry) => [String(entry.key), entry.value] as const) : [];
