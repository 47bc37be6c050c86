/**
 * One select over tables of a catalog: finds the tables it names, brings their live files within reach, runs it in a DuckDB of its own
 * and hands out the rows as they come. Writes nothing but a temporary directory, which it removes.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryResult, QuerySource, QueryTable, QueryValue } from '../../contracts/query.ts';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { TableName } from '../../core/ids.ts';
import { formatTableName } from '../../core/ids.ts';
import { name } from '../engine/sql-text.ts';
import type { TableReference } from './referenced-tables.ts';
import { referencedTables } from './referenced-tables.ts';
import type { LocalFiles } from './table-view.ts';
import { list, tableSelect } from './table-view.ts';

export interface QueryOptions {
  readonly memoryBytes: number;
}

/** Files fetched at once when they are not local. */
const FETCHES = 8;

/**
 * Throws kind `invalid-input` when the statement is no select or does not run, `not-found` for an unknown table, `unsupported` for
 * one with delete files. The rows must be used before `use` resolves.
 */
export async function runQuery<T>(
  source: QuerySource,
  sql: string,
  options: QueryOptions,
  use: (result: QueryResult) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-query-'));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.floor(options.memoryBytes / 1024 / 1024)}MiB`,
    temp_directory: join(directory, 'spill'),
  });
  const connection = await instance.connect();
  try {
    await connection.run(`set timezone = 'UTC'`);
    for (const reference of await referencedTables(connection, sql))
      await registerTable(connection, source, reference, directory);
    const result = await asInvalidInput(connection.stream(sql));
    const types = result.columnTypes();
    const columns = result.columnNames().map((column, index) => ({ name: column, type: String(types[index]) }));
    return await use({ columns, rows: rowsOf(result.yieldRowsJson()) });
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(directory, { recursive: true, force: true });
  }
}

/** How a statement names the table: two parts as they are; of more, all but the last two are one quoted catalog name. */
export function tableReference(table: TableName): string {
  const [last = '', ...rest] = table.namespace.toReversed();
  const catalog = rest.toReversed().join('.');
  return [...(catalog === '' ? [] : [catalog]), last, table.name].map(name).join('.');
}

async function registerTable(
  connection: DuckDBConnection,
  source: QuerySource,
  reference: TableReference,
  directory: string,
): Promise<void> {
  const parts = [reference.catalog, reference.schema].filter((part) => part !== '').flatMap((part) => part.split('.'));
  const tableName: TableName = { namespace: parts, name: reference.table };
  const table = await source.resolve(tableName);
  if (table === undefined)
    throw new SluiceError('not-found', `table "${formatTableName(tableName)}" does not exist`, {
      remedy: `name one of ${(await source.list()).slice(0, 10).map(formatTableName).join(', ') || 'none: the catalog has no tables'}`,
    });
  if (table.hasDeletes)
    throw new SluiceError(
      'unsupported',
      `table "${formatTableName(tableName)}" has delete files, which this query does not apply`,
      {
        remedy: 'read it with an engine that does: Spark, Trino, PyIceberg or DuckDB’s iceberg extension',
      },
    );
  const files = await localFiles(connection, source, table, directory);
  const database = reference.catalog === '' ? '' : `${name(reference.catalog)}.`;
  if (database !== '') await connection.run(`attach if not exists ':memory:' as ${name(reference.catalog)}`);
  await connection.run(`create schema if not exists ${database}${name(reference.schema)}`);
  await connection.run(
    `create view ${database}${name(reference.schema)}.${name(reference.table)} as ${tableSelect(table.schema.fields, files)}`,
  );
}

async function localFiles(
  connection: DuckDBConnection,
  source: QuerySource,
  table: QueryTable,
  directory: string,
): Promise<LocalFiles> {
  const paths: string[] = [];
  const waiting = [...table.files.entries()];
  const fetcher = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      paths[next[0]] = await source.localFile(next[1].filePath, directory);
  };
  await Promise.all(Array.from({ length: FETCHES }, fetcher));
  if (paths.length === 0) return { byId: [], byName: [], namesPresent: new Set() };

  const withIds = await connection.runAndReadAll(
    `select distinct file_name from parquet_schema(${list(paths)}) where field_id is not null`,
  );
  const identified = new Set(withIds.getRowsJson().map(([file]) => file));
  const byName = paths.filter((path) => !identified.has(path));
  const present =
    byName.length === 0
      ? []
      : (
          await connection.runAndReadAll(`select distinct lower(name) from parquet_schema(${list(byName)})`)
        ).getRowsJson();
  return {
    byId: paths.filter((path) => identified.has(path)),
    byName,
    namesPresent: new Set(present.flatMap(([column]) => (typeof column === 'string' ? [column] : []))),
  };
}

async function* rowsOf(chunks: AsyncIterable<readonly (readonly unknown[])[]>): AsyncGenerator<readonly QueryValue[]> {
  try {
    for await (const rows of chunks) for (const row of rows) yield row as readonly QueryValue[];
  } catch (error) {
    throw refused(error);
  }
}

const asInvalidInput = <T>(running: Promise<T>): Promise<T> =>
  running.catch((error: unknown) => {
    throw refused(error);
  });

const refused = (error: unknown): SluiceError =>
  new SluiceError('invalid-input', `the query does not run: ${messageOf(error)}`, {
    remedy: 'mend the statement; name tables as namespace.table',
    cause: error,
  });
