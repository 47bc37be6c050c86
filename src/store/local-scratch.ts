/** Folders on local disk (`Scratch`), and objects fetched into them range by range. Owns a directory, emptied when it opens. */
import { mkdirSync, rmSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locations } from '../contracts/locations.ts';
import type { Scratch, ScratchFolder } from '../contracts/scratch.ts';
import { SluiceError } from '../core/errors.ts';

const RANGE_BYTES = 16 * 1024 * 1024;

export class LocalScratch implements Scratch {
  readonly #directory: string;
  readonly #locations: Locations;

  /** `directory` is this scratch's alone. */
  constructor(directory: string, locations: Locations) {
    this.#directory = directory;
    this.#locations = locations;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
  }

  async folder(name: string): Promise<ScratchFolder> {
    const path = join(this.#directory, name);
    await mkdir(path);
    let files = 0;
    return {
      path,
      fetch: (uri, bytes, signal) =>
        fetchTo(this.#locations, uri, bytes, join(path, `in-${(files += 1)}.parquet`), signal),
      remove: () => rm(path, { recursive: true, force: true }),
    };
  }
}

async function fetchTo(
  locations: Locations,
  uri: string,
  bytes: bigint,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const { store, key } = locations.resolve(uri);
  const file = await open(path, 'wx');
  try {
    const size = Number(bytes);
    for (let start = 0; start < size; start += RANGE_BYTES) {
      const found = await store.get(key, { range: { start, end: Math.min(size, start + RANGE_BYTES) }, signal });
      if (found?.info.size !== bytes)
        throw new SluiceError('corrupt', 'a file that the table names is not there, or of another size', {
          context: { uri, expected: bytes, found: found?.info.size },
          remedy: 'restore the object; the table is left as it is',
        });
      await file.write(found.bytes);
    }
  } finally {
    await file.close();
  }
  return path;
}
