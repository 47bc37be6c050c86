/**
 * A piece to files of one partition tuple each, within the memory limit however many tuples there are. DuckDB holds at least 256 KiB for
 * every partition that a vector of 2,048 rows touches, on each thread: 10,000 rows of 10,000 partitions in one COPY do not fit into 2 GiB.
 * So one COPY takes some hundred partitions, and more of them are taken from a temporary table, one batch after the other.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { copyPartitionsSql, keyAliases, keyedSql } from './copy-sql.ts';
import { query } from './duckdb-session.ts';
import type { LayoutPlan } from './layout-plan.ts';
import type { CopiedFile } from './return-stats.ts';
import { copiedFiles } from './return-stats.ts';
import type { Piece } from './staging.ts';

/** Some 50 MiB a thread. */
const PARTITIONS_OF_COPY = 200;
/** Rows a thread gathers before it writes a row group for each of its partitions: DuckDB's own row group size. */
const GATHERED_ROWS = 122_880;
const TABLE = '__sluice_piece';
const BATCH = '__sluice_batch';

/** `careful`: what earlier pieces made is not relied on. */
export async function copyPartitions(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  piece: Piece,
  careful: boolean,
  signal: AbortSignal,
): Promise<readonly CopiedFile[]> {
  await query(connection, `SET partitioned_write_flush_threshold = ${GATHERED_ROWS}`);
  const expected = careful ? undefined : piece.expectedFiles;
  const partitions = expected ?? (await countPartitions(connection, plan, piece));
  if (partitions <= PARTITIONS_OF_COPY)
    return copiedFiles(await query(connection, copyPartitionsSql(plan, keyedSql(plan, piece), piece.output)));
  return copyBatches(connection, plan, piece, Math.ceil(partitions / PARTITIONS_OF_COPY), signal);
}

async function copyBatches(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  piece: Piece,
  batches: number,
  signal: AbortSignal,
): Promise<readonly CopiedFile[]> {
  const batch = `CAST(hash(${keyAliases(plan).join(', ')}) % ${batches} AS INTEGER)`;
  try {
    // In the order of the batches, so that each reads only its own part.
    await query(
      connection,
      `CREATE TEMPORARY TABLE ${TABLE} AS SELECT *, ${batch} AS ${BATCH} FROM (${keyedSql(plan, piece)}) ORDER BY ${BATCH}`,
    );
    const files: CopiedFile[] = [];
    await mkdir(piece.output);
    for (let number = 0; number < batches; number += 1) {
      // An abort between two statements interrupts none of them.
      signal.throwIfAborted();
      const rows = `SELECT * EXCLUDE (${BATCH}) FROM ${TABLE} WHERE ${BATCH} = ${number}`;
      const reader = await query(connection, copyPartitionsSql(plan, rows, join(piece.output, String(number))));
      files.push(...copiedFiles(reader));
    }
    return files;
  } finally {
    await query(connection, `DROP TABLE IF EXISTS ${TABLE}`);
  }
}

async function countPartitions(connection: DuckDBConnection, plan: LayoutPlan, piece: Piece): Promise<number> {
  const keys = keyAliases(plan).join(', ');
  const reader = await query(
    connection,
    `SELECT count(*) FROM (SELECT DISTINCT ${keys} FROM (${keyedSql(plan, piece)}))`,
  );
  return Number(reader.getRows()[0]?.[0] ?? 0);
}
