/**
 * What an engine gets wrong, or refuses, on tables that are right: seen, with the narrowest scope.
 *
 * A refusal that covers checks must occur in one of them, else `RefusalLedger.gone` names it: take it off the
 * list. Never list a fault of ours here. Does not run anything.
 */
import type { Leaf } from './filters.ts';
import { primitivesIn } from './filters.ts';
import { valueAt } from './expected.ts';
import type { CanonicalRow, CanonicalValue, EngineName, IcebergField, IcebergType, Predicate } from './harness.ts';

/** A table as the comparing code is told of it. */
export interface TableUnderTest {
  /** Absolute path or file: URI of the metadata file. */
  readonly metadata: string;
  /** The current schema. */
  readonly fields: readonly IcebergField[];
  /** All rows, canonical, in any order. */
  readonly rows: readonly CanonicalRow[];
  /** The unique long column that tells rows apart. */
  readonly key: string;
  /** Source column and transform of each partition field; refusals are scoped by them. */
  readonly partition?: readonly (readonly [column: string, transform: string])[];
  /** Which of the column's filters are asked; all by default. */
  readonly asks?: (leaf: Leaf, predicate: Predicate) => boolean;
}

/** `table`: nothing of the table can be read. `rows`: the column's values in a full scan. `filter`: the keys a predicate finds. */
export type KnownRefusal = {
  readonly engine: EngineName;
  readonly name: string;
  readonly reason: string;
} & (
  | { readonly check: 'table'; readonly covers: (table: TableUnderTest) => boolean }
  | { readonly check: 'rows'; readonly covers: (table: TableUnderTest, field: IcebergField) => boolean }
  | {
      readonly check: 'filter';
      readonly covers: (table: TableUnderTest, leaf: Leaf, predicate: Predicate) => boolean;
      /** When given, only rows with such a value in the column are excused, and only for being found. */
      readonly mayFind?: (value: CanonicalValue) => boolean;
    }
);

export const KNOWN_REFUSALS: readonly KnownRefusal[] = [
  {
    engine: 'spark',
    name: 'spark-time',
    reason: 'Iceberg on Spark has no time type: it refuses the whole table, whichever columns are asked for.',
    check: 'table',
    covers: (table) => table.fields.some((field) => primitivesIn(field.type).includes('time')),
  },
  {
    engine: 'iceberg-java',
    name: 'java-null-is-less',
    reason: "Java's generic reader counts NULL as less than every value.",
    check: 'filter',
    covers: (table, _leaf, predicate) =>
      (predicate.op === 'lt' || predicate.op === 'le') &&
      table.rows.some((row) => valueAt(row, predicate.column) === null),
    mayFind: (value) => value === null,
  },
  {
    engine: 'pyiceberg',
    name: 'pyiceberg-null-list-of-structs',
    reason: 'PyIceberg reads a NULL list or map of structs as empty.',
    check: 'rows',
    covers: (table, field) =>
      typeof field.type !== 'string' &&
      (field.type.type === 'list' || field.type.type === 'map') &&
      isStruct(field.type.type === 'list' ? field.type.element : field.type.value) &&
      table.rows.some((row) => (row[field.name] ?? null) === null),
  },
  {
    engine: 'pyiceberg',
    name: 'pyiceberg-float-infinity',
    reason: 'PyIceberg takes an infinite literal for a value beyond the range of float, and answers always or never.',
    check: 'filter',
    covers: (_table, leaf, predicate) =>
      leaf.type === 'float' && 'literals' in predicate && predicate.literals.some((text) => text.endsWith('Infinity')),
  },
  ...(['duckdb', 'chdb'] as const).map((engine): KnownRefusal => ({
    engine,
    name: `${engine}-days-before-1970`,
    reason: 'The day of a timestamp before 1970 is computed by cutting towards 1970: partitions are pruned wrongly.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      isPartitionedBy(table, leaf.path, 'day') && startsInsideOldDay(predicate) && predicate.op !== 'lt',
  })),
  {
    engine: 'chdb',
    name: 'chdb-time-rows',
    reason: 'ClickHouse reads time as whole seconds.',
    check: 'rows',
    covers: (table, field) => field.type === 'time' && hasFractions(table, field.name),
  },
  {
    engine: 'chdb',
    name: 'chdb-time-filter',
    reason: 'ClickHouse reads time as whole seconds and compares those.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type === 'time' && 'literals' in predicate && hasFractions(table, leaf.path),
  },
  {
    engine: 'chdb',
    name: 'chdb-null-nested',
    reason: 'ClickHouse has no NULL list, map or struct: they are read as empty, or as a struct of NULLs.',
    check: 'rows',
    covers: (table, field) => table.rows.some((row) => hasNullNested(row[field.name] ?? null, field.type)),
  },
];

/** Remembers over many comparisons which refusals covered a check and which of those occurred. */
export class RefusalLedger {
  readonly refusals: readonly KnownRefusal[];
  readonly #occurred = new Map<KnownRefusal, boolean>();

  constructor(refusals: readonly KnownRefusal[] = KNOWN_REFUSALS) {
    this.refusals = refusals;
  }

  /** A refusal covered a check; `occurred` if the engine did differ there. */
  note(refusal: KnownRefusal, occurred: boolean): void {
    this.#occurred.set(refusal, this.#occurred.get(refusal) === true || occurred);
  }

  /** Refusals that covered checks and never occurred. A suite ends by requiring that there is none. */
  gone(): string[] {
    return this.refusals.filter((refusal) => this.#occurred.get(refusal) === false).map((refusal) => refusal.name);
  }

  /** Refusals that covered nothing. The self-test requires that there is none: each is provoked. */
  unprovoked(): string[] {
    return this.refusals.filter((refusal) => !this.#occurred.has(refusal)).map((refusal) => refusal.name);
  }
}

function isStruct(type: IcebergType): boolean {
  return typeof type !== 'string' && type.type === 'struct';
}

function isPartitionedBy(table: TableUnderTest, column: string, transform: string): boolean {
  return (table.partition ?? []).some(([source, name]) => source === column && name === transform);
}

/** True if the first literal is a timestamp before 1970 that is not the first instant of its day. */
function startsInsideOldDay(predicate: Predicate): boolean {
  const first = 'literals' in predicate ? (predicate.literals[0] ?? '') : '';
  return first !== '' && first < '1970-01-01' && !first.slice(10).startsWith('T00:00:00.000000');
}

function hasFractions(table: TableUnderTest, path: string): boolean {
  return table.rows.some((row) => {
    const value = valueAt(row, path);
    return typeof value === 'string' && !value.endsWith('.000000');
  });
}

/** True if the value is, or holds, a NULL where the type says list, map or struct. */
function hasNullNested(value: CanonicalValue, type: IcebergType): boolean {
  if (typeof type === 'string') {
    return false;
  }
  if (value === null) {
    return true;
  }
  switch (type.type) {
    case 'struct':
      return type.fields.some((field) => hasNullNested((value as CanonicalRow)[field.name] ?? null, field.type));
    case 'list':
      return (value as CanonicalValue[]).some((item) => hasNullNested(item, type.element));
    case 'map':
      return (value as CanonicalValue[][]).some((pair) => hasNullNested(pair[1] ?? null, type.value));
  }
}
