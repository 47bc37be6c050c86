/**
 * The pointers of a SQL catalog in SQLite, byte-compatible with Iceberg's Java JdbcCatalog (checklist 13.19–13.22): Java, PyIceberg and
 * Sluice may share the file. Owns two tables of the database; knows nothing of metadata files.
 * Works with schema V1 (`iceberg_type`) and with V0, which Java makes by default. Every answer is synced (`synchronous = FULL`).
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MetadataPointers, SwapOutcome } from '../contracts/metadata-pointers.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';

/** How long a statement waits for another process's transaction. */
const BUSY_TIMEOUT_MS = 10_000;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

const TABLES_DDL =
  'CREATE TABLE IF NOT EXISTS iceberg_tables(catalog_name VARCHAR(255) NOT NULL,table_namespace VARCHAR(255) NOT NULL,table_name VARCHAR(255) NOT NULL,metadata_location VARCHAR(1000),previous_metadata_location VARCHAR(1000),iceberg_type VARCHAR(5),PRIMARY KEY (catalog_name, table_namespace, table_name))';
const NAMESPACES_DDL =
  'CREATE TABLE IF NOT EXISTS iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,namespace VARCHAR(255) NOT NULL,property_key VARCHAR(255),property_value VARCHAR(1000),PRIMARY KEY (catalog_name, namespace, property_key))';
/** Java marks that a namespace exists by this property. */
const EXISTS_KEY = 'exists';

export class SqlCatalog implements MetadataPointers {
  readonly #db: DatabaseSync;
  readonly #catalog: string;
  /** True for V1: rows say whether they are a table or a view. */
  readonly #typed: boolean;

  /** Opens or creates the file. Throws kind `misconfigured` when it is not a database that can be written. */
  constructor(path: string, catalogName: string) {
    this.#catalog = catalogName;
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      this.#db.exec('PRAGMA journal_mode = WAL');
      this.#db.exec('PRAGMA synchronous = FULL');
      this.#db.exec(TABLES_DDL);
      this.#db.exec(NAMESPACES_DDL);
      const columns = this.#db.prepare('PRAGMA table_info(iceberg_tables)').all();
      this.#typed = columns.some((column) => column['name'] === 'iceberg_type');
    } catch (error) {
      throw new SluiceError('misconfigured', `the SQLite catalog cannot be opened: ${messageOf(error)}`, {
        context: { path },
        remedy: 'name a file in a directory on a local disk in which the daemon may write',
        cause: error,
      });
    }
  }

  async listNamespaces(): Promise<readonly (readonly string[])[]> {
    const rows = this.#all(
      'SELECT table_namespace AS namespace FROM iceberg_tables WHERE catalog_name = ? UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? ORDER BY 1',
      this.#catalog,
      this.#catalog,
    );
    return rows.map((row) => String(row['namespace']).split('.'));
  }

  async createNamespace(
    namespace: readonly string[],
    properties: ReadonlyMap<string, string>,
  ): Promise<'created' | 'exists'> {
    const name = namespace.join('.');
    const insert =
      'INSERT OR IGNORE INTO iceberg_namespace_properties(catalog_name, namespace, property_key, property_value) VALUES (?, ?, ?, ?)';
    const { changes } = this.#run(insert, this.#catalog, name, EXISTS_KEY, 'true');
    if (Number(changes) === 0) return 'exists';
    for (const [key, value] of properties) this.#run(insert, this.#catalog, name, key, value);
    return 'created';
  }

  async listTables(namespace: readonly string[]): Promise<readonly TableName[]> {
    const rows = this.#all(
      `SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?${this.#onlyTables} ORDER BY table_name`,
      this.#catalog,
      namespace.join('.'),
    );
    return rows.map((row) => ({ namespace, name: String(row['table_name']) }));
  }

  async locate(table: TableName): Promise<string | undefined> {
    const [row] = this.#all(
      `SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?${this.#onlyTables}`,
      ...this.#key(table),
    );
    const location = row?.['metadata_location'];
    return typeof location === 'string' ? location : undefined;
  }

  async create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    const columns = 'catalog_name, table_namespace, table_name, metadata_location, previous_metadata_location';
    const { changes } = this.#typed
      ? this.#run(
          `INSERT OR IGNORE INTO iceberg_tables(${columns}, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'TABLE')`,
          ...this.#key(table),
          metadataLocation,
        )
      : this.#run(
          `INSERT OR IGNORE INTO iceberg_tables(${columns}) VALUES (?, ?, ?, ?, NULL)`,
          ...this.#key(table),
          metadataLocation,
        );
    return Number(changes) === 1 ? 'created' : 'exists';
  }

  async swap(table: TableName, from: string, to: string): Promise<SwapOutcome> {
    const update = `UPDATE iceberg_tables SET metadata_location = ? , previous_metadata_location = ? WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?${this.#onlyTables}`;
    try {
      const { changes } = this.#db.prepare(update).run(to, from, ...this.#key(table), from);
      return Number(changes) === 1 ? { kind: 'swapped' } : { kind: 'lost-race' };
    } catch (error) {
      // A full disk or a failed sync may strike after the change was written: only the table itself can say.
      return { kind: 'unknown', cause: error };
    }
  }

  async drop(table: TableName): Promise<boolean> {
    const { changes } = this.#run(
      `DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?${this.#onlyTables}`,
      ...this.#key(table),
    );
    return Number(changes) === 1;
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  get #onlyTables(): string {
    return this.#typed ? " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" : '';
  }

  #key(table: TableName): readonly [string, string, string] {
    return [this.#catalog, table.namespace.join('.'), table.name];
  }

  #all(sql: string, ...values: readonly string[]): readonly Record<string, unknown>[] {
    return this.#answered(() => this.#db.prepare(sql).all(...values));
  }

  #run(sql: string, ...values: readonly string[]): { readonly changes: number | bigint } {
    return this.#answered(() => this.#db.prepare(sql).run(...values));
  }

  #answered<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new SluiceError('unavailable', `the SQLite catalog did not answer: ${messageOf(error)}`, {
        context: { busy: isBusy(error) },
        remedy: 'see whether another process holds the catalog, and whether its disk is full',
        cause: error,
      });
    }
  }
}

const isBusy = (error: unknown): boolean => {
  const code = (error as { readonly errcode?: unknown }).errcode;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
};
