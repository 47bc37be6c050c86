/** The foreign engines of a soak, open on the daemon's own catalog file. Owns their processes and what they are asked; nothing is judged here. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  pyicebergCatalog,
  sparkCatalog,
  type CatalogFile,
  type PyicebergCatalog,
  type SparkCatalog,
} from '../engines/catalogs.ts';
import type { JudgeProcess } from '../engines/judge-process.ts';
import { judgeProcess } from '../engines/readers.ts';
import { IS_WRONG, isDeletable, DELETABLE } from './tables.ts';
import { stayingOf, type Rows } from './books.ts';

/** A table as it was: a metadata file, and in it the snapshot, or the current one. */
export interface View {
  readonly table: string;
  /** URI. */
  readonly metadata: string;
  readonly snapshot?: string;
}

export interface Totals {
  readonly rows: number;
  readonly sum: string;
}

/** What DuckDB finds in a view in one go. */
export interface Findings extends Totals {
  readonly distinct: number;
  /** Rows that nobody may delete. */
  readonly staying: number;
  /** Rows that hold something else than their id says. */
  readonly wrong: number;
  /** Of the rows that were asked for. */
  readonly gone: number;
}

export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  readonly partition: string;
}

type Row = Readonly<Record<string, string | null>>;

export class Judges {
  readonly catalog: CatalogFile;
  /** As a writer; readers have a process of their own, so that nobody waits for it. */
  readonly pyiceberg: PyicebergCatalog = pyicebergCatalog();
  readonly spark: SparkCatalog = sparkCatalog();
  readonly #duckdb = judgeProcess('duckdb');
  readonly #reading = judgeProcess('pyiceberg');
  #database: DatabaseSync | undefined;

  constructor(directory: string) {
    const data = join(directory, 'data');
    this.catalog = { file: join(data, 'catalog.db'), name: 'sluice', warehouse: `file://${data}/warehouse` };
  }

  /** The daemon must have made its catalog. If one does not start, none is left running. */
  async open(): Promise<void> {
    const opened = await Promise.allSettled(
      [this.pyiceberg, this.spark, this.#duckdb, this.#reading].map((one) => one.open()),
    );
    this.#database = new DatabaseSync(this.catalog.file, { timeout: 10_000 });
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async close(): Promise<void> {
    this.#database?.close();
    await Promise.all([this.pyiceberg, this.spark, this.#duckdb, this.#reading].map((one) => one.close()));
  }

  current(table: string): View {
    const [namespace = '', name = ''] = table.split('.');
    const row = this.#database
      ?.prepare('SELECT metadata_location AS at FROM iceberg_tables WHERE table_namespace = ? AND table_name = ?')
      .get(namespace, name);
    return { table, metadata: String(row?.['at']) };
  }

  async findings(view: View, gone: readonly number[]): Promise<Findings> {
    const [row] = await this.#sql(
      `SELECT count(*) AS rows, CAST(sum(id) AS VARCHAR) AS sum, count(DISTINCT id) AS distinct_ids, count_if(id % ${DELETABLE} <> 0) AS staying, count_if(${IS_WRONG}) AS wrong, count_if(id IN (${[-1, ...gone].join(', ')})) AS gone FROM ${scan(view)}`,
    );
    const number = (name: string): number => Number(row?.[name]);
    return {
      rows: number('rows'),
      sum: String(row?.['sum']),
      distinct: number('distinct_ids'),
      staying: number('staying'),
      wrong: number('wrong'),
      gone: number('gone'),
    };
  }

  /** How many of the rows that nobody may delete are missing, by a filter that bounds of files answer. */
  async missing(view: View, rows: Rows): Promise<number> {
    const [row] = await this.#sql(
      `SELECT count(*) AS rows FROM ${scan(view)} WHERE id BETWEEN ${rows.first} AND ${rows.first + rows.count - 1} AND id % ${DELETABLE} <> 0`,
    );
    return stayingOf(rows) - Number(row?.['rows']);
  }

  /** How many of the rows are in the table now. `deletable`: only of those that may be deleted. */
  async present(table: string, rows: Rows, deletable = false): Promise<number> {
    const [row] = await this.#sql(
      `SELECT count(*) AS rows FROM ${scan(this.current(table))} WHERE id BETWEEN ${rows.first} AND ${rows.first + rows.count - 1}${deletable ? ` AND id % ${DELETABLE} = 0` : ''}`,
    );
    return Number(row?.['rows']);
  }

  /** PyIceberg's word on the current snapshot of a metadata file. */
  async pyicebergTotals({ metadata }: View): Promise<Totals> {
    const answer = await asked(this.#reading, { mode: 'aggregate', metadata, columns: ['id'] });
    const columns = answer['columns'] as { readonly id: { readonly sum: string } };
    return { rows: Number(answer['count']), sum: columns.id.sum };
  }

  /** Spark's word on a tag. */
  async sparkTotals(table: string, tag: string): Promise<Totals> {
    const statement = `SELECT count(*) AS rows, sum(id) AS sum FROM ${this.catalog.name}.${table} VERSION AS OF '${tag}'`;
    const [row] = await this.spark.sql(this.catalog, statement);
    return { rows: Number(row?.['rows']), sum: String(row?.['sum']) };
  }

  /** Live data files, by PyIceberg's word. */
  async files({ metadata }: View): Promise<readonly DataFile[]> {
    return (await asked(this.#reading, { mode: 'files', metadata }))['files'] as readonly DataFile[];
  }

  /** A column of every row in a metadata file, canonical, as that engine reads it. */
  async column(engine: 'duckdb' | 'pyiceberg', { metadata }: View, column: string): Promise<readonly string[]> {
    const judge = engine === 'duckdb' ? this.#duckdb : this.#reading;
    const { rows } = await asked(judge, { mode: 'rows', metadata, columns: [column] });
    return (rows as readonly Row[]).map((row) => String(row[column]));
  }

  async #sql(statement: string): Promise<readonly Row[]> {
    return (await asked(this.#duckdb, { mode: 'sql', statement }))['rows'] as readonly Row[];
  }
}

/** A judge on a slow machine leaves two thirds of the time to those whom it judges. Milliseconds. */
export const restAfter = (began: number, leastMs: number): number => Math.max(leastMs, 2 * (performance.now() - began));

/** The rows that a delete of these is about. */
export const deletableIds = ({ first, count }: Rows): number[] =>
  Array.from({ length: count }, (_, at) => first + at).filter((id) => isDeletable(id));

const scan = ({ metadata, snapshot }: View): string =>
  `iceberg_scan('${metadata.replace(/^file:\/*/, '/')}'${snapshot === undefined ? '' : `, snapshot_from_id => ${snapshot}`})`;

async function asked(judge: JudgeProcess, request: object): Promise<Record<string, unknown>> {
  const answer = await judge.ask(request);
  if (!answer.ok) throw new Error(answer.error);
  return answer;
}
