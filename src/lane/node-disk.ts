/**
 * `Disk` on node:fs. Owns turning errno into errors and partial writes into whole ones; decides nothing about retries.
 * Directories are synced through a descriptor of their own; platforms that refuse that (Windows) rely on their journal.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../contracts/disk.ts';
import { SluiceError, messageOf } from '../core/errors.ts';

const REWRITE_BYTES = 1 << 20;

const codeOf = (error: unknown): string | undefined => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
};

async function attempt<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SluiceError('unavailable', `${operation} failed on ${path}: ${messageOf(error)}`, {
      context: { operation, path, code: codeOf(error) },
      cause: error,
    });
  }
}

/** The answer, or undefined when the file or directory is not there. */
function ifPresent<T>(operation: string, path: string, work: () => Promise<T>): Promise<T | undefined> {
  return attempt(operation, path, async () => {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

export class NodeDisk implements Disk {
  makeDirectory(path: string): Promise<void> {
    return attempt('mkdir', path, async () => {
      const first = await mkdir(path, { recursive: true });
      if (first === undefined) return;
      // Each created directory is an entry of its parent: sync from the deepest parent up to the one that was there before.
      for (let at = dirname(path); ; at = dirname(at)) {
        await syncDirectory(at);
        if (at.length < first.length || at === dirname(at)) return;
      }
    });
  }

  async list(path: string): Promise<readonly string[]> {
    const names = await ifPresent('readdir', path, () => readdir(path));
    return (names ?? []).sort();
  }

  read(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return ifPresent('read', path, async () => {
      const handle = await open(path, 'r');
      try {
        const { size } = await handle.stat();
        const length = Math.max(0, Math.min(end, size) - start);
        return await readWhole(handle, start, length);
      } finally {
        await handle.close();
      }
    });
  }

  size(path: string): Promise<number | undefined> {
    return ifPresent('stat', path, async () => (await stat(path)).size);
  }

  open(path: string, mode: 'create-new' | 'existing'): Promise<DiskFile> {
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
    const flags = O_WRONLY | O_APPEND | (mode === 'create-new' ? O_CREAT | O_EXCL : 0);
    return attempt('open', path, async () => new NodeDiskFile(path, await open(path, flags, 0o640)));
  }

  rewrite(path: string, start: number, end: number): Promise<void> {
    return attempt('rewrite', path, async () => {
      const handle = await open(path, 'r+');
      try {
        for (let at = start; at < end;) {
          const bytes = await readWhole(handle, at, Math.min(end - at, REWRITE_BYTES));
          if (bytes.length === 0) throw new RangeError(`the file ends at ${at}`);
          for (let done = 0; done < bytes.length;)
            done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
          at += bytes.length;
        }
        await handle.datasync();
      } finally {
        await handle.close();
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return attempt('rename', from, () => rename(from, to));
  }

  async remove(path: string): Promise<void> {
    await ifPresent('unlink', path, () => unlink(path));
  }

  syncDirectory(path: string): Promise<void> {
    return attempt('sync', path, () => syncDirectory(path));
  }

  free(path: string): Promise<number> {
    return attempt('statfs', path, async () => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    });
  }
}

/** `length` bytes from `start`; fewer only at the end of the file. */
async function readWhole(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class NodeDiskFile implements DiskFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  append(chunks: readonly Uint8Array[]): Promise<void> {
    return attempt('write', this.#path, async () => {
      let rest = chunks;
      while (rest.length > 0) {
        const { bytesWritten } = await this.#handle.writev(rest);
        rest = after(rest, bytesWritten);
      }
    });
  }

  sync(): Promise<void> {
    return attempt('sync', this.#path, () => this.#handle.datasync());
  }

  truncate(size: number): Promise<void> {
    return attempt('truncate', this.#path, () => this.#handle.truncate(size));
  }

  close(): Promise<void> {
    return attempt('close', this.#path, () => this.#handle.close());
  }
}

/** What of `chunks` is left after `written` bytes went out. */
function after(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  for (const [index, chunk] of chunks.entries()) {
    if (skip < chunk.byteLength) return [chunk.subarray(skip), ...chunks.slice(index + 1)];
    skip -= chunk.byteLength;
  }
  return [];
}
