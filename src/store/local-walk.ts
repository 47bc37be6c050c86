/** Walks files in the order S3 lists keys. Owns order and pruning; knows nothing of sizes or times. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from './cancel.ts';
import { TEMPORARY_SEGMENT, compareKeys } from './keys.ts';
import { isAbsent, localError } from './local-errors.ts';

/** Keys of the files under `root` that start with `prefix`, ascending. Folders that cannot hold one are not read. Files that come or go meanwhile may be in or not. */
export async function* walkFiles(root: string, prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  // A prefix that is no key ("../x") can match nothing, and must not lead out of the root.
  if (
    folder
      .split('/')
      .slice(0, -1)
      .some((name) => name === '' || name === '.' || name === '..')
  )
    return;
  yield* walkFolder(root, folder, prefix, signal);
}

/** `folder` is empty or ends in `/`. */
async function* walkFolder(
  root: string,
  folder: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  throwIfCancelled(signal);
  const entries: string[] = [];
  for (const entry of await readFolder(join(root, folder))) {
    // A folder sorts as its keys do: with the slash.
    const key = `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`;
    if (key === `${TEMPORARY_SEGMENT}/`) continue;
    if (key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key))) entries.push(key);
  }
  for (const key of entries.sort(compareKeys)) {
    if (key.endsWith('/')) yield* walkFolder(root, key, prefix, signal);
    else yield key;
  }
}

async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw localError(error, 'listing', path);
  }
}
