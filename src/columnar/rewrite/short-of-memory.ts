/**
 * Rewrites that do not fit into the memory there is: DuckDB spills, but holds whole pages of wide columns in each thread, and runs of its
 * sort beside them (1.5.6). They are made again by one thread; rows that are to be sorted, a range of their leading key at a time, into
 * files that are then read one after another. Owns the ranges and their files; what is written of the rows is the caller's.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { copyRolledSql } from '../engine/copy-sql.ts';
import { isOutOfMemory, query } from '../engine/duckdb-session.ts';
import { fieldExpression } from '../engine/field-path.ts';
import type { LayoutPlan } from '../engine/layout-plan.ts';
import { transformSql } from '../engine/partition-sql.ts';
import { copiedFiles } from '../engine/return-stats.ts';
import { literal } from '../engine/sql-text.ts';
import { byOneThread } from './one-thread.ts';

/** What rows are sorted by first. */
export interface LeadingKey {
  readonly value: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface Ordered {
  readonly plan: LayoutPlan;
  readonly rows: string;
  /** Undefined: in any order. */
  readonly key: LeadingKey | undefined;
  readonly directory: string;
}

/** Each range reads all inputs: few are tried first. */
const RANGES = [8, 64];
const SAMPLED_ROWS = 32_768;
/** Its pages, which a reader holds whole, are small. */
const ONE_FILE = { fileBytes: Number.MAX_SAFE_INTEGER, rowGroupRows: 4096 };
const ENDS = 'sluice_range_ends';

/** Of the table's sort order; undefined without one. */
export function leadingKey({ layout, types }: LayoutPlan): LeadingKey | undefined {
  const field = layout.sortOrder.fields.find(({ transform }) => transform.kind !== 'void');
  const source = field === undefined ? undefined : types.get(field.sourceId);
  const path = field === undefined ? undefined : fieldExpression(layout.schema, field.sourceId);
  if (field === undefined || source === undefined || path === undefined) return undefined;
  return {
    value: transformSql(field.transform, source, path),
    descending: field.direction === 'desc',
    nullsFirst: field.nullOrder === 'nulls-first',
  };
}

/**
 * `write`, and once more by one thread where memory was not enough: with rows in the order of `key`, if there is one, and a plan that does
 * not ask for an order. Rejects as `write` when no range fits either: all rows have one key, say. `directory` is made and removed.
 */
export async function inLittleMemory<T>(
  connection: DuckDBConnection,
  { plan, rows, key, directory }: Ordered,
  write: (plan: LayoutPlan, rows: string) => Promise<T>,
): Promise<T> {
  const attempts = [
    () => write(plan, rows),
    ...(key === undefined
      ? [() => byOneThread(connection, () => write(plan, rows))]
      : RANGES.map(
          (ranges) => () =>
            byOneThread(connection, async () => {
              await mkdir(directory, { recursive: true });
              const sorted = await sortRanges(connection, plan, key, rows, directory, ranges);
              return write({ ...plan, order: [] }, sorted);
            }),
        )),
  ];
  let cause: unknown;
  for (const attempt of attempts)
    try {
      return await attempt();
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      cause = error;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  throw cause;
}

async function sortRanges(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  key: LeadingKey,
  rows: string,
  directory: string,
  ranges: number,
): Promise<string> {
  const parts = Array.from({ length: ranges - 1 }, (_, at) => (at + 1) / ranges).join(', ');
  await query(
    connection,
    `SET VARIABLE ${ENDS} = (SELECT quantile_disc(v, [${parts}]) FROM (SELECT * FROM (SELECT ${key.value} AS v FROM (${rows})) ` +
      `USING SAMPLE reservoir(${SAMPLED_ROWS} ROWS) REPEATABLE (1)))`,
  );
  const paths: string[] = [];
  for (const [at, condition] of conditionsOf(key, ranges).entries()) {
    const output = join(directory, `range-${at}`);
    const part = `SELECT * FROM (${rows}) WHERE ${condition}`;
    const files = copiedFiles(await query(connection, copyRolledSql(plan, part, output, ONE_FILE)));
    paths.push(...files.map(({ path }) => path));
  }
  return `SELECT * FROM read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false)`;
}

/** In the order in which their rows are to stand; every row is in exactly one. */
function conditionsOf({ value, descending, nullsFirst }: LeadingKey, ranges: number): readonly string[] {
  const end = (at: number): string => `getvariable('${ENDS}')[${at}]`;
  const ascending = Array.from({ length: ranges }, (_, at) => {
    // A sample without a key has no ends: then all keys are in the first range.
    if (at === 0) return `coalesce(${value} < ${end(1)}, ${value} IS NOT NULL)`;
    const from = `${value} >= ${end(at)}`;
    return at + 1 < ranges ? `${from} AND ${value} < ${end(at + 1)}` : from;
  });
  const inOrder = descending ? ascending.toReversed() : ascending;
  const nulls = `${value} IS NULL`;
  return nullsFirst ? [nulls, ...inOrder] : [...inOrder, nulls];
}
