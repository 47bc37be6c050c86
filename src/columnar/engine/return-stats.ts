/**
 * The answer of `COPY … (RETURN_STATS)` as data: which files there are, of which partition. Its statistics are not used: `has_nan` is that of
 * the last row group only (1.5.6), and the footer says the rest.
 */
import { DuckDBMapValue } from '@duckdb/node-api';
import type { DuckDBResultReader, DuckDBValue } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';

export interface CopiedFile {
  readonly path: string;
  /** Text of each partition column; empty for an unpartitioned copy. */
  readonly partitionKeys: ReadonlyMap<string, string | null>;
}

export function copiedFiles(reader: DuckDBResultReader): readonly CopiedFile[] {
  const columns = reader.columnNames();
  return reader.getRows().map((row) => {
    const cell = (column: string): DuckDBValue => row[columns.indexOf(column)] ?? null;
    const path = cell('filename');
    if (typeof path !== 'string') throw new SluiceError('internal', 'DuckDB answered a COPY without file names');
    const partitionKeys = entries(cell('partition_keys')).map(
      ([key, value]) => [key, value === null ? null : String(value)] as const,
    );
    return { path, partitionKeys: new Map(partitionKeys) };
  });
}

const entries = (value: DuckDBValue): readonly (readonly [string, DuckDBValue])[] =>
  value instanceof DuckDBMapValue ? value.entries.map((entry) => [String(entry.key), entry.value] as const) : [];
