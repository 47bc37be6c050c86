/** A store that lets nothing be overwritten or deleted: promise P2 as a wrapper. */
import type { ObjectInfo, ObjectStore, PutCondition, PutResult } from '../../../src/contracts/object-store.ts';

export class AppendOnlyStore implements ObjectStore {
  readonly #inner: ObjectStore;
  /** The next put fails without an answer; `lands` tells whether it is there nevertheless. */
  #failure: { readonly lands: boolean } | undefined;
  readonly #failWith: () => Error;
  /** Keys in the order in which they were put. */
  readonly puts: string[] = [];

  constructor(inner: ObjectStore, failWith: () => Error) {
    this.#inner = inner;
    this.#failWith = failWith;
  }

  failNextPut(lands: boolean): void {
    this.#failure = { lands };
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition): Promise<PutResult> {
    if (condition.kind !== 'if-absent') throw new Error(`${key} would be put ${condition.kind}`);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure?.lands === false) throw this.#failWith();
    const result = await this.#inner.put(key, bytes, condition);
    this.puts.push(key);
    if (failure !== undefined) throw this.#failWith();
    return result;
  }

  async delete(keys: readonly string[]): Promise<never> {
    throw new Error(`${keys.join(', ')} would be deleted`);
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#inner.head(key);
  }

  get(
    key: string,
    options?: { readonly range?: { readonly start: number; readonly end?: number } },
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    return this.#inner.get(key, options);
  }

  upload(key: string): Promise<never> {
    throw new Error(`${key} would be uploaded`);
  }

  fileOf(key: string): string | undefined {
    return this.#inner.fileOf(key);
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.#inner.list(prefix);
  }
}
