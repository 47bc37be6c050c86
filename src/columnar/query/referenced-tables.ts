/** Which tables a select names, by DuckDB's own parser. Runs nothing of the statement. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { literal } from '../engine/sql-text.ts';

export interface TableReference {
  /** Empty unless three parts are written. */
  readonly catalog: string;
  /** Empty for a bare name: a common table expression, or nothing of ours. */
  readonly schema: string;
  readonly table: string;
}

const OWN_SCHEMAS = new Set(['', 'main', 'temp', 'information_schema', 'pg_catalog']);

/** Throws kind `invalid-input` for anything but one select. Each table once; those of the engine itself are left out. */
export async function referencedTables(connection: DuckDBConnection, sql: string): Promise<readonly TableReference[]> {
  const reader = await connection.runAndReadAll(`select json_serialize_sql(${literal(sql)})`);
  const text = reader.getRowsJson()[0]?.[0];
  const parsed = JSON.parse(typeof text === 'string' ? text : '{}') as Serialized;
  if (parsed.error !== false || parsed.statements === undefined)
    throw new SluiceError('invalid-input', `not a select statement: ${parsed.error_message ?? 'it cannot be read'}`, {
      remedy: `sluice query 'select count(*) from namespace.table'`,
    });
  if (parsed.statements.length !== 1)
    throw new SluiceError('invalid-input', `one select statement is expected, not ${parsed.statements.length}`, {
      remedy: 'run them one by one',
    });
  const found = new Map<string, TableReference>();
  for (const node of nodes(parsed.statements)) {
    const { type, catalog_name: catalog, schema_name: schema, table_name: table } = node;
    if (type !== 'BASE_TABLE' || typeof table !== 'string' || typeof schema !== 'string' || OWN_SCHEMAS.has(schema))
      continue;
    const reference = { catalog: typeof catalog === 'string' ? catalog : '', schema, table };
    found.set(JSON.stringify(reference), reference);
  }
  return [...found.values()];
}

interface Serialized {
  readonly error?: boolean;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

function* nodes(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Readonly<Record<string, unknown>>;
  for (const member of Object.values(value)) yield* nodes(member);
}
