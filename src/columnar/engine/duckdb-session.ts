/**
 * One DuckDB instance with a fixed number of connections; statements beyond that wait their turn. Owns its settings, cancellation and the
 * translation of its errors. Knows no tables.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api';
import { SluiceError, isSluiceError, messageOf } from '../../core/errors.ts';
import { registerHashes } from './murmur-function.ts';

export interface DuckDbSettings {
  /** Worker threads of the instance, shared by all connections. */
  readonly threads: number;
  /** Bytes the instance may hold in memory before it spills. */
  readonly memoryLimitBytes: number;
  /** Where it spills to. */
  readonly temporaryDirectory: string;
  /** Statements at a time. */
  readonly connections: number;
}

export class DuckDbSession {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[];
  readonly #waiting: ((connection: DuckDBConnection | undefined) => void)[] = [];
  readonly #connections: number;
  #alone: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(instance: DuckDBInstance, connections: DuckDBConnection[]) {
    this.#instance = instance;
    this.#idle = connections;
    this.#connections = connections.length;
  }

  static async open(settings: DuckDbSettings): Promise<DuckDbSession> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(settings.threads),
      memory_limit: `${settings.memoryLimitBytes}B`,
      temp_directory: settings.temporaryDirectory,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // Rows of a file may stand in any order unless a statement sorts them; keeping the order of arrival would triple the memory.
      preserve_insertion_order: 'false',
      // Every file is read once; the cache would fill the memory there is and keep it.
      enable_external_file_cache: 'false',
    });
    const connections: DuckDBConnection[] = [];
    for (let index = 0; index < settings.connections; index += 1) {
      const connection = await instance.connect();
      await connection.run(`SET TimeZone = 'UTC'`);
      connections.push(connection);
    }
    const [first] = connections;
    if (first === undefined) throw new SluiceError('internal', 'a DuckDB session needs a connection');
    registerHashes(first);
    return new DuckDbSession(instance, connections);
  }

  /** Runs `work` with a connection of its own. When `signal` aborts, its statement is interrupted and this rejects with kind `closed`. */
  async use<T>(signal: AbortSignal, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#turn());
    if (connection === undefined) throw new SluiceError('closed', 'the column engine is closed');
    const interrupt = (): void => connection.interrupt();
    try {
      if (signal.aborted) throw cancelled(signal);
      signal.addEventListener('abort', interrupt, { once: true });
      return await work(connection);
    } catch (error) {
      throw signal.aborted ? cancelled(signal) : error;
    } finally {
      signal.removeEventListener('abort', interrupt);
      this.#release(connection);
    }
  }

  /** As `use`, while no other statement runs: what did not fit beside others may fit by itself. */
  async alone<T>(signal: AbortSignal, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const before = this.#alone;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone = promise;
    // One at a time: two that each wait for the other's connections would wait for ever.
    await before;
    const taken: DuckDBConnection[] = [];
    try {
      while (taken.length < this.#connections - 1) {
        const connection = this.#idle.pop() ?? (await this.#turn());
        if (connection === undefined) throw new SluiceError('closed', 'the column engine is closed');
        taken.push(connection);
      }
      return await this.use(signal, work);
    } finally {
      for (const connection of taken) this.#release(connection);
      resolve();
    }
  }

  /** Statements under way must have ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake(undefined);
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    this.#instance.closeSync();
  }

  async #turn(): Promise<DuckDBConnection | undefined> {
    if (this.#closed) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(connection: DuckDBConnection): void {
    if (this.#closed) return connection.closeSync();
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }
}

/** Runs one statement and reads all its rows; a failure is of kind `internal`, since everything fed to the engine was checked before. */
export async function query(connection: DuckDBConnection, sql: string): Promise<DuckDBResultReader> {
  try {
    return await connection.runAndReadAll(sql);
  } catch (error) {
    const text = messageOf(error);
    if (/^Out of Memory/i.test(text))
      throw new SluiceError('unavailable', `DuckDB ran out of memory: ${text}`, {
        context: { code: OUT_OF_MEMORY },
        remedy: 'raise the memory limit of the column engine, or lower the target file size',
        cause: error,
      });
    if (/^IO Error/i.test(text))
      throw new SluiceError('unavailable', `DuckDB could not read or write a local file: ${text}`, {
        remedy: 'check free space and permissions of the data directory',
        cause: error,
      });
    throw new SluiceError('internal', `DuckDB refused a statement of the column engine: ${text}`, { cause: error });
  }
}

export const isOutOfMemory = (error: unknown): boolean =>
  isSluiceError(error, 'unavailable') && error.context['code'] === OUT_OF_MEMORY;

const OUT_OF_MEMORY = 'out-of-memory';

const cancelled = (signal: AbortSignal): SluiceError =>
  new SluiceError('closed', 'writing data files was cancelled', { cause: signal.reason });
