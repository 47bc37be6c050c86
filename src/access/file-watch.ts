/**
 * Notices that files changed, by asking for their times and sizes: works on every file system, on replaced files and on mounted secrets whose links are
 * swapped, where notifications do not. Owns the asking; reading is the caller's.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../core/runtime.ts';

const EVERY_MS = 1_000;

/** Calls `onChange` after each difference, until the signal aborts. `first` is what was there when the caller read the files. */
export async function watchFiles(
  paths: readonly string[],
  clock: Clock,
  first: string,
  onChange: () => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  let known = first;
  for (;;) {
    await clock.sleep(EVERY_MS, signal);
    const seen = await stampOf(paths);
    if (seen === known) continue;
    known = seen;
    await onChange();
  }
}

/** Equal as long as no file is written, replaced, added or removed. Taken before reading: a change in between is seen again. */
export async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map((path) =>
      stat(path, { bigint: true }).then(
        ({ mtimeNs, ctimeNs, size, ino }) => `${mtimeNs}/${ctimeNs}/${size}/${ino}`,
        () => 'absent',
      ),
    ),
  );
  return stamps.join(' ');
}
