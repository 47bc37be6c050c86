/** What no footer says about float columns that hold NaN, asked of the file itself: only their columns are read. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { NanFacts } from '../footer/column-metrics.ts';
import { query } from './duckdb-session.ts';
import type { FieldPath } from './field-path.ts';
import { literal } from './sql-text.ts';

/** By field id. The file still has the names DuckDB gave it. */
export async function nanFacts(
  connection: DuckDBConnection,
  path: string,
  columns: readonly FieldPath[],
): Promise<ReadonlyMap<number, NanFacts>> {
  if (columns.length === 0) return new Map();
  const list = columns.flatMap(({ path: column }) => [
    `count_if(isnan(${column}))`,
    `min(${column}) FILTER (NOT isnan(${column}))`,
    `max(${column}) FILTER (NOT isnan(${column}))`,
  ]);
  const reader = await query(
    connection,
    `SELECT ${list.join(', ')} FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  const row = reader.getRows()[0] ?? [];
  const number = (at: number): number | undefined => {
    const value = row[at];
    return typeof value === 'number' ? value : undefined;
  };
  return new Map(
    columns.map(({ id }, index) => [
      id,
      { count: BigInt(String(row[index * 3])), min: number(index * 3 + 1), max: number(index * 3 + 2) },
    ]),
  );
}
