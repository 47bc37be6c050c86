/** Tells an observer about every call. Owns timing; does not know metrics systems. */
import type { ObjectInfo, ObjectStore, PutCondition, PutResult } from '../contracts/object-store.ts';
import { isSluiceError } from '../core/errors.ts';
import type { Clock } from '../core/runtime.ts';
import type { ByteRange } from './keys.ts';

export type StoreOperation = 'head' | 'get' | 'put' | 'upload' | 'list' | 'delete';

export interface StoreObserver {
  /**
   * `result`: `ok`, `absent`, `lost-race`, `partial` (a delete with failed keys), or the kind of the error.
   * A listing is one call; its seconds are those spent waiting for the store.
   */
  finished(operation: StoreOperation, result: string, seconds: number): void;
  /** An attempt failed and is repeated. `reason`: the kind of the error, or `slow-down` when the store asked for fewer requests. */
  retried(operation: StoreOperation, reason: string): void;
}

export class MeteredStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #observer: StoreObserver;
  readonly #clock: Clock;

  constructor(inner: ObjectStore, observer: StoreObserver, clock: Clock) {
    this.#inner = inner;
    this.#observer = observer;
    this.#clock = clock;
  }

  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#time('head', foundOrAbsent, () => this.#inner.head(key, signal));
  }

  get(
    key: string,
    options?: { readonly range?: ByteRange; readonly signal?: AbortSignal },
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    return this.#time('get', foundOrAbsent, () => this.#inner.get(key, options));
  }

  put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#time('put', writtenOrLost, () => this.#inner.put(key, bytes, condition, signal));
  }

  upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#time('upload', writtenOrLost, () => this.#inner.upload(key, localPath, condition, signal));
  }

  fileOf(key: string): string | undefined {
    return this.#inner.fileOf(key);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const inner = this.#inner.list(prefix, signal)[Symbol.asyncIterator]();
    let waited = 0;
    let result = 'ok';
    try {
      for (;;) {
        const start = this.#clock.monotonic();
        const step = await inner.next();
        waited += this.#clock.monotonic() - start;
        if (step.done === true) return;
        yield step.value;
      }
    } catch (error) {
      result = kindOf(error);
      throw error;
    } finally {
      this.#observer.finished('list', result, waited / 1000);
    }
  }

  delete(
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly failed: readonly { readonly key: string; readonly cause: string }[] }> {
    return this.#time(
      'delete',
      ({ failed }) => (failed.length === 0 ? 'ok' : 'partial'),
      () => this.#inner.delete(keys, signal),
    );
  }

  async #time<T>(operation: StoreOperation, resultOf: (value: T) => string, call: () => Promise<T>): Promise<T> {
    const start = this.#clock.monotonic();
    try {
      const value = await call();
      this.#finish(operation, resultOf(value), start);
      return value;
    } catch (error) {
      this.#finish(operation, kindOf(error), start);
      throw error;
    }
  }

  #finish(operation: StoreOperation, result: string, start: number): void {
    this.#observer.finished(operation, result, (this.#clock.monotonic() - start) / 1000);
  }
}

const foundOrAbsent = (found: unknown): string => (found === undefined ? 'absent' : 'ok');
const writtenOrLost = (result: PutResult): string => (result.kind === 'written' ? 'ok' : result.kind);
const kindOf = (error: unknown): string => (isSluiceError(error) ? error.kind : 'internal');
