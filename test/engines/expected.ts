/**
 * What a filter must answer, computed from the expected rows alone.
 *
 * Owns SQL's meaning of the predicates and the order of each type. Does not ask engines.
 */
import type { CanonicalRow, CanonicalValue, CompareOp, Predicate } from './harness.ts';

/** Keys that must be in the answer, and keys that may be: engines differ on NaN and on the two zeros, and each is right. */
export interface ExpectedKeys {
  readonly must: readonly string[];
  readonly may: ReadonlySet<string>;
}

export function expectedKeys(rows: readonly CanonicalRow[], key: string, predicate: Predicate): ExpectedKeys {
  const must: string[] = [];
  const may = new Set<string>();
  for (const row of rows) {
    const id = row[key] as string;
    const verdict = matches(valueAt(row, predicate.column), predicate);
    if (verdict === 'either') {
      may.add(id);
    } else if (verdict) {
      must.push(id);
    }
  }
  return { must, may };
}

/** The value at a dotted path through structs; NULL when a struct on the way is NULL or the field is absent. */
export function valueAt(row: CanonicalRow, path: string): CanonicalValue {
  let value: CanonicalValue = row;
  for (const name of path.split('.')) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return null;
    }
    value = value[name] ?? null;
  }
  return value;
}

/** A primitive value as the text that predicates compare with; nested values only for messages. */
export function textOf(value: CanonicalValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function matches(value: CanonicalValue, predicate: Predicate): boolean | 'either' {
  if (!('literals' in predicate)) {
    return (value === null) === (predicate.op === 'isnull');
  }
  if (value === null) {
    return false;
  }
  const text = textOf(value);
  if (text === 'NaN') {
    return 'either';
  }
  const isZero = isFloat(predicate.type) && Number(text) === 0;
  if (isZero && predicate.literals.some((literal) => Number(literal) === 0)) {
    return 'either';
  }
  const order = predicate.literals.map((literal) => compareValues(predicate.type, text, literal));
  return holds(predicate.op, order[0] ?? Number.NaN, order[1] ?? Number.NaN);
}

function holds(op: CompareOp, first: number, second: number): boolean {
  switch (op) {
    case 'eq':
      return first === 0;
    case 'lt':
      return first < 0;
    case 'le':
      return first <= 0;
    case 'gt':
      return first > 0;
    case 'ge':
      return first >= 0;
    case 'between':
      return first >= 0 && second <= 0;
  }
}

/** Orders two canonical texts of one primitive type, as Iceberg orders them; uuids and booleans only for equality. */
export function compareValues(type: string, a: string, b: string): number {
  if (type === 'int' || type === 'long') {
    return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b));
  }
  if (isFloat(type)) {
    return Number(Number(a) > Number(b)) - Number(Number(a) < Number(b));
  }
  if (type.startsWith('decimal')) {
    const [left, right] = [BigInt(a.replace('.', '')), BigInt(b.replace('.', ''))];
    return Number(left > right) - Number(left < right);
  }
  // Dates and times have a fixed width, hex keeps the order of bytes, strings are ordered by their UTF-8 bytes.
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

export function isFloat(type: string): boolean {
  return type === 'float' || type === 'double';
}
