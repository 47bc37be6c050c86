/** Folders on local disk (`Scratch`), and objects fetched into them: range by range, or by a second name of what is a local file. Owns a directory, emptied when it opens. */
import { mkdirSync, rmSync } from 'node:fs';
import { link, mkdir, open, rm, stat } from 'node:fs/promises';
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
  if (await isLinked(store.fileOf(key), path)) {
    const { size } = await stat(path, { bigint: true });
    if (size !== bytes) throw notThatFile(uri, bytes, size);
    return path;
  }
  const file = await open(path, 'wx');
  try {
    const size = Number(bytes);
    for (let start = 0; start < size; start += RANGE_BYTES) {
      const found = await store.get(key, { range: { start, end: Math.min(size, start + RANGE_BYTES) }, signal });
      if (found?.info.size !== bytes) throw notThatFile(uri, bytes, found?.info.size);
      await file.write(found.bytes);
    }
  } finally {
    await file.close();
  }
  return path;
}

/** Whether `path` is a second name of the file. Where there are none, or none across this border, the bytes are read as from any store. */
const isLinked = (file: string | undefined, path: string): Promise<boolean> =>
  file === undefined
    ? Promise.resolve(false)
    : link(file, path).then(
        () => true,
        () => false,
      );

const notThatFile = (uri: string, expected: bigint, found: bigint | undefined): SluiceError =>
  new SluiceError('corrupt', 'a file that the table names is not there, or of another size', {
    context: { uri, expected, found },
    remedy: 'restore the object; the table is left as it is',
  });
