/** Tells an observer how long the log's writes and syncs take. Owns timing; what the observer makes of it is its affair. */
import type { Disk, DiskFile } from '../contracts/disk.ts';
import type { Clock } from '../core/runtime.ts';

/** Failed steps are told too: a disk that hangs before it fails is a slow disk. */
export type DiskObserver = (step: 'append' | 'sync', seconds: number, bytes: number) => void;

export function meteredDisk(inner: Disk, observer: DiskObserver, clock: Clock): Disk {
  const timed = async (step: 'append' | 'sync', bytes: number, work: () => Promise<void>): Promise<void> => {
    const started = clock.monotonic();
    try {
      await work();
    } finally {
      observer(step, (clock.monotonic() - started) / 1000, bytes);
    }
  };
  const meteredFile = (file: DiskFile): DiskFile => ({
    append: (chunks) =>
      timed(
        'append',
        chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
        () => file.append(chunks),
      ),
    sync: () => timed('sync', 0, () => file.sync()),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  });
  return {
    makeDirectory: (path) => inner.makeDirectory(path),
    list: (path) => inner.list(path),
    read: (path, start, end) => inner.read(path, start, end),
    size: (path) => inner.size(path),
    open: async (path, mode) => meteredFile(await inner.open(path, mode)),
    rewrite: (path, start, end) => inner.rewrite(path, start, end),
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
    syncDirectory: (path) => inner.syncDirectory(path),
    free: (path) => inner.free(path),
  };
}
