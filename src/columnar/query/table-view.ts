/**
 * A table's live files as one DuckDB view with the table's current schema: columns are found by field id (by name in files without
 * ids), added columns are null in older files, promoted types are widened. Owns SQL text only.
 */
import type { Field, PrimitiveType, Type } from '../../record/types.ts';
import { literal, name } from '../engine/sql-text.ts';

export interface LocalFiles {
  /** Written with field ids, as the specification wants. */
  readonly byId: readonly string[];
  /** Without ids: the names of their columns decide (`schema.name-mapping.default`). */
  readonly byName: readonly string[];
  /** Lower-case names of the columns that at least one file of `byName` has. */
  readonly namesPresent: ReadonlySet<string>;
}

/** The select that gives the table's rows, columns in schema order. */
export function tableSelect(fields: readonly Field[], files: LocalFiles): string {
  const parts: string[] = [];
  if (files.byId.length > 0) {
    const entries = fields.map(
      (field) =>
        `${field.id}: {name: ${literal(field.name)}, type: ${literal(sqlType(field.type))}, default_value: NULL}`,
    );
    parts.push(
      `select ${fields.map((field) => name(field.name)).join(', ')} from read_parquet(${list(files.byId)}, schema = map {${entries.join(', ')}})`,
    );
  }
  if (files.byName.length > 0) {
    const columns = fields.map((field) => {
      const source = files.namesPresent.has(field.name.toLowerCase()) ? name(field.name) : 'null';
      return `cast(${source} as ${sqlType(field.type)}) as ${name(field.name)}`;
    });
    parts.push(`select ${columns.join(', ')} from read_parquet(${list(files.byName)}, union_by_name = true)`);
  }
  if (parts.length === 0)
    parts.push(
      `select ${fields.map((field) => `cast(null as ${sqlType(field.type)}) as ${name(field.name)}`).join(', ')} where false`,
    );
  return parts.join(' union all ');
}

export const list = (paths: readonly string[]): string => `[${paths.map(literal).join(', ')}]`;

const PLAIN: Readonly<Record<Exclude<PrimitiveType['kind'], 'decimal'>, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  string: 'VARCHAR',
  uuid: 'UUID',
  fixed: 'BLOB',
  binary: 'BLOB',
};

function sqlType(type: Type): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'list':
      return `${sqlType(type.element)}[]`;
    case 'map':
      return `MAP(${sqlType(type.key)}, ${sqlType(type.value)})`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${name(field.name)} ${sqlType(field.type)}`).join(', ')})`;
    default:
      return PLAIN[type.kind];
  }
}
