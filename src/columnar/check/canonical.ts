/**
 * The canonical line: what `canonical()` promises and the column engine reads. Owns the form and DuckDB's type for each field of it.
 * Does not decode, and does not rewrite: the walkers note what to rewrite, `keep-lines.ts` writes it.
 *
 * One JSON object a line, each line ended by `\n`, no byte-order mark, no blank lines, valid UTF-8, no duplicate keys at any depth.
 * Read with `read_json(path, columns = {…}, format = 'newline_delimited', records = true)`: without `records` DuckDB guesses from
 * the first record and misreads `{}`. A line has at most `maxRecordBytes` (8 MiB) before rewriting and less than the default
 * `maximum_object_size` (16 MiB) after it. The session's time zone does not matter.
 *
 * | type              | canonical spelling                                                       | DuckDB type in `columns`   |
 * |-------------------|--------------------------------------------------------------------------|----------------------------|
 * | null              | `null` or absent, optional fields only                                   | any                        |
 * | boolean           | `true`, `false`                                                          | BOOLEAN                    |
 * | int, long         | JSON integer, no fraction, no exponent, in range; `-0` is 0              | INTEGER, BIGINT            |
 * | float, double     | JSON number that is finite in the type (negative zero as `-0.0`), or     | FLOAT, DOUBLE              |
 * |                   | `"NaN"`, `"Infinity"`, `"-Infinity"`                                     |                            |
 * | decimal(p,s)      | JSON string `-?digits[.digits]`; a JSON integer; or a JSON number without| DECIMAL(p,s)               |
 * |                   | exponent whose integer digits + s ≤ 15 (DuckDB's double is exact there)  |                            |
 * | date              | `yyyy-MM-dd`                                                             | DATE                       |
 * | time              | `HH:mm[:ss[.f+]]`, digits beyond the sixth are 0                         | TIME                       |
 * | timestamp         | `yyyy-MM-dd` `T` or space, `HH:mm[:ss[.f+]]`                             | TIMESTAMP                  |
 * | timestamptz       | the same with seconds, then `Z` or `±HH:mm`                              | TIMESTAMPTZ                |
 * | string            | JSON string (U+0000 allowed)                                             | VARCHAR                    |
 * | uuid              | 8-4-4-4-12 hex digits, either case                                       | UUID                       |
 * | binary, fixed[L]  | base64, standard alphabet, padded, unused bits 0                         | VARCHAR, then `from_base64`|
 * | struct            | object; absent members are null; unknown members may be left: ignored    | STRUCT("a" …, …)           |
 * | list              | array; `[]` is not null                                                  | T[]                        |
 * | map, string keys  | object; `{}` is not null                                                 | MAP(VARCHAR, V)            |
 * | map, other keys   | array of `{"key": k, "value": v}`; a missing `value` is null             | STRUCT("key" K, "value" V)[] |
 * |                   |                                                                          | then `map_from_entries`    |
 *
 * Strings and keys may hold JSON escapes anywhere (`"2026-01-0\u0032"`); DuckDB resolves them before it casts.
 * Unknown members are left in the line: DuckDB ignores them at every depth and compares names with case.
 * Every row of the table is checked against DuckDB by `test/unit/columnar/check`.
 */
import type { Type } from '../../record/types.ts';
import { assertNever } from '../../core/errors.ts';

/** How DuckDB quotes a name in SQL text. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The type to name in `columns`. Binary and fixed arrive as base64 text, maps with other than string keys as lists of entries. */
export function readType(type: Type): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int':
      return 'INTEGER';
    case 'long':
      return 'BIGINT';
    case 'float':
      return 'FLOAT';
    case 'double':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'timestamptz':
      return 'TIMESTAMPTZ';
    case 'uuid':
      return 'UUID';
    case 'string':
    case 'binary':
    case 'fixed':
      return 'VARCHAR';
    case 'list':
      return `${readType(type.element)}[]`;
    case 'map':
      return type.key.kind === 'string'
        ? `MAP(VARCHAR, ${readType(type.value)})`
        : `STRUCT("key" ${readType(type.key)}, "value" ${readType(type.value)})[]`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoted(field.name)} ${readType(field.type)}`).join(', ')})`;
    default:
      return assertNever(type);
  }
}
