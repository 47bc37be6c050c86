/** Objects in this process's memory: for tests, simulations and dry runs. Atomic because it never awaits between check and write. */
import { readFile } from 'node:fs/promises';
import type { ETag, ObjectInfo, ObjectStore, PutCondition, PutResult } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';
import type { Clock } from '../core/runtime.ts';
import { type ByteRange, checkKey, compareKeys, resolveRange } from './keys.ts';
import { throwIfCancelled } from './cancel.ts';

interface Stored {
  readonly bytes: Uint8Array;
  readonly info: ObjectInfo;
}

export class MemoryStore implements ObjectStore {
  readonly #objects = new Map<string, Stored>();
  readonly #clock: Clock;
  #writes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key);
    throwIfCancelled(signal);
    return this.#objects.get(key)?.info;
  }

  async get(
    key: string,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    checkKey(key);
    throwIfCancelled(options.signal);
    const stored = this.#objects.get(key);
    if (stored === undefined) return undefined;
    const { start, end } = resolveRange(options.range, stored.bytes.length);
    return { bytes: stored.bytes.slice(start, end), info: stored.info };
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    checkKey(key);
    throwIfCancelled(signal);
    const current = this.#objects.get(key);
    if (condition.kind === 'if-absent' && current !== undefined) return { kind: 'lost-race' };
    if (condition.kind === 'if-match' && current?.info.etag !== condition.etag) return { kind: 'lost-race' };
    const etag = `m${++this.#writes}` as ETag;
    const info = { key, size: BigInt(bytes.length), etag, modifiedAt: this.#clock.now() };
    this.#objects.set(key, { bytes: bytes.slice(), info });
    return { kind: 'written', etag };
  }

  async upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    checkKey(key);
    const bytes = await readFile(localPath).catch((error: unknown) => {
      throw new SluiceError('internal', `file to upload cannot be read: ${localPath}`, {
        context: { key },
        cause: error,
      });
    });
    return this.put(key, bytes, condition, signal);
  }

  fileOf(): undefined {
    return undefined;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const found = [...this.#objects.values()].filter(({ info }) => info.key.startsWith(prefix));
    for (const { info } of found.sort((a, b) => compareKeys(a.info.key, b.info.key))) {
      throwIfCancelled(signal);
      yield info;
    }
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<{ readonly failed: readonly never[] }> {
    keys.forEach(checkKey);
    throwIfCancelled(signal);
    for (const key of keys) this.#objects.delete(key);
    return { failed: [] };
  }
}
