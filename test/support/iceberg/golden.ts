/** The tables under `test/golden`, laid into memory under the URIs that their metadata names. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Locations } from '../../../src/contracts/locations.ts';
import { systemClock } from '../../../src/core/runtime.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';

export interface GoldenTable {
  /** URI of its newest metadata file. */
  readonly metadataLocation: string;
  readonly locations: Locations;
  readonly store: MemoryStore;
}

const ROOTS = {
  'pyiceberg-0.12.0': 'file:///tmp/gold/py/n/t',
  'iceberg-java-1.12.0': 'file:/tmp/gold/java/n/t',
} as const;

export async function golden(name: keyof typeof ROOTS): Promise<GoldenTable> {
  const root = ROOTS[name];
  const folder = fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));
  const store = new MemoryStore(systemClock);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const keys: string[] = [];
  for (const file of files) {
    const path = `${file.parentPath}/${file.name}`;
    const key = path.slice(folder.length + 1);
    await store.put(key, await readFile(path), { kind: 'if-absent' });
    keys.push(key);
  }
  const newest = keys
    .filter((key) => key.endsWith('.metadata.json'))
    .sort()
    .at(-1);
  return {
    metadataLocation: `${root}/${newest}`,
    store,
    // Java spells the scheme with one slash.
    locations: {
      resolve: (uri) => ({
        store,
        key: uri.replace('file:///', 'file:/').slice(root.replace('file:///', 'file:/').length + 1),
      }),
    },
  };
}
