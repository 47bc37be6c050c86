/** Manifest lists by URI, with the last few kept: they never change, and each commit needs the one before. Owns reading only. */
import type { ManifestFile } from './manifest-file.ts';
import { readManifestList } from './manifest-list.ts';
import type { Snapshot } from './metadata.ts';
import type { TableFiles } from './table-files.ts';

const KEPT = 64;

export class ManifestLists {
  readonly #files: TableFiles;
  /** Insertion order is age. */
  readonly #known = new Map<string, readonly ManifestFile[]>();

  constructor(files: TableFiles) {
    this.#files = files;
  }

  /** Empty for a table without snapshots. */
  async of(snapshot: Snapshot | undefined): Promise<readonly ManifestFile[]> {
    if (snapshot === undefined) return [];
    const known = this.#known.get(snapshot.manifestList);
    if (known !== undefined) return known;
    const manifests = readManifestList(await this.#files.read(snapshot.manifestList), snapshot.manifestList);
    this.remember(snapshot.manifestList, manifests);
    return manifests;
  }

  remember(uri: string, manifests: readonly ManifestFile[]): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= KEPT && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(uri, manifests);
  }
}
