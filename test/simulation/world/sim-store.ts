/**
 * The object store of the simulated world, and one life's way to it: slow, failing before or after the effect, puts that land late.
 * Owns objects and their ages. The rows of a data file travel with it, so that the truth can be read back.
 */
import { SluiceError } from '../../../src/core/errors.ts';
import type { ETag, ObjectInfo, ObjectStore, PutCondition, PutResult } from '../../../src/contracts/object-store.ts';
import type { Effects } from './effects.ts';
import type { Faults } from './faults.ts';
import type { SeededRandom } from './random.ts';

export interface SimObject {
  readonly rows: readonly string[];
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly etag: ETag;
  readonly modifiedAt: number;
}

/** All objects, as they are at this moment. */
export class Bucket {
  readonly objects = new Map<string, SimObject>();
  readonly #now: () => number;
  #etags = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  put(key: string, rows: readonly string[], bytes: Uint8Array, size: number, when: PutCondition): PutResult {
    const there = this.objects.get(key);
    if (when.kind === 'if-absent' && there !== undefined) return { kind: 'lost-race' };
    if (when.kind === 'if-match' && there?.etag !== when.etag) return { kind: 'lost-race' };
    const etag = `e${(this.#etags += 1)}` as ETag;
    this.objects.set(key, { rows, bytes, size, etag, modifiedAt: this.#now() });
    return { kind: 'written', etag };
  }
}

/** Finished local files of one life: path → rows. */
export type LocalFiles = Map<string, { readonly rows: readonly string[]; readonly size: number }>;

export interface StoreContext {
  readonly bucket: Bucket;
  readonly effects: Effects;
  readonly faults: Faults;
  readonly random: SeededRandom;
  readonly trouble: number;
  readonly local: LocalFiles;
  /** Hears of every delete before it happens. */
  readonly onDelete: (life: string, key: string) => void;
}

export class SimStore implements ObjectStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#ask(`head`, () => this.#info(key));
  }

  get(key: string): ReturnType<ObjectStore['get']> {
    return this.#ask('get', () => {
      const info = this.#info(key);
      const bytes = this.#context.bucket.objects.get(key)?.bytes;
      return info === undefined || bytes === undefined ? undefined : { bytes, info };
    });
  }

  put(key: string, bytes: Uint8Array, when: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    const copy = Uint8Array.from(bytes);
    return this.#write('put', signal, () => this.#context.bucket.put(key, [], copy, copy.byteLength, when));
  }

  upload(key: string, localPath: string, when: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    const { bucket, local } = this.#context;
    const file = local.get(localPath);
    // Read when the request begins; a file that was dropped before that cannot be sent.
    if (file === undefined)
      return Promise.reject(
        new SluiceError('internal', 'upload of a local file that is not there', { context: { localPath } }),
      );
    return this.#write('upload', signal, () => bucket.put(key, file.rows, new Uint8Array(), file.size, when));
  }

  fileOf(): undefined {
    return undefined;
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const keys = await this.#ask('list', () =>
      [...this.#context.bucket.objects.keys()].filter((key) => key.startsWith(prefix)).sort(),
    );
    for (const key of keys) {
      const info = this.#info(key);
      if (info !== undefined) yield info;
    }
  }

  delete(keys: readonly string[]): ReturnType<ObjectStore['delete']> {
    const { bucket, effects, onDelete } = this.#context;
    return this.#ask('delete', () => {
      for (const key of keys) {
        onDelete(effects.name, key);
        bucket.objects.delete(key);
      }
      return { failed: [] };
    });
  }

  #info(key: string): ObjectInfo | undefined {
    const object = this.#context.bucket.objects.get(key);
    if (object === undefined) return undefined;
    return { key, size: BigInt(object.size), etag: object.etag, modifiedAt: object.modifiedAt };
  }

  #latency(): number {
    const { faults, random } = this.#context;
    return faults.on('store-slow') && random.chance(0.05) ? random.between(500, 5_000) : random.between(1, 25);
  }

  #ask<T>(name: string, answer: () => T): Promise<T> {
    const { effects, faults, random, trouble } = this.#context;
    const fails = faults.on('store-error') && random.chance(trouble);
    return effects.send(name, this.#latency(), random.between(0.5, 5), () => {
      if (fails) throw new SluiceError('unavailable', `store answered 503 to ${name}`);
      return answer();
    });
  }

  async #write(name: string, signal: AbortSignal | undefined, effect: () => PutResult): Promise<PutResult> {
    const { effects, faults, random, trouble } = this.#context;
    const lostAnswer = faults.on('store-lost-answer') && random.chance(trouble);
    const late = faults.on('store-late') && random.chance(trouble);
    if (late) {
      effects.send(`${name} late`, random.between(100, 10_000), 0, effect).catch(() => undefined);
      await effects.do(`${name} timeout`, random.between(20, 200), () => undefined);
      throw new SluiceError('unavailable', `${name} timed out`);
    }
    const result = await this.#ask(name, effect);
    if (signal?.aborted === true) throw new SluiceError('closed', `${name} was cancelled`);
    if (lostAnswer) throw new SluiceError('unavailable', `the answer to ${name} was lost`);
    return result;
  }
}
