/** Canonical rows as the NDJSON that our HTTP API takes (docs/types.md). Owns the spelling of values only. */
import type { CanonicalRow, CanonicalValue, IcebergType, StructType } from './harness.ts';

/** One line a row. NULL fields are left out in rows of odd number and written as null in the others: both mean NULL. */
export function ndjson(schema: StructType, rows: readonly CanonicalRow[]): string {
  return rows.map((row, index) => `${objectText(schema, row, index % 2 === 0)}\n`).join('');
}

function objectText(struct: StructType, row: CanonicalRow, writesNull: boolean): string {
  const members = struct.fields.flatMap((field) => {
    const value = row[field.name] ?? null;
    if (value === null && !writesNull) return [];
    return [`${JSON.stringify(field.name)}:${jsonText(value, field.type, writesNull)}`];
  });
  return `{${members.join(',')}}`;
}

function jsonText(value: CanonicalValue, type: IcebergType, writesNull: boolean): string {
  if (value === null) return 'null';
  if (typeof type === 'string') return primitiveText(value, type);
  switch (type.type) {
    case 'struct':
      return objectText(type, value as CanonicalRow, writesNull);
    case 'list':
      return `[${(value as CanonicalValue[]).map((item) => jsonText(item, type.element, writesNull)).join(',')}]`;
    case 'map': {
      const entries = (value as CanonicalValue[][]).map(([key = null, item = null]) => [
        jsonText(key, type.key, writesNull),
        jsonText(item, type.value, writesNull),
      ]);
      return type.key === 'string'
        ? `{${entries.map(([key, item]) => `${key}:${item}`).join(',')}}`
        : `[${entries.map(([key, item]) => `{"key":${key},"value":${item}}`).join(',')}]`;
    }
  }
}

function primitiveText(value: CanonicalValue, type: string): string {
  const isNumber = type === 'int' || type === 'long' || type === 'float' || type === 'double';
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is not a ${type}`);
  if (type === 'binary' || type.startsWith('fixed'))
    return JSON.stringify(Buffer.from(value, 'hex').toString('base64'));
  // Numbers go as they are written: a pass through a double would lose digits.
  return (isNumber || type.startsWith('decimal')) && /^[-\d]/.test(value) && value !== '-Infinity'
    ? value
    : JSON.stringify(value);
}
