/** Statements that one thread of DuckDB runs: for the order of what it writes, and where memory is short. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { query } from '../engine/duckdb-session.ts';

/** The setting is that of the whole instance: for one that runs a statement at a time. */
export async function byOneThread<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  const reader = await query(connection, `SELECT current_setting('threads')`);
  const threads = String(reader.getRows()[0]?.[0]);
  await query(connection, 'SET threads = 1');
  try {
    return await work();
  } finally {
    await query(connection, `SET threads = ${threads}`);
  }
}
