/** A column of a table's live data files, as the daemon lists them and DuckDB reads them. */
import { DuckDBInstance } from '@duckdb/node-api';
import { fileURLToPath } from 'node:url';
import { fetchAgain } from './fetch-again.ts';

/** `select` and, when given, `where` are SQL of DuckDB over the columns of `files`. Local files only; empty for a table without files. */
export async function tableColumn(
  url: string,
  table: string,
  select: string,
  where = 'true',
): Promise<readonly unknown[]> {
  const { files } = (await (await fetchAgain(`${url}/api/v1/tables/${table}/files`)).json()) as {
    files: { file_path: string }[];
  };
  if (files.length === 0) return [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const list = files.map((file) => `'${fileURLToPath(file.file_path)}'`).join(', ');
    const rows = await connection.runAndReadAll(
      `WITH files AS (FROM read_parquet([${list}])) SELECT ${select} FROM files WHERE ${where}`,
    );
    return rows.getRows().map(([value]) => value);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
