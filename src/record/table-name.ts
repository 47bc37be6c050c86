/** Table names as text: `ns.table`, `a.b.table`. Owns parsing; printing is `formatTableName`. */
import type { TableName } from '../core/ids.ts';

const PART = /^[^./\\\p{Cc}]{1,255}$/u;
const CREATABLE = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$/;

/** Any name a catalog may hold. Undefined unless it has a namespace and no empty part, slash or control character. */
export function parseTableName(text: string): TableName | undefined {
  const parts = text.split('.');
  const name = parts.pop();
  if (name === undefined || parts.length === 0 || ![...parts, name].every((part) => PART.test(part))) return undefined;
  return { namespace: parts, name };
}

/** Names we create are safe in paths and SQL everywhere: letters, digits, `_` and `-`, 128 at most a part. */
export const isCreatableName = (table: TableName): boolean =>
  [...table.namespace, table.name].every((part) => CREATABLE.test(part));

export const CREATABLE_NAME_RULE = 'a name is ns.table, each part of letters, digits, "_" and "-", 128 at most';
