/**
 * Metadata pointers in an SQLite file, shared with Iceberg Java's JdbcCatalog and PyIceberg's SqlCatalog (checklist 13C).
 * Safe with several processes: each change is one statement, and the file's own locks decide. Reads and writes no metadata file.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MetadataPointers, SwapOutcome } from '../contracts/metadata-pointers.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import { ADD_TYPE, CREATE_NAMESPACES, CREATE_TABLES, statements, type CatalogSchema } from './sql-statements.ts';

/** How long a statement waits for another process's lock. The wait blocks this process, so it is short. */
const LOCK_WAIT_MS = 5000;

/** Java puts it into every namespace so that an empty one has a row. */
const NAMESPACE_EXISTS = 'exists';

type Statements = { readonly [Name in keyof ReturnType<typeof statements>]: StatementSync };

export interface PointerSwap {
  readonly table: TableName;
  readonly from: string;
  readonly to: string;
}

export class SqlCatalog implements MetadataPointers {
  readonly #database: DatabaseSync;
  readonly #catalogName: string;
  readonly #statements: Statements;

  private constructor(database: DatabaseSync, catalogName: string, schema: CatalogSchema) {
    this.#database = database;
    this.#catalogName = catalogName;
    const texts = Object.entries(statements(schema)).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.#statements = Object.fromEntries(texts) as Statements;
  }

  /**
   * Opens or creates the file; its folder must exist. `catalogName` is the column `catalog_name`: other catalogs in the file are not
   * touched. A file of schema V0 stays V0.
   */
  static open(path: string, catalogName: string): SqlCatalog {
    const database = tryTo(path, () => new DatabaseSync(path, { timeout: LOCK_WAIT_MS }));
    try {
      return tryTo(path, () => {
        // FULL: a swap is on the platter before it is answered (protocol §2), in either journal mode.
        database.exec('PRAGMA synchronous = FULL');
        preferWriteAheadLog(database);
        const schema = prepareSchema(database);
        syncFolder(path);
        return new SqlCatalog(database, catalogName, schema);
      });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async listNamespaces(): Promise<readonly (readonly string[])[]> {
    const rows = this.#do(() => this.#statements.listNamespaces.all(this.#catalogName, this.#catalogName));
    return rows.map((row) => String(row['namespace']).split('.'));
  }

  async createNamespace(
    namespace: readonly string[],
    properties: ReadonlyMap<string, string>,
  ): Promise<'created' | 'exists'> {
    const name = joined(namespace);
    return this.#do(() => {
      // One transaction, so that of two creators one sees the other's rows.
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const rows = this.#statements.listNamespaces.all(this.#catalogName, this.#catalogName);
        const there = rows.some((row) => row['namespace'] === name);
        if (!there)
          for (const [key, value] of new Map([...properties, [NAMESPACE_EXISTS, 'true']]))
            this.#statements.setNamespaceProperty.run(this.#catalogName, name, key, value);
        this.#database.exec('COMMIT');
        return there ? 'exists' : 'created';
      } catch (error) {
        rollBack(this.#database);
        throw error;
      }
    });
  }

  async listTables(namespace: readonly string[]): Promise<readonly TableName[]> {
    const rows = this.#do(() => this.#statements.listTables.all(this.#catalogName, joined(namespace)));
    return rows.map((row) => ({ namespace, name: String(row['table_name']) }));
  }

  async locate(table: TableName): Promise<string | undefined> {
    const row = this.#do(() => this.#statements.locate.get(...this.#key(table)));
    if (row === undefined) return undefined;
    const location = row['metadata_location'];
    if (typeof location !== 'string')
      throw new SluiceError('corrupt', `table ${formatTableName(table)} has no metadata location in the catalog`);
    return location;
  }

  async create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    const done = this.#do(() => this.#statements.create.run(...this.#key(table), metadataLocation));
    return Number(done.changes) === 1 ? 'created' : 'exists';
  }

  async swap(table: TableName, from: string, to: string): Promise<SwapOutcome> {
    return this.swapAll([{ table, from, to }])[0] ?? { kind: 'unknown', cause: undefined };
  }

  /** Independent swaps under one sync; an outcome for each, in order. */
  swapAll(swaps: readonly PointerSwap[]): readonly SwapOutcome[] {
    if (swaps.length === 0) return [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const changes = swaps.map(({ table, from, to }) => {
        return Number(this.#statements.swap.run(to, from, ...this.#key(table), from).changes);
      });
      this.#database.exec('COMMIT');
      return changes.map((changed) => ({ kind: changed === 1 ? 'swapped' : 'lost-race' }));
    } catch (cause) {
      // An error of the disk may come after the write: whoever asks the table again learns what holds.
      rollBack(this.#database);
      return swaps.map(() => ({ kind: 'unknown', cause }));
    }
  }

  async drop(table: TableName): Promise<boolean> {
    return Number(this.#do(() => this.#statements.drop.run(...this.#key(table))).changes) === 1;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #key(table: TableName): readonly [string, string, string] {
    return [this.#catalogName, joined(table.namespace), table.name];
  }

  #do<T>(work: () => T): T {
    return tryTo(this.#database.location() ?? ':memory:', work);
  }
}

/**
 * A new file gets a write-ahead log: one sync a swap in place of three, and readers hold nobody up. A file of others keeps its mode.
 * Of two processes that make the file at once one is refused by the lock; the mode is the file's, so the other's word counts.
 */
function preferWriteAheadLog(database: DatabaseSync): void {
  if (database.prepare('SELECT 1 FROM sqlite_master').get() !== undefined) return;
  try {
    database.exec('PRAGMA journal_mode = WAL');
  } catch {
    // Either mode is right: only the number of syncs differs.
  }
}

/** Makes missing tables as Java does for V1: V0's, then the column. Concurrent openers wait for each other. */
function prepareSchema(database: DatabaseSync): CatalogSchema {
  database.exec('BEGIN IMMEDIATE');
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const has = new Set(tables.map((row) => row['name']));
    if (!has.has('iceberg_tables')) {
      database.exec(CREATE_TABLES);
      database.exec(ADD_TYPE);
    }
    if (!has.has('iceberg_namespace_properties')) database.exec(CREATE_NAMESPACES);
    const columns = database
      .prepare('PRAGMA table_info(iceberg_tables)')
      .all()
      .map((row) => row['name']);
    database.exec('COMMIT');
    return columns.includes('iceberg_type') ? 'V1' : 'V0';
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // The connection is gone, and its transaction with it.
  }
}

/** A new file's directory entry must survive a power cut like its content. */
function syncFolder(path: string): void {
  if (path === ':memory:') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function tryTo<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('unavailable', `the catalog ${path} does not answer: ${messageOf(error)}`, {
      context: { path },
      remedy: 'check that the folder exists and is writable, and that no other program holds the file locked',
      cause: error,
    });
  }
}

const joined = (namespace: readonly string[]): string => namespace.join('.');
