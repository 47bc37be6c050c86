/**
 * Rows to files of one partition tuple each, within the memory limit however many tuples there are. DuckDB holds at least 256 KiB for
 * every partition that a vector of 2,048 rows touches, on each thread: 10,000 rows of 10,000 partitions in one COPY do not fit into 2 GiB.
 * So one COPY takes some hundred partitions, and more of them are taken from a temporary table, one batch after the other.
 */
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { copyPartitionsSql, keyAliases, keyedSql, sortFileSql, unsortedFilesSql } from './copy-sql.ts';
import { query } from './duckdb-session.ts';
import type { LayoutPlan } from './layout-plan.ts';
import type { CopiedFile } from './return-stats.ts';
import { copiedFiles } from './return-stats.ts';

/** Some 50 MiB a thread. */
const PARTITIONS_OF_COPY = 200;
/** Rows a thread gathers before it writes a row group for each of its partitions: DuckDB's own row group size. */
const GATHERED_ROWS = 122_880;
const TABLE = '__sluice_piece';
const BATCH = '__sluice_batch';

/** `output` is the directory of the files; `expected` how many partitions there are, when that is known. */
export async function copyPartitions(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  rows: string,
  output: string,
  expected: number | undefined,
  signal: AbortSignal,
): Promise<readonly CopiedFile[]> {
  await query(connection, `SET partitioned_write_flush_threshold = ${GATHERED_ROWS}`);
  const keyed = keyedSql(plan, rows);
  const partitions = expected ?? (await countPartitions(connection, plan, keyed));
  if (partitions <= PARTITIONS_OF_COPY)
    return copiedFiles(await query(connection, copyPartitionsSql(plan, keyed, output)));
  return copyBatches(connection, plan, keyed, output, Math.ceil(partitions / PARTITIONS_OF_COPY), signal);
}

/** Partitioned files are mostly in order already; the others are sorted once more, by themselves. */
export async function inOrder(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  files: readonly CopiedFile[],
): Promise<readonly CopiedFile[]> {
  if (plan.order.length === 0) return files;
  const paths = files.map((file) => file.path);
  const unsorted = new Set((await query(connection, unsortedFilesSql(plan, paths))).getRows().map(([path]) => path));
  const sorted: CopiedFile[] = [];
  for (const file of files) {
    if (!unsorted.has(file.path)) {
      sorted.push(file);
      continue;
    }
    const path = file.path.replace(/\.parquet$/, '-sorted.parquet');
    await query(connection, sortFileSql(plan, file.path, path));
    await unlink(file.path);
    sorted.push({ ...file, path });
  }
  return sorted;
}

async function copyBatches(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  keyed: string,
  output: string,
  batches: number,
  signal: AbortSignal,
): Promise<readonly CopiedFile[]> {
  const batch = `CAST(hash(${keyAliases(plan).join(', ')}) % ${batches} AS INTEGER)`;
  try {
    // In the order of the batches, so that each reads only its own part.
    await query(
      connection,
      `CREATE TEMPORARY TABLE ${TABLE} AS SELECT *, ${batch} AS ${BATCH} FROM (${keyed}) ORDER BY ${BATCH}`,
    );
    const files: CopiedFile[] = [];
    await mkdir(output);
    for (let number = 0; number < batches; number += 1) {
      // An abort between two statements interrupts none of them.
      signal.throwIfAborted();
      const rows = `SELECT * EXCLUDE (${BATCH}) FROM ${TABLE} WHERE ${BATCH} = ${number}`;
      const reader = await query(connection, copyPartitionsSql(plan, rows, join(output, String(number))));
      files.push(...copiedFiles(reader));
    }
    return files;
  } finally {
    await query(connection, `DROP TABLE IF EXISTS ${TABLE}`);
  }
}

async function countPartitions(connection: DuckDBConnection, plan: LayoutPlan, keyed: string): Promise<number> {
  const keys = keyAliases(plan).join(', ');
  const reader = await query(connection, `SELECT count(*) FROM (SELECT DISTINCT ${keys} FROM (${keyed}))`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}
