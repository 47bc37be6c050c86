/**
 * What engines get wrong by partition pruning on tables that are right. Each was seen in the same way on tables that Iceberg Java wrote,
 * but for those marked "by the specification", where Java itself cannot write the table.
 *
 * Owns a part of the list whose rules are in `known-refusals.ts`; the tables of `types-by-transforms.test.ts` provoke all of it.
 */
import type { Leaf } from './filters.ts';

import type { KnownRefusal, TableUnderTest } from './known-refusals.ts';

const FIRST_DAY = '0001-01-01';
const LAST_DAY = '9999-12-31';
/** The last day that 16 bits count from 1970. */
const LAST_SHORT_DAY = '2149-06-06';

export const PARTITION_REFUSALS: readonly KnownRefusal[] = [
  {
    engine: 'pyiceberg',
    name: 'pyiceberg-day-beyond-the-calendar',
    reason:
      'PyIceberg looks for the day before or after the literal, which Python does not have at both ends of the calendar.',
    check: 'filter',
    covers: (table, leaf, predicate) => {
      if (leaf.type !== 'date' || !('literals' in predicate) || !hasTransform(table, leaf, 'year', 'month'))
        return false;
      const { op, literals } = predicate;
      const asksBefore = (op === 'lt' || op === 'ge' || op === 'between') && literals[0] === FIRST_DAY;
      const asksAfter = (op === 'le' || op === 'gt' || op === 'between') && literals.at(-1) === LAST_DAY;
      return asksBefore || asksAfter;
    },
  },
  {
    engine: 'pyiceberg',
    name: 'pyiceberg-double-partition',
    reason: 'PyIceberg takes the partition value of a double for that of a float.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type === 'double' && 'literals' in predicate && hasTransform(table, leaf, 'identity'),
  },
  {
    engine: 'pyiceberg',
    name: 'pyiceberg-uuid-partition',
    reason: 'PyIceberg compares the uuid of a partition with bytes, and finds none.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type === 'uuid' && predicate.op === 'eq' && hasTransform(table, leaf, 'identity'),
  },
  {
    engine: 'duckdb',
    name: 'duckdb-uuid-partition',
    reason: 'DuckDB orders and hashes the uuid of a literal otherwise than Iceberg.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type === 'uuid' && predicate.op === 'eq' && hasTransform(table, leaf, 'identity', 'bucket'),
  },
  {
    engine: 'duckdb',
    name: 'duckdb-months-before-1970',
    reason: 'DuckDB counts the months of a timestamp before 1970 by cutting towards 1970.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type.startsWith('timestamp') &&
      (predicate.op === 'eq' || predicate.op === 'ge' || predicate.op === 'between') &&
      hasTransform(table, leaf, 'month') &&
      startsInsideOldMonth(predicate.literals[0] ?? ''),
  },
  {
    engine: 'duckdb',
    name: 'duckdb-truncated-decimal',
    reason: 'DuckDB reads truncated decimals with the wrong width: it fails, or reads past the value.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      leaf.type.startsWith('decimal') && 'literals' in predicate && hasTransform(table, leaf, 'truncate'),
  },
  ...(['pyiceberg', 'duckdb', 'chdb', 'iceberg-java', 'spark'] as const).map((engine): KnownRefusal => ({
    engine,
    name: `${engine}-truncated-least-value`,
    // By the specification: Java wraps around for int and long, and refuses to write what it looks for in decimals.
    reason:
      'Truncating the least value of a type leaves the type: engines wrap around or look for a value that is none.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      'literals' in predicate &&
      predicate.literals[0] === leastOf(leaf.type) &&
      hasTransform(table, leaf, 'truncate') &&
      !(engine === 'duckdb' && leaf.type.startsWith('decimal')),
  })),
  {
    engine: 'chdb',
    name: 'chdb-time-partition-beyond-16-bits',
    reason: 'ClickHouse counts years, months, days and hours of partitions in unsigned numbers of 16 or 32 bits.',
    check: 'filter',
    covers: (table, leaf, predicate) =>
      'literals' in predicate &&
      hasTransform(table, leaf, 'year', 'month', 'day', 'hour') &&
      predicate.literals.some((text) => text < '1970' || text.slice(0, 10) > LAST_SHORT_DAY),
  },
  {
    engine: 'chdb',
    name: 'chdb-wide-truncated-decimal',
    reason: 'ClickHouse cannot truncate decimals of more than 18 digits: nothing of the table can be read.',
    check: 'table',
    covers: (table) =>
      table.fields.some(
        (field) =>
          field.type === 'decimal(38,10)' && hasTransform(table, { path: field.name, type: field.type }, 'truncate'),
      ),
  },
  {
    engine: 'chdb',
    name: 'chdb-uuid-partition-rows',
    reason: 'ClickHouse parses the bytes of a uuid partition value as text.',
    check: 'rows',
    covers: (table) => hasIdentityOf(table, 'uuid'),
  },
  {
    engine: 'chdb',
    name: 'chdb-uuid-partition-filter',
    reason: 'ClickHouse parses the bytes of a uuid partition value as text.',
    check: 'filter',
    covers: (table, _leaf, predicate) => predicate.op !== 'isnull' && hasIdentityOf(table, 'uuid'),
  },
];

/** The names of those engines' refusals that no table provoked. */
export const partitionRefusalsAmong = (names: readonly string[]): string[] =>
  names.filter((name) => PARTITION_REFUSALS.some((refusal) => refusal.name === name));

function hasTransform(table: TableUnderTest, leaf: Leaf, ...transforms: readonly string[]): boolean {
  return (table.partition ?? []).some(
    ([source, name]) => source === leaf.path && transforms.includes(name.replace(/\[\d+\]$/, '')),
  );
}

function hasIdentityOf(table: TableUnderTest, type: string): boolean {
  return table.fields.some(
    (field) =>
      typeof field.type === 'string' &&
      field.type.startsWith(type) &&
      hasTransform(table, { path: field.name, type: field.type }, 'identity'),
  );
}

/** True for a timestamp before 1970 that is not the first instant of its month. */
const startsInsideOldMonth = (text: string): boolean =>
  text < '1970' && !text.slice(7).startsWith('-01T00:00:00.000000');

function leastOf(type: string): string | undefined {
  if (type === 'int') return String(-(2n ** 31n));
  if (type === 'long') return String(-(2n ** 63n));
  const [precision = 0, scale = 0] = (type.startsWith('decimal') ? (type.match(/\d+/g) ?? []) : []).map(Number);
  return precision === 0 ? undefined : `-${'9'.repeat(precision - scale)}.${'9'.repeat(scale)}`;
}
