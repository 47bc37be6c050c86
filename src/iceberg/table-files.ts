/** Reading and creating the files of tables by URI, whichever store holds them. Never overwrites, never deletes. */
import type { Locations } from '../contracts/locations.ts';
import { SluiceError } from '../core/errors.ts';

export class TableFiles {
  readonly #locations: Locations;

  constructor(locations: Locations) {
    this.#locations = locations;
  }

  /** Throws kind `corrupt` when the file is not there: somebody named it. */
  async read(uri: string): Promise<Uint8Array> {
    const { store, key } = this.#locations.resolve(uri);
    const found = await store.get(key);
    if (found === undefined)
      throw new SluiceError('corrupt', `${uri} is named by table metadata, but is not there`, {
        context: { uri },
        remedy:
          'restore the file from a backup or an older version of the object; nothing of Sluice deletes live files',
      });
    return found.bytes;
  }

  /** Bytes of the file; undefined when it is not there. */
  async size(uri: string): Promise<number | undefined> {
    const { store, key } = this.#locations.resolve(uri);
    const found = await store.head(key);
    return found === undefined ? undefined : Number(found.size);
  }

  /**
   * Resolves when the file is there with exactly these bytes. A name that is taken by other bytes is kind `internal`: names hold a
   * random uuid. The same bytes are our own earlier put, whose answer was lost.
   */
  async create(uri: string, bytes: Uint8Array): Promise<void> {
    const { store, key } = this.#locations.resolve(uri);
    const put = await store.put(key, bytes, { kind: 'if-absent' });
    if (put.kind === 'written') return;
    const there = await store.get(key);
    if (there === undefined || Buffer.compare(there.bytes, bytes) !== 0)
      throw new SluiceError('internal', `${uri} is already there with other bytes`, { context: { uri } });
  }

  /** Whether anything lies below the location. */
  async isTaken(location: string): Promise<boolean> {
    const { store, key } = this.#locations.resolve(location);
    for await (const object of store.list(`${key}/`)) return object.key !== '';
    return false;
  }
}
