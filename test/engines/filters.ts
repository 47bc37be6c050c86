/**
 * The filters that expose wrong statistics: at each column's least and greatest value, between them, just beyond.
 *
 * A full scan cannot see a wrong bound; a filter at the bound can. Owns the choice of predicates only.
 */
import { compareValues, isFloat, textOf, valueAt } from './expected.ts';
import type { CanonicalRow, IcebergField, IcebergType, Predicate } from './harness.ts';

/** A primitive column, or a primitive field inside structs, by its dotted path. */
export interface Leaf {
  readonly path: string;
  readonly type: string;
}

export function leavesOf(fields: readonly IcebergField[], prefix = ''): Leaf[] {
  return fields.flatMap((field) => {
    const path = prefix + field.name;
    if (typeof field.type === 'string') {
      return [{ path, type: field.type }];
    }
    return field.type.type === 'struct' ? leavesOf(field.type.fields, `${path}.`) : [];
  });
}

/** Every primitive type inside a type, list elements and map entries included. */
export function primitivesIn(type: IcebergType): string[] {
  if (typeof type === 'string') {
    return [type];
  }
  switch (type.type) {
    case 'struct':
      return type.fields.flatMap((field) => primitivesIn(field.type));
    case 'list':
      return primitivesIn(type.element);
    case 'map':
      return [...primitivesIn(type.key), ...primitivesIn(type.value)];
  }
}

export function filtersFor(leaf: Leaf, rows: readonly CanonicalRow[]): Predicate[] {
  const column = leaf.path;
  const filters: Predicate[] = [
    { column, op: 'isnull' },
    { column, op: 'notnull' },
  ];
  const values = rows
    .map((row) => valueAt(row, column))
    .filter((value) => value !== null)
    .map((value) => textOf(value))
    .filter((text) => text !== 'NaN')
    .sort((a, b) => compareValues(leaf.type, a, b));
  const [min, max] = [values[0], values.at(-1)];
  const middle = values[Math.floor(values.length / 2)];
  if (min === undefined || max === undefined || middle === undefined) {
    return filters;
  }
  const add = (op: 'eq' | 'lt' | 'le' | 'gt' | 'ge' | 'between', ...literals: string[]): void => {
    filters.push({ column, op, type: leaf.type, literals });
  };
  for (const value of new Set([min, middle, max])) {
    add('eq', value);
  }
  if (leaf.type === 'uuid' || leaf.type === 'boolean') {
    return filters; // their order is nobody's promise
  }
  for (const value of new Set([min, middle, max])) {
    add('lt', value);
    add('le', value);
    add('gt', value);
    add('ge', value);
  }
  add('between', min, max);
  add('between', middle, max);
  const [below, above] = [beyond(leaf.type, min, -1), beyond(leaf.type, max, 1)];
  if (below !== undefined) {
    add('eq', below);
    add('le', below);
    add('between', below, min);
  }
  if (above !== undefined) {
    add('eq', above);
    add('ge', above);
    add('between', max, above);
  }
  return filters;
}

/** The neighbour of a value in the given direction, or a value near it; undefined at the end of the type. */
function beyond(type: string, text: string, step: 1 | -1): string | undefined {
  if (type === 'int' || type === 'long') {
    const bits = type === 'int' ? 32 : 64;
    const next = BigInt(text) + BigInt(step);
    return BigInt.asIntN(bits, next) === next ? next.toString() : undefined;
  }
  if (type.startsWith('decimal')) {
    return decimalBeyond(type, text, BigInt(step));
  }
  if (isFloat(type)) {
    const next = Number(text) + step * Math.max(1, Math.abs(Number(text)) / 2);
    const fits = Number.isFinite(next) && (type === 'double' || Math.abs(next) < 3e38);
    return fits ? String(type === 'float' ? Math.fround(next) : next) : undefined;
  }
  if (type === 'string') {
    return step === 1 ? `${text}a` : undefined;
  }
  if (type === 'binary') {
    return step === 1 ? `${text}00` : undefined;
  }
  if (type === 'date') {
    return dayBeyond(text, step);
  }
  if (type.startsWith('timestamp')) {
    const day = dayBeyond(text.slice(0, 10), step);
    return day === undefined ? undefined : day + text.slice(10);
  }
  return undefined;
}

/** Within the years 1 to 9999: beyond them, literals have no common form. */
function dayBeyond(date: string, step: number): string | undefined {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + step);
  const year = day.getUTCFullYear();
  return year >= 1 && year <= 9999 ? day.toISOString().slice(0, 10) : undefined;
}

function decimalBeyond(type: string, text: string, step: bigint): string | undefined {
  const [precision = 0, scale = 0] = (type.match(/\d+/g) ?? []).map(Number);
  const next = BigInt(text.replace('.', '')) + step;
  const sign = next < 0n ? '-' : '';
  const significant = (next < 0n ? -next : next).toString();
  if (significant.length > precision) {
    return undefined;
  }
  const digits = significant.padStart(scale + 1, '0');
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
