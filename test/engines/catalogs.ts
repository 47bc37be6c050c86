/**
 * Foreign writers on a SQLite catalog file: Java's JdbcCatalog, PyIceberg's SqlCatalog, and Spark by SQL.
 *
 * Owns the requests to the judges that open a catalog. Does not make the catalog under test.
 */
import type { CanonicalRow, StructType } from './harness.ts';
import type { JudgeProcess } from './judge-process.ts';
import { judgeProcess } from './readers.ts';

/** A catalog file as another program finds it. `file` is the absolute path of the SQLite file, `warehouse` a file: URI. */
export interface CatalogFile {
  readonly file: string;
  readonly name: string;
  readonly warehouse: string;
}

/** Another program at work on a catalog file. Every method rejects with the program's own error. */
export interface ForeignCatalog {
  open(): Promise<void>;
  close(): Promise<void>;
  /** Every table as `namespace.table`, sorted. */
  tables(catalog: CatalogFile): Promise<string[]>;
  rows(catalog: CatalogFile, table: string): Promise<CanonicalRow[]>;
  /** Commits one data file per partition in one snapshot and resolves to the new metadata location. `fast` adds a manifest without merging. */
  append(catalog: CatalogFile, table: string, rows: readonly CanonicalRow[], fast?: boolean): Promise<string>;
}

export interface NewTable {
  readonly schema: StructType;
  /** Source column and transform of each partition field. */
  readonly partition?: readonly (readonly [column: string, transform: string])[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** PyIceberg also makes tables (the self-test needs some that are not ours; format version 2), writes files anew to delete from them, and tags. */
export interface PyicebergCatalog extends ForeignCatalog {
  create(catalog: CatalogFile, table: string, made: NewTable): Promise<string>;
  /** Deletes the rows whose `long` column has one of the values, in one commit or, when none is there, in none. */
  deleteIn(catalog: CatalogFile, table: string, column: string, values: readonly number[]): Promise<void>;
  /** Tags the current snapshot and resolves to its id. */
  tag(catalog: CatalogFile, table: string, tag: string): Promise<string>;
}

/** Java also deletes by equality, which no other engine here writes. */
export interface DeletingCatalog extends ForeignCatalog {
  /** Deletes what equals one of the rows in the given columns, in one snapshot with a delete file per partition of the rows. */
  deleteEqual(
    catalog: CatalogFile,
    table: string,
    columns: readonly string[],
    rows: readonly CanonicalRow[],
  ): Promise<void>;
}

/** Spark at work on one catalog file: a session opens no second one of the same name. */
export interface SparkCatalog {
  open(): Promise<void>;
  close(): Promise<void>;
  /** Runs one statement, in which tables are `<name of the catalog>.namespace.table`; values of its rows are text. */
  sql(catalog: CatalogFile, statement: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

export function javaCatalog(): DeletingCatalog {
  const judge = judgeProcess('iceberg-java');
  return {
    ...foreignCatalog(judge),
    deleteEqual: async (catalog, table, columns, rows) =>
      void (await ask(judge, 'catalog-delete-equal', catalog, { table, columns, rows })),
  };
}

export function sparkCatalog(): SparkCatalog {
  const judge = judgeProcess('spark');
  return {
    open: () => judge.open(),
    close: () => judge.close(),
    sql: async (catalog, statement) =>
      (await ask(judge, 'catalog-sql', catalog, { statement }))['rows'] as Record<string, string | null>[],
  };
}

export function pyicebergCatalog(): PyicebergCatalog {
  const judge = judgeProcess('pyiceberg');
  return {
    ...foreignCatalog(judge),
    create: async (catalog, table, { schema, partition = [], properties = {} }) => {
      const made = { table, schema: { ...schema, 'schema-id': 0 }, partition, properties };
      return (await ask(judge, 'catalog-create', catalog, made))['metadata'] as string;
    },
    deleteIn: async (catalog, table, column, values) =>
      void (await ask(judge, 'catalog-delete', catalog, { table, column, values })),
    tag: async (catalog, table, tag) =>
      (await ask(judge, 'catalog-tag', catalog, { table, tag }))['snapshot'] as string,
  };
}

function foreignCatalog(judge: JudgeProcess): ForeignCatalog {
  return {
    open: () => judge.open(),
    close: () => judge.close(),
    tables: async (catalog) => (await ask(judge, 'catalog-tables', catalog, {}))['tables'] as string[],
    rows: async (catalog, table) => (await ask(judge, 'catalog-rows', catalog, { table }))['rows'] as CanonicalRow[],
    append: async (catalog, table, rows, fast = false) =>
      (await ask(judge, 'catalog-append', catalog, { table, rows, fast }))['metadata'] as string,
  };
}

async function ask(
  judge: JudgeProcess,
  mode: string,
  catalog: CatalogFile,
  more: object,
): Promise<Record<string, unknown>> {
  const { file, name, warehouse } = catalog;
  const answer = await judge.ask({ mode, catalogFile: file, catalogName: name, warehouse, ...more });
  if (!answer.ok) {
    throw new Error(`${mode}: ${answer.error}`);
  }
  return answer;
}
