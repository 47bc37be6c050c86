/** Quoting for DuckDB's SQL. */

/** An identifier; any name is safe. */
export const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A string literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
