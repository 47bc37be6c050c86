/**
 * The SQLite catalog as the daemon uses it: reads at once on this thread, writes (and their syncs) on another, so that a slow disk
 * delays nobody but who waits for the write. Owns the thread and its questions; every rule of the catalog is `sql-catalog.ts`.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MetadataPointers, SwapOutcome } from '../contracts/metadata-pointers.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';
import { SqlCatalog } from './sql-catalog.ts';
import type { WriteAnswer, WriteRequest, WriteResult, WriterData } from './sql-writer.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Question {
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadedSqlCatalog implements MetadataPointers {
  readonly #reads: SqlCatalog;
  readonly #data: WriterData;
  readonly #questions = new Map<number, Question>();
  #writer: Worker | undefined;
  #nextId = 0;
  #closed = false;

  private constructor(reads: SqlCatalog, data: WriterData) {
    this.#reads = reads;
    this.#data = data;
  }

  /** As `SqlCatalog.open`. The thread starts with the first write. */
  static open(path: string, catalogName: string): ThreadedSqlCatalog {
    return new ThreadedSqlCatalog(SqlCatalog.open(path, catalogName), { path, catalogName });
  }

  listNamespaces(): Promise<readonly (readonly string[])[]> {
    return this.#reads.listNamespaces();
  }

  listTables(namespace: readonly string[]): Promise<readonly TableName[]> {
    return this.#reads.listTables(namespace);
  }

  locate(table: TableName): Promise<string | undefined> {
    return this.#reads.locate(table);
  }

  async createNamespace(
    namespace: readonly string[],
    properties: ReadonlyMap<string, string>,
  ): Promise<'created' | 'exists'> {
    return (await this.#ask({ call: 'createNamespace', args: [namespace, properties] })) as 'created' | 'exists';
  }

  async create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    return (await this.#ask({ call: 'create', args: [table, metadataLocation] })) as 'created' | 'exists';
  }

  async swap(table: TableName, from: string, to: string): Promise<SwapOutcome> {
    try {
      return (await this.#ask({ call: 'swap', swap: { table, from, to } })) as SwapOutcome;
    } catch (cause) {
      // The thread may have written before it was lost.
      return { kind: 'unknown', cause };
    }
  }

  async drop(table: TableName): Promise<boolean> {
    return (await this.#ask({ call: 'drop', args: [table] })) as boolean;
  }

  /** Writes under way must have been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writer?.terminate();
    await this.#reads.close();
  }

  #ask(request: WithoutId<WriteRequest>): Promise<WriteResult> {
    if (this.#closed) return Promise.reject(new SluiceError('closed', 'the catalog is closed'));
    const writer = (this.#writer ??= this.#start());
    const id = this.#nextId++;
    // Only a question under way keeps the process alive.
    writer.ref();
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of ours, not a window
      writer.postMessage({ ...request, id });
    });
  }

  #start(): Worker {
    // The same kind of file as this one: a source in a checkout, a compiled file in a package.
    const entry = new URL(`./sql-writer${extname(import.meta.filename)}`, import.meta.url);
    const writer = new Worker(entry, { workerData: this.#data });
    writer.on('message', (answer: WriteAnswer) => this.#answered(answer, writer));
    const lost = (cause: unknown): void => this.#lost(writer, cause);
    writer.on('error', lost);
    writer.on('exit', () => lost(new SluiceError('closed', 'the thread that writes to the catalog ended')));
    return writer;
  }

  #answered(answer: WriteAnswer, writer: Worker): void {
    const question = this.#questions.get(answer.id);
    this.#questions.delete(answer.id);
    if (this.#questions.size === 0) writer.unref();
    if ('result' in answer) question?.resolve(answer.result);
    else {
      const { kind, message, context, remedy } = answer.failure;
      question?.reject(new SluiceError(kind, message, { context, ...(remedy === undefined ? {} : { remedy }) }));
    }
  }

  /** The next write starts another. */
  #lost(writer: Worker, cause: unknown): void {
    if (this.#writer !== writer) return;
    this.#writer = undefined;
    const error = new SluiceError('unavailable', `the catalog was lost while it was written: ${messageOf(cause)}`, {
      cause,
      remedy: 'the write is tried again by itself; look for why the thread ended if this comes back',
    });
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
  }
}
