/**
 * Checkpoint records on the object store (protocol §4 step 6): an index for people and hand-over, outside every table's location.
 * Losing it loses no data, so a failed write is reported and forgotten.
 */
import { parseJson64, stringifyJson64 } from '../core/json64.ts';
import type { TableUuid } from '../core/ids.ts';
import type { ObjectStore } from '../contracts/object-store.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';

/** As parsed: small integers come back as numbers. */
type StoredRecord = Omit<CheckpointRecord, 'epoch' | 'snapshot'> & {
  readonly epoch: number | bigint;
  readonly snapshot?: number | bigint;
};

export class CheckpointHistory {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #keep: number;
  readonly #onFailure: (error: unknown) => void;
  /** Keys of a table, oldest first, as far as this process knows: one listing a table and life. */
  readonly #known = new Map<TableUuid, string[]>();

  /** Records live at `<prefix>/<table uuid>/<20-digit epoch>.json`; the newest `keep` of a table stay. */
  constructor(store: ObjectStore, prefix: string, keep: number, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#prefix = prefix;
    this.#keep = keep;
    this.#onFailure = onFailure;
  }

  async record(table: TableUuid, record: CheckpointRecord): Promise<void> {
    try {
      const key = `${this.#prefix}/${table}/${record.epoch.toString().padStart(20, '0')}.json`;
      await this.#store.put(key, Buffer.from(`${stringifyJson64(record)}\n`), { kind: 'always' });
      const keys = await this.#keys(table);
      if (keys.at(-1) !== key) keys.push(key);
      const old = keys.splice(0, Math.max(0, keys.length - this.#keep));
      if (old.length > 0) await this.#store.delete(old);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** Oldest first. */
  async list(table: TableUuid): Promise<readonly CheckpointRecord[]> {
    const records: CheckpointRecord[] = [];
    for (const key of await this.#keys(table)) {
      const found = await this.#store.get(key);
      if (found === undefined) continue;
      const raw = parseJson64(Buffer.from(found.bytes).toString('utf8'), key) as unknown as StoredRecord;
      const { epoch, snapshot, ...rest } = raw;
      records.push({
        ...rest,
        epoch: BigInt(epoch),
        ...(snapshot === undefined ? {} : { snapshot: BigInt(snapshot) }),
      });
    }
    return records;
  }

  async #keys(table: TableUuid): Promise<string[]> {
    const known = this.#known.get(table);
    if (known !== undefined) return known;
    const keys: string[] = [];
    for await (const info of this.#store.list(`${this.#prefix}/${table}/`)) keys.push(info.key);
    this.#known.set(table, keys);
    return keys;
  }
}
