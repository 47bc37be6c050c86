/**
 * Repeats calls that ended `unavailable`, with jittered back-off and a budget. Owns the question a repeated conditional write raises: was it
 * us? A refused repetition is settled by reading back, because the refusal may be the echo of our own first attempt.
 *
 * Bytes written under a condition must be unlike every rival's (carry an id or token): equal bytes count as ours.
 */
import { open } from 'node:fs/promises';
import type { ObjectInfo, ObjectStore, PutCondition, PutResult } from '../contracts/object-store.ts';
import { SluiceError, isSluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { type ByteRange, compareKeys } from './keys.ts';
import type { StoreOperation } from './metered-store.ts';
import { type RetryPolicy, retry } from './retry.ts';

/** Patient enough for a restart of the server, short enough that a caller's own handling of `unavailable` gets its turn. */
export const DEFAULT_RETRY: RetryPolicy = { initialMs: 50, maxMs: 5_000, budgetMs: 30_000 };

/** `SlowDown` of S3 (503) and `Too Many Requests`. */
export const SLOW_DOWN = 'slow-down';

/** How much of a file and of its object is held at once while they are compared. */
const COMPARE_BYTES = 4 * 1024 * 1024;

export class RetryingStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #runtime: Runtime;
  readonly #policy: RetryPolicy;
  readonly #onRetry: (operation: StoreOperation, reason: string) => void;

  /** `onRetry` hears of every failure that is followed by another attempt, and its kind, or `slow-down`. */
  constructor(
    inner: ObjectStore,
    runtime: Runtime,
    policy: RetryPolicy = DEFAULT_RETRY,
    onRetry: (operation: StoreOperation, reason: string) => void = () => {},
  ) {
    this.#inner = inner;
    this.#runtime = runtime;
    this.#policy = policy;
    this.#onRetry = onRetry;
  }

  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#retry('head', signal, () => this.#inner.head(key, signal));
  }

  get(
    key: string,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    return this.#retry('get', options.signal, () => this.#inner.get(key, options));
  }

  put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#write(
      'put',
      condition,
      signal,
      () => this.#inner.put(key, bytes, condition, signal),
      async () => {
        const found = await this.get(key, signalled(signal));
        if (found === undefined) return 'absent';
        return Buffer.from(found.bytes).equals(bytes) ? found.info : 'foreign';
      },
    );
  }

  upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#write(
      'upload',
      condition,
      signal,
      () => this.#inner.upload(key, localPath, condition, signal),
      () => this.#compare(key, localPath, signal),
    );
  }

  fileOf(key: string): string | undefined {
    return this.#inner.fileOf(key);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    let last: string | undefined;
    let pages = this.#inner.list(prefix, signal)[Symbol.asyncIterator]();
    // A broken listing begins again and skips what was seen; each object that comes starts a new budget.
    const next = (): Promise<IteratorResult<ObjectInfo>> =>
      this.#retry('list', signal, async () => {
        try {
          for (;;) {
            const step = await pages.next();
            if (step.done === true || last === undefined || compareKeys(step.value.key, last) > 0) return step;
          }
        } catch (error) {
          pages = this.#inner.list(prefix, signal)[Symbol.asyncIterator]();
          throw error;
        }
      });
    for (let step = await next(); step.done !== true; step = await next()) {
      last = step.value.key;
      yield step.value;
    }
  }

  delete(
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly failed: readonly { readonly key: string; readonly cause: string }[] }> {
    return this.#retry('delete', signal, () => this.#inner.delete(keys, signal));
  }

  /** `standing` answers what is there now: the object, when its bytes are the ones of this write. */
  async #write(
    operation: StoreOperation,
    condition: PutCondition,
    signal: AbortSignal | undefined,
    attempt: () => Promise<PutResult>,
    standing: () => Promise<Standing>,
  ): Promise<PutResult> {
    let unsettled: unknown;
    const result = await this.#retry(operation, signal, async () => {
      try {
        return await attempt();
      } catch (error) {
        if (isSluiceError(error, 'unavailable') && error.context['effect'] !== 'none') unsettled = error;
        throw error;
      }
    });
    if (result.kind === 'written' || unsettled === undefined) return result;
    const now = await standing();
    if (typeof now === 'object') return { kind: 'written', etag: now.etag };
    // An object written if-absent stays as it is, so foreign bytes are a rival's. One that is swapped by ETag may have been ours in between.
    if (condition.kind === 'if-absent' && now === 'foreign') return result;
    throw new SluiceError('unavailable', 'a conditional write got no answer, and the object has moved on since', {
      context: { operation, effect: 'unknown' },
      cause: unsettled,
    });
  }

  async #compare(key: string, localPath: string, signal: AbortSignal | undefined): Promise<Standing> {
    await using file = await open(localPath, 'r');
    const { size } = await file.stat();
    const info = await this.head(key, signal);
    if (info === undefined) return 'absent';
    if (info.size !== BigInt(size)) return 'foreign';
    const local = Buffer.alloc(Math.min(COMPARE_BYTES, size));
    for (let start = 0; start < size; start += COMPARE_BYTES) {
      const end = Math.min(start + COMPARE_BYTES, size);
      const found = await this.get(key, { range: { start, end }, ...signalled(signal) });
      const { bytesRead } = await file.read(local, 0, end - start, start);
      if (found?.info.etag !== info.etag || !local.subarray(0, bytesRead).equals(found.bytes)) return 'foreign';
    }
    return info;
  }

  #retry<T>(operation: StoreOperation, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const onRetry = (error: SluiceError): void => this.#onRetry(operation, reasonOf(error));
    return retry(attempt, { policy: this.#policy, runtime: this.#runtime, signal, onRetry });
  }
}

type Standing = ObjectInfo | 'foreign' | 'absent';

const signalled = (signal: AbortSignal | undefined): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

/** A store that asks for fewer requests is told apart from one that does not answer. */
const reasonOf = ({ kind, context }: SluiceError): string =>
  context['status'] === 429 || context['status'] === 503 ? SLOW_DOWN : kind;
