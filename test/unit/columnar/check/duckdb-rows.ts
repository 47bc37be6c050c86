/** What DuckDB makes of canonical lines, read by the column engine's own SQL, as values of the slow path. */
import { writeFile } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  DuckDBUUIDValue,
} from '@duckdb/node-api';
import type { Value } from '../../../../src/columnar/check/read-result.ts';
import { decodeSql } from '../../../../src/columnar/engine/decode-sql.ts';
import type { Schema } from '../../../../src/record/types.ts';

/** Rows in the order of the lines, columns in schema order. */
export async function duckdbRows(
  connection: DuckDBConnection,
  schema: Schema,
  lines: Uint8Array,
  path: string,
): Promise<readonly (readonly Value[])[]> {
  await writeFile(path, lines);
  const reader = await connection.runAndReadAll(decodeSql(schema, path, 16 * 1024 * 1024));
  return reader.getRows().map((row) => row.map(valueOf));
}

function valueOf(value: DuckDBValue): Value {
  if (value instanceof DuckDBStructValue) return Object.values(value.entries).map(valueOf);
  if (value instanceof DuckDBListValue) return value.items.map(valueOf);
  if (value instanceof DuckDBMapValue) return value.entries.map((entry) => [valueOf(entry.key), valueOf(entry.value)]);
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBUUIDValue) return new Uint8Array(Buffer.from(value.toString().replaceAll('-', ''), 'hex'));
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value === null || typeof value !== 'object') return value;
  throw new Error(`DuckDB gave a value no type of ours reads: ${String(value)}`);
}
