/**
 * From canonical lines (`columnar/check/canonical.ts`) to typed columns, as SQL: what `read_json` is told to read, and the expressions
 * that turn it into the types the Parquet writer needs. Casts fail loudly; nothing becomes null by itself.
 * Knows neither partitions nor files.
 */
import type { Field, PrimitiveType, Schema, Type } from '../../record/types.ts';
import { isPrimitive } from '../../record/types.ts';
import { readType } from '../check/canonical.ts';
import { literal, name } from './sql-text.ts';

type DecimalType = Extract<PrimitiveType, { kind: 'decimal' }>;

/** A field as it is called inside DuckDB; `finish.ts` gives the file its true names when they differ. */
export interface NamedField {
  readonly field: Field;
  readonly alias: string;
}

/**
 * DuckDB folds the case of ASCII names and has names of its own: fields that differ in case only, and `__duckdb…`, `__sluice…` and
 * `file_row_number`, go under `f<id>`. Distinct within one struct.
 */
export function aliases(fields: readonly Field[]): readonly NamedField[] {
  const count = new Map<string, number>();
  for (const { name } of fields) count.set(folded(name), (count.get(folded(name)) ?? 0) + 1);
  const taken = new Set(count.keys());
  return fields.map((field) => {
    const unusable =
      count.get(folded(field.name)) !== 1 || /^__(duckdb|sluice)|^file_row_number$/.test(folded(field.name));
    if (!unusable) return { field, alias: field.name };
    let alias = `f${field.id}`;
    while (taken.has(alias)) alias += '_';
    return { field, alias };
  });
}

/** `SELECT` list and `FROM` of the decoded rows; every column is called by its alias. */
export function decodeSql(schema: Schema, path: string, maximumObjectBytes: number): string {
  const columns = aliases(schema.fields);
  const collides = columns.some(({ field, alias }) => alias !== field.name);
  const read = (list: string, records: boolean): string =>
    `read_json(${literal(path)}, columns = {${list}}, format = 'newline_delimited', records = ${records}, auto_detect = false, ` +
    `hive_partitioning = false, compression = 'uncompressed', maximum_object_size = ${maximumObjectBytes})`;
  if (collides) {
    const list = columns.map(
      ({ field, alias }) => `${fromJson(member('line', field.name), field.type, 0)} AS ${name(alias)}`,
    );
    return `SELECT ${list.join(', ')} FROM ${read(`line: 'JSON'`, false)}`;
  }
  const types = columns.map(
    ({ field }) => `${name(field.name)}: ${literal(hasCollision(field.type) ? 'JSON' : sourceType(field.type))}`,
  );
  const list = columns.map(({ field }) => {
    const source = name(field.name);
    return `${hasCollision(field.type) ? fromJson(source, field.type, 0) : converted(source, field.type, 0)} AS ${source}`;
  });
  return `SELECT ${list.join(', ')} FROM ${read(types.join(', '), true)}`;
}

/** `FIELD_IDS` of `COPY … (FORMAT parquet)`, for every level. */
export function fieldIdsSql(schema: Schema): string {
  return `{${members(schema.fields)}}`;
}

const folded = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

const members = (fields: readonly Field[]): string =>
  aliases(fields)
    .map(({ field, alias }) => `${name(alias)}: ${fieldId(field.id, field.type)}`)
    .join(', ');

function fieldId(id: number, type: Type): string {
  switch (type.kind) {
    case 'struct':
      return `{__duckdb_field_id: ${id}, ${members(type.fields)}}`;
    case 'list':
      return `{__duckdb_field_id: ${id}, element: ${fieldId(type.elementId, type.element)}}`;
    case 'map':
      return `{__duckdb_field_id: ${id}, key: ${fieldId(type.keyId, type.key)}, value: ${fieldId(type.valueId, type.value)}}`;
    default:
      return String(id);
  }
}

/** Whether a struct anywhere inside needs other names than its own. */
function hasCollision(type: Type): boolean {
  switch (type.kind) {
    case 'struct':
      return (
        aliases(type.fields).some(({ field, alias }) => alias !== field.name) ||
        type.fields.some((field) => hasCollision(field.type))
      );
    case 'list':
      return hasCollision(type.element);
    case 'map':
      return hasCollision(type.key) || hasCollision(type.value);
    default:
      return false;
  }
}

/** What `read_json` is told: the canonical form's type, but text where DuckDB's own cast is slow. */
function sourceType(type: Type): string {
  switch (type.kind) {
    case 'decimal':
      return isWide(type) ? 'VARCHAR' : readType(type);
    case 'list':
      return `${sourceType(type.element)}[]`;
    case 'map':
      return type.key.kind === 'string'
        ? `MAP(VARCHAR, ${sourceType(type.value)})`
        : `STRUCT("key" ${sourceType(type.key)}, "value" ${sourceType(type.value)})[]`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${name(field.name)} ${sourceType(field.type)}`).join(', ')})`;
    default:
      return readType(type);
  }
}

/** Whether what `read_json` gives differs from what the file holds, here or inside. */
function needsConversion(type: Type): boolean {
  switch (type.kind) {
    case 'binary':
    case 'fixed':
      return true;
    case 'decimal':
      return isWide(type);
    case 'struct':
      return type.fields.some((field) => needsConversion(field.type));
    case 'list':
      return needsConversion(type.element);
    case 'map':
      return type.key.kind !== 'string' || needsConversion(type.value);
    default:
      return false;
  }
}

