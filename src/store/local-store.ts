/**
 * Objects as files under one folder: the embedded default. Each object is written to a temporary file on the same file system, synced, and
 * then appears by link(2) or rename(2); the folder is synced before the answer. Readers see the old bytes or the new, never a part.
 *
 * Safe against other processes for `if-absent` (link decides) and for readers. `if-match` is decided under a lock of this process:
 * only one process may use it on a folder. Empty folders stay. A name has at most 255 bytes; `a` and `a/b` cannot both be objects.
 */
import { constants } from 'node:fs';
import { copyFile, link, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import type { ETag, ObjectInfo, ObjectStore, PutCondition, PutResult } from '../contracts/object-store.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import { type Runtime, hex } from '../core/runtime.ts';
import { Slots } from '../core/slots.ts';
import { throwIfCancelled } from './cancel.ts';
import { DurableFolders, syncFolder } from './durable-folders.ts';
import { KeyLocks } from './key-locks.ts';
import { type ByteRange, TEMPORARY_SEGMENT, checkKey, resolveRange } from './keys.ts';
import { codeOf, isAbsent, localError } from './local-errors.ts';
import { walkFiles } from './local-walk.ts';

/**
 * Writes at a time. Each holds a thread of libuv's pool (24, see bin/sluice) for its syncs; the log's sync needs one too, and producers
 * wait for it while hundreds of tables commit.
 */
const MAX_WRITES = 16;
/** Another device; no links here, or not of this file; as many names as a file may have. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** A temporary file this old belongs to no living write. */
const STALE_TEMPORARY_MS = 24 * 3_600_000;

export class LocalStore implements ObjectStore {
  readonly #root: string;
  readonly #runtime: Runtime;
  readonly #folders: DurableFolders;
  readonly #locks = new KeyLocks();
  readonly #writes = new Slots(MAX_WRITES);
  #lastStampMicros = 0;
  #swept: Promise<void> | undefined;

  /** `root`: absolute folder, made when absent. Throws nothing; the first operation finds out what is wrong. */
  constructor(root: string, runtime: Runtime) {
    this.#root = root;
    this.#runtime = runtime;
    this.#folders = new DurableFolders();
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key);
    throwIfCancelled(signal);
    return this.#look(key);
  }

  async #look(key: string): Promise<ObjectInfo | undefined> {
    const path = join(this.#root, key);
    try {
      const found = await stat(path, { bigint: true });
      return found.isFile() ? infoOf(key, found) : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw localError(error, 'looking at', path);
    }
  }

  async get(
    key: string,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined> {
    const path = this.#path(key);
    throwIfCancelled(options.signal);
    try {
      await using file = await open(path, 'r');
      const found = await file.stat({ bigint: true });
      if (!found.isFile()) return undefined;
      const { start, end } = resolveRange(options.range, Number(found.size));
      const bytes = new Uint8Array(end - start);
      for (let filled = 0; filled < bytes.length;) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0)
          throw new SluiceError('corrupt', `file shrank while it was read: ${path}`, { context: { path } });
        filled += bytesRead;
      }
      return { bytes, info: infoOf(key, found) };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw localError(error, 'reading', path);
    }
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#write(key, condition, signal, async (temporary) => {
      await using file = await open(temporary, 'wx');
      await file.writeFile(bytes);
    });
  }

  async upload(key: string, localPath: string, condition: PutCondition, signal?: AbortSignal): Promise<PutResult> {
    return this.#write(key, condition, signal, async (temporary) => {
      await using source = await open(localPath, 'r').catch((error: unknown) => {
        throw unreadableSource(key, localPath, error);
      });
      const found = await source.stat();
      if (!found.isFile()) throw unreadableSource(key, localPath, undefined);
      // A file with two names may be an object already, and the time of change of an object is its ETag.
      await (found.nlink === 1 ? linkOrCopy : copy)(localPath, temporary);
    });
  }

  fileOf(key: string): string {
    return this.#path(key);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const key of walkFiles(this.#root, prefix, signal)) {
      throwIfCancelled(signal);
      const info = await this.#look(key);
      if (info !== undefined) yield info;
    }
  }

  async delete(
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly failed: readonly { readonly key: string; readonly cause: string }[] }> {
    const paths = new Map(keys.map((key) => [key, this.#path(key)]));
    const failed: { key: string; cause: string }[] = [];
    const folders = new Set<string>();
    for (const [key, path] of paths) {
      throwIfCancelled(signal);
      await this.#locks.hold(key, async () => {
        try {
          await unlink(path);
          folders.add(dirname(path));
        } catch (error) {
          if (!isAbsent(error)) failed.push({ key, cause: messageOf(error) });
        }
      });
    }
    for (const folder of folders) await syncFolder(folder);
    return { failed };
  }

  /** Removes what crashed writes left behind more than a day ago. Happens once, before the first write. */
  async #sweepTemporaries(): Promise<void> {
    const folder = join(this.#root, TEMPORARY_SEGMENT);
    const names = await readdir(folder);
    for (const name of names) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && found.mtimeMs < this.#runtime.clock.now() - STALE_TEMPORARY_MS)
        await unlink(path).catch(() => undefined);
    }
  }

  async #write(
    key: string,
    condition: PutCondition,
    signal: AbortSignal | undefined,
    fill: (temporary: string) => Promise<void>,
  ): Promise<PutResult> {
    const path = this.#path(key);
    return this.#writes.use(() => this.#writeNow(key, path, condition, signal, fill));
  }

  async #writeNow(
    key: string,
    path: string,
    condition: PutCondition,
    signal: AbortSignal | undefined,
    fill: (temporary: string) => Promise<void>,
  ): Promise<PutResult> {
    throwIfCancelled(signal);
    const temporary = join(this.#root, TEMPORARY_SEGMENT, hex(this.#runtime.random.bytes(16)));
    try {
      await this.#folders.ensure(dirname(temporary));
      await (this.#swept ??= this.#sweepTemporaries());
      await this.#folders.ensure(dirname(path));
      await fill(temporary);
      const etag = await this.#finish(temporary);
      throwIfCancelled(signal);
      const shown = await this.#locks.hold(key, () => this.#show(key, temporary, path, condition));
      if (!shown) return { kind: 'lost-race' };
      await syncFolder(dirname(path));
      return { kind: 'written', etag };
    } catch (error) {
      // Somebody removed a folder: the next attempt makes it again.
      if (codeOf(error) === 'ENOENT') this.#folders.forget();
      throw localError(error, 'writing', path);
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
  }

  /** Gives the file a time of change no other write of ours has, so that the ETag changes with every write, and syncs it. */
  async #finish(temporary: string): Promise<ETag> {
    await using file = await open(temporary, 'r+');
    // Steps of two: the way through a double and back may cut off one microsecond.
    this.#lastStampMicros = Math.max(this.#lastStampMicros + 2, Math.trunc(this.#runtime.clock.now() * 1000));
    const seconds = this.#lastStampMicros / 1e6;
    await file.utimes(seconds, seconds);
    await file.sync();
    return infoOf('', await file.stat({ bigint: true })).etag;
  }

  /** The step that decides. False when the condition does not hold. */
  async #show(key: string, temporary: string, path: string, condition: PutCondition): Promise<boolean> {
    if (condition.kind === 'if-absent') {
      try {
        await link(temporary, path);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST' && !(await isFolder(path))) return false;
        throw error;
      }
    }
    if (condition.kind === 'if-match' && (await this.#look(key))?.etag !== condition.etag) return false;
    await rename(temporary, path);
    return true;
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** A second name of the same bytes; a copy on another file system, or on one without such names. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINK.has(codeOf(error) ?? '')) throw error;
    await copy(from, to);
  }
}

/** Cloned where the file system can, made by the kernel where it cannot; memory use does not depend on the size. */
const copy = (from: string, to: string): Promise<void> =>
  copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);

const unreadableSource = (key: string, localPath: string, cause: unknown): SluiceError =>
  new SluiceError('internal', `file to upload cannot be read: ${localPath}`, { context: { key, localPath }, cause });

const infoOf = (key: string, found: BigIntStats): ObjectInfo => ({
  key,
  size: found.size,
  etag: `${found.ino.toString(36)}-${found.mtimeNs.toString(36)}-${found.size.toString(36)}` as ETag,
  modifiedAt: Number(found.mtimeNs / 1_000_000n),
});
