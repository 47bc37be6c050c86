/**
 * Producer state on the object store (protocol §4 step 3): objects outside every table's location, never overwritten, named by the pointer
 * in a table's progress; a small state travels in the pointer itself. Owns names, puts and the removal of those that commits have long left
 * behind. Knows nothing of commits.
 */
import { backoffMs, type BackoffPolicy } from '../../core/backoff.ts';
import { SluiceError, isSluiceError } from '../../core/errors.ts';
import type { Epoch, TableUuid } from '../../core/ids.ts';
import { uuidV4, type Runtime } from '../../core/runtime.ts';
import type { ObjectStore } from '../../contracts/object-store.ts';
import type { ProducerFacts } from './producer-state.ts';
import { decodeState, encodeState } from './state-text.ts';

const INLINE = 'inline:';
const MAX_INLINE_BYTES = 2_048;
/** States before the current one that are kept, for tables whose pointer goes back. */
const KEEP = 64;
const BACKOFF: BackoffPolicy = { initialMs: 100, maxMs: 10_000 };

export class StateObjects {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #runtime: Runtime;
  readonly #maxInlineBytes: number;
  readonly #onTrouble: (table: TableUuid, state: string, cause: unknown) => void;
  /** Keys of a table in ascending order, as far as this process knows: one listing a table and life. */
  readonly #known = new Map<TableUuid, string[]>();

  /** Objects live at `<prefix>/<table uuid>/<20-digit epoch>-<uuid>.json`; states up to `maxInlineBytes` need none. */
  constructor(
    store: ObjectStore,
    prefix: string,
    runtime: Runtime,
    onTrouble: (table: TableUuid, state: string, cause: unknown) => void,
    maxInlineBytes = MAX_INLINE_BYTES,
  ) {
    this.#store = store;
    this.#prefix = prefix;
    this.#runtime = runtime;
    this.#onTrouble = onTrouble;
    this.#maxInlineBytes = maxInlineBytes;
  }

  /** Resolves with the pointer once the state is durable; retries an unavailable store until the signal aborts. */
  async put(table: TableUuid, epoch: Epoch, facts: ProducerFacts, signal: AbortSignal): Promise<string> {
    const text = encodeState(table, facts, this.#runtime.clock.monotonic());
    if (Buffer.byteLength(text) <= this.#maxInlineBytes) return INLINE + text;
    return await this.#patiently(table, signal, async () => {
      // A new name a try: a put whose answer was lost may still land under the old one.
      const key = `${this.#prefix}/${table}/${epoch.toString().padStart(20, '0')}-${uuidV4(this.#runtime.random)}.json`;
      const put = await this.#store.put(key, Buffer.from(text), { kind: 'if-absent' }, signal);
      if (put.kind === 'written') return key;
      throw new SluiceError('internal', 'a fresh name of a producer state was taken', { context: { key } });
    });
  }

  /** Undefined when what the pointer names is gone or is not what was put there. Rejects with `unavailable` for now. */
  async load(table: TableUuid, pointer: string): Promise<ProducerFacts | undefined> {
    const stored = pointer.startsWith(INLINE) ? undefined : await this.#store.get(pointer);
    if (stored === undefined && !pointer.startsWith(INLINE)) return undefined;
    const text = stored === undefined ? pointer.slice(INLINE.length) : Buffer.from(stored.bytes).toString('utf8');
    try {
      return decodeState(table, text, this.#runtime.clock.monotonic());
    } catch (error) {
      if (!isSluiceError(error, 'corrupt')) throw error;
      this.#onTrouble(table, 'state-lost', error);
      return undefined;
    }
  }

  /** As `load`, again and again until the store answers. */
  untilLoaded(table: TableUuid, pointer: string, signal: AbortSignal): Promise<ProducerFacts | undefined> {
    return this.#patiently(table, signal, () => this.load(table, pointer));
  }

  /** The table's commit with this pointer is settled: removes what is far behind it. Failures are reported and forgotten. */
  async settled(table: TableUuid, pointer: string): Promise<void> {
    if (pointer.startsWith(INLINE)) return;
    try {
      const keys = await this.#keys(table);
      if (!keys.includes(pointer)) keys.push(pointer);
      keys.sort();
      const old = keys.slice(0, Math.max(0, keys.indexOf(pointer) - KEEP));
      if (old.length > 0) await this.#store.delete(old);
      keys.splice(0, old.length);
    } catch (error) {
      this.#onTrouble(table, 'state-left', error);
    }
  }

  async #keys(table: TableUuid): Promise<string[]> {
    const known = this.#known.get(table);
    if (known !== undefined) return known;
    const keys: string[] = [];
    for await (const info of this.#store.list(`${this.#prefix}/${table}/`)) keys.push(info.key);
    this.#known.set(table, keys);
    return keys;
  }

  async #patiently<T>(table: TableUuid, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1)
      try {
        return await work();
      } catch (error) {
        if (!isSluiceError(error, 'unavailable')) throw error;
        this.#onTrouble(table, 'unavailable', error);
        await this.#runtime.clock.sleep(backoffMs(BACKOFF, attempt, this.#runtime.random), signal);
      }
  }
}
