/** Folders whose entries are known to survive a power cut. Owns their creation; files in them are the caller's to sync. */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export class DurableFolders {
  readonly #known = new Set<string>();

  /** Resolves when the folder and every folder above it exists and is durable. Each is synced once. */
  async ensure(folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    await mkdir(folder, { recursive: true });
    // Another process, or a crash of ours, may have made any of them without syncing: go up to the top, not only over the new ones.
    const unsynced: string[] = [];
    for (let at = folder; !this.#known.has(at); at = dirname(at)) {
      unsynced.push(at);
      if (at === dirname(at)) break;
    }
    for (const at of unsynced.reverse()) {
      await syncFolderIfAllowed(dirname(at));
      this.#known.add(at);
    }
  }

  /** Knows nothing any more: folders were removed by somebody else. */
  forget(): void {
    this.#known.clear();
  }
}

/** Makes creations, renames and removals in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** Folders above the warehouse that we may not even read were not made by us. */
async function syncFolderIfAllowed(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')))
      throw error;
  }
}
