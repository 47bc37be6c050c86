/** Wraps a store and lets calls fail by plan: lost before or after the effect, late, slow, refused for now. */
import type { ObjectInfo, ObjectStore, PutCondition, PutResult } from '../../src/contracts/object-store.ts';
import { SluiceError } from '../../src/core/errors.ts';
import { type Clock, systemClock } from '../../src/core/runtime.ts';

export type StoreFault =
  /** No answer; nothing happened. */
  | { readonly kind: 'lost-before' }
  /** No answer; the effect is there. */
  | { readonly kind: 'lost-after' }
  /** No answer; the effect comes with `land()`. */
  | { readonly kind: 'late' }
  /** The store says that it did nothing, and that it may later (409, connection refused). */
  | { readonly kind: 'refused' }
  /** As usual, this much later. */
  | { readonly kind: 'slow'; readonly ms: number };

export interface StoreCall {
  readonly operation: 'head' | 'get' | 'put' | 'upload' | 'list' | 'delete';
  /** The prefix of a listing; the first key of a delete. */
  readonly key: string;
  /** 1 for the first call of this operation. */
  readonly number: number;
  readonly condition?: PutCondition['kind'];
}

export interface FaultyStore extends ObjectStore {
  /** Lets late effects happen, in order; answers how each ended. */
  land(): Promise<readonly unknown[]>;
}

export const faulty = (
  store: ObjectStore,
  plan: (call: StoreCall) => StoreFault | undefined,
  clock: Clock = systemClock,
): FaultyStore => new Faulty(store, plan, clock);

class Faulty implements FaultyStore {
  readonly #store: ObjectStore;
  readonly #plan: (call: StoreCall) => StoreFault | undefined;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #late: (() => Promise<unknown>)[] = [];

  constructor(store: ObjectStore, plan: (call: StoreCall) => StoreFault | undefined, clock: Clock) {
    this.#store = store;
    this.#plan = plan;
    this.#clock = clock;
  }

  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#run('head', key, () => this.#store.head(key, signal));
  }

  get(key: string, options?: Parameters<ObjectStore['get']>[1]): ReturnType<ObjectStore['get']> {
    return this.#run('get', key, () => this.#store.get(key, options));
  }

  put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    // What is late is written as it was when it was sent.
    const sent = bytes.slice();
    return this.#run('put', key, () => this.#store.put(key, sent, condition, signal), condition.kind);
  }

  upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#run('upload', key, () => this.#store.upload(key, localPath, condition, signal), condition.kind);
  }

  /** `lost-after` breaks off after the first object. */
  /** None: whoever could read past `get` would meet no fault. */
  fileOf(): undefined {
    return undefined;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const fault = this.#faultFor('list', prefix);
    if (fault?.kind === 'slow') await this.#clock.sleep(fault.ms, signal);
    else if (fault !== undefined && fault.kind !== 'lost-after') throw failure(fault, 'list', prefix);
    for await (const info of this.#store.list(prefix, signal)) {
      yield info;
      if (fault?.kind === 'lost-after') throw failure(fault, 'list', prefix);
    }
  }

  delete(keys: readonly string[], signal?: AbortSignal): ReturnType<ObjectStore['delete']> {
    return this.#run('delete', keys[0] ?? '', () => this.#store.delete(keys, signal));
  }

  async land(): Promise<readonly unknown[]> {
    const ends: unknown[] = [];
    for (const effect of this.#late.splice(0)) ends.push(await effect());
    return ends;
  }

  async #run<T>(
    operation: StoreCall['operation'],
    key: string,
    effect: () => Promise<T>,
    condition?: PutCondition['kind'],
  ): Promise<T> {
    const fault = this.#faultFor(operation, key, condition);
    if (fault === undefined) return effect();
    if (fault.kind === 'slow') {
      await this.#clock.sleep(fault.ms);
      return effect();
    }
    if (fault.kind === 'lost-after') await effect();
    if (fault.kind === 'late') this.#late.push(effect);
    throw failure(fault, operation, key);
  }

  #faultFor(operation: StoreCall['operation'], key: string, condition?: PutCondition['kind']): StoreFault | undefined {
    const number = (this.#counts.get(operation) ?? 0) + 1;
    this.#counts.set(operation, number);
    return this.#plan({ operation, key, number, ...(condition === undefined ? {} : { condition }) });
  }
}

const failure = (fault: StoreFault, operation: string, key: string): SluiceError =>
  new SluiceError('unavailable', `planned fault: ${fault.kind}`, {
    context: { operation, key, effect: fault.kind === 'refused' ? 'none' : 'unknown' },
  });