/** `source` is of type `sourceType(type)`; `depth` keeps the names of nested lambda parameters apart. */
function converted(source: string, type: Type, depth: number): string {
  if (!needsConversion(type)) return source;
  const item = `x${depth}`;
  switch (type.kind) {
    case 'binary':
      return `from_base64(${source})`;
    case 'fixed':
      return fixed(source, type.length);
    case 'decimal':
      return wideDecimal(source, type.precision, type.scale);
    case 'struct': {
      const parts = type.fields.map(
        (field) =>
          `${name(field.name)} := ${converted(`struct_extract(${source}, ${literal(field.name)})`, field.type, depth)}`,
      );
      return unlessNull(source, `struct_pack(${parts.join(', ')})`);
    }
    case 'list':
      return `list_transform(${source}, lambda ${item}: ${converted(item, type.element, depth + 1)})`;
    case 'map': {
      const entries = type.key.kind === 'string' ? `map_entries(${source})` : source;
      const key = converted(`struct_extract(${item}, 'key')`, type.key, depth + 1);
      const value = converted(`struct_extract(${item}, 'value')`, type.value, depth + 1);
      const pair = `struct_pack("key" := ${key}, "value" := ${value})`;
      return unlessNull(source, `map_from_entries(list_transform(${entries}, lambda ${item}: ${pair}))`);
    }
    default:
      return source;
  }
}

/** The same from a value of type JSON: slower, but its keys are compared with case. */
function fromJson(source: string, type: Type, depth: number): string {
  const item = `x${depth}`;
  if (isPrimitive(type))
    return converted(`CAST(json_extract_string(${source}, '$') AS ${sourceType(type)})`, type, depth);
  const present = (value: string): string =>
    `CASE WHEN json_type(${source}) IS NULL OR json_type(${source}) = 'NULL' THEN NULL ELSE ${value} END`;
  switch (type.kind) {
    case 'struct': {
      const parts = aliases(type.fields).map(
        ({ field, alias }) => `${name(alias)} := ${fromJson(member(source, field.name), field.type, depth)}`,
      );
      return present(`struct_pack(${parts.join(', ')})`);
    }
    case 'list':
      return present(
        `list_transform(CAST(${source} AS JSON[]), lambda ${item}: ${fromJson(item, type.element, depth + 1)})`,
      );
    case 'map': {
      if (type.key.kind === 'string')
        return present(
          `map_from_entries(list_transform(map_entries(CAST(${source} AS MAP(VARCHAR, JSON))), lambda ${item}: ` +
            `struct_pack("key" := ${item}.key, "value" := ${fromJson(`${item}.value`, type.value, depth + 1)})))`,
        );
      const key = fromJson(member(item, 'key'), type.key, depth + 1);
      const value = fromJson(member(item, 'value'), type.value, depth + 1);
      return present(
        `map_from_entries(list_transform(CAST(${source} AS JSON[]), lambda ${item}: struct_pack("key" := ${key}, "value" := ${value})))`,
      );
    }
  }
}

/** A member of a JSON object by its exact key; SQL null when absent. A pointer, because a path takes `"*"` for any member. */
const member = (source: string, key: string): string =>
  `json_extract(${source}, ${literal(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`;

const unlessNull = (source: string, value: string): string => `CASE WHEN ${source} IS NOT NULL THEN ${value} END`;

// DuckDB has no fixed-length bytes. 16 of them travel as a UUID, whose annotation the footer loses afterwards; other lengths as a BLOB,
// whose pages are rewritten (`footer/fixed-pages.ts`).
function fixed(source: string, length: number): string {
  if (length === 16) return `CAST(hex(from_base64(${source})) AS UUID)`;
  const bytes = `from_base64(${source})`;
  return `CASE WHEN octet_length(${bytes}) <> ${length} THEN error('not ${length} bytes') ELSE ${bytes} END`;
}

/** Held in 128 bits by DuckDB, whose cast from text to such decimals takes 4 to 40 µs a value: to HUGEINT it takes 0.1. */
const isWide = (type: DecimalType): boolean => type.precision > 18;

function wideDecimal(source: string, precision: number, scale: number): string {
  const exact = `DECIMAL(${precision},${scale})`;
  const fraction = `split_part(${source}, '.', 2)`;
  const unscaled = `CAST(CAST(split_part(${source}, '.', 1) || rpad(${fraction}, ${scale}, '0') AS HUGEINT) AS DECIMAL(${precision},0))`;
  const unit = `CAST('0.${'0'.repeat(Math.max(0, scale - 1))}1' AS DECIMAL(${scale},${scale}))`;
  const quick = scale === 0 ? unscaled : `CAST(${unscaled} * ${unit} AS ${exact})`;
  // Numbers with an exponent, which DuckDB makes of small JSON numbers, and digits beyond the scale, which are zeros.
  return `CASE WHEN contains(${source}, 'e') OR length(${fraction}) > ${scale} THEN CAST(${source} AS ${exact}) ELSE ${quick} END`;
}
