/**
 * What a caller may do: grants by table glob, as text `append:web.*`. Owns the text form and the one rule of who may do what;
 * who the caller is, is `access/`.
 */

export const GRANTS = ['append', 'read', 'maintain', 'admin'] as const;
export type Grant = (typeof GRANTS)[number];

export interface Scope {
  readonly grant: Grant;
  /** A table's name, in which each `*` stands for any run of characters, dots included. */
  readonly tables: string;
}

const EVERY_TABLE = '*';
const GLOB = /^[^\s/\\:\p{Cc}]{1,255}$/u;

export const SCOPE_RULE = `a scope: ${GRANTS.join(', ')}, alone or with tables, as in append:web.*`;

/** `read` is `read:*`. Undefined for anything that is no scope. */
export function parseScope(text: string): Scope | undefined {
  const colon = text.indexOf(':');
  const word = colon < 0 ? text : text.slice(0, colon);
  const tables = colon < 0 ? EVERY_TABLE : text.slice(colon + 1);
  const grant = GRANTS.find((candidate) => candidate === word);
  return grant === undefined || !GLOB.test(tables) ? undefined : { grant, tables };
}

export const formatScope = ({ grant, tables }: Scope): string =>
  tables === EVERY_TABLE ? grant : `${grant}:${tables}`;

/** Whether one of the scopes gives the grant on this table. `admin` gives every grant; the others give themselves alone. */
export const allows = (scopes: readonly Scope[], grant: Grant, table: string): boolean =>
  scopes.some((scope) => gives(scope, grant) && matches(scope.tables, table));

/** Whether the grant is given on every table there is or will be. */
export const allowsEverywhere = (scopes: readonly Scope[], grant: Grant): boolean =>
  scopes.some((scope) => gives(scope, grant) && /^\*+$/.test(scope.tables));

/** Whether the grant is given on any table. */
export const allowsSomewhere = (scopes: readonly Scope[], grant: Grant): boolean =>
  scopes.some((scope) => gives(scope, grant));

const gives = (scope: Scope, grant: Grant): boolean => scope.grant === grant || scope.grant === 'admin';

/** By pieces between the stars, leftmost first: linear in the name, whatever the glob; a regular expression would not be. */
function matches(glob: string, name: string): boolean {
  const [head = '', ...pieces] = glob.split('*');
  const tail = pieces.pop();
  if (tail === undefined) return name === glob;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const piece of pieces) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - at >= tail.length && name.endsWith(tail);
}
