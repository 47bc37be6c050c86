/**
 * Tells when the text of a file has changed and come to rest. A hint of the file system wakes it at once; where there are none (network
 * file systems, a ConfigMap behind a changed link) it looks by itself. Owns when; what a change means is the caller's.
 */
import { isSluiceError } from '../core/errors.ts';
import type { CliIo } from './deps.ts';

/** Without a hint, a change is seen within this time. */
const POLL_MS = 2_000;
/** A file that was still changing this long ago may be half written. */
const REST_MS = 250;

/** Calls `onChange` after each change; one that was taken back meanwhile is none. Resolves when `signal` aborts. */
export async function watchFile(
  io: Pick<CliIo, 'readFile' | 'onFolderChange' | 'clock'>,
  path: string,
  onChange: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let wake = new AbortController();
  const unwatch = hints(io, path, () => wake.abort());
  let known = textOf(io, path);
  try {
    while (!signal.aborted) {
      await pause(io, POLL_MS, AbortSignal.any([signal, wake.signal]));
      wake = new AbortController();
      let text = textOf(io, path);
      if (text === known) continue;
      for (let before: string | undefined; before !== text && !signal.aborted;) {
        before = text;
        await pause(io, REST_MS, signal);
        text = textOf(io, path);
      }
      // A file that is gone is about to be replaced, or says nothing that could be applied.
      if (signal.aborted || text === known || text === undefined) continue;
      known = text;
      await onChange();
    }
  } finally {
    unwatch();
  }
}

function hints(io: Pick<CliIo, 'onFolderChange'>, path: string, handler: () => void): () => void {
  try {
    return io.onFolderChange(path, handler);
  } catch {
    return () => undefined;
  }
}

function textOf(io: Pick<CliIo, 'readFile'>, path: string): string | undefined {
  try {
    return io.readFile(path);
  } catch {
    return undefined;
  }
}

async function pause({ clock }: Pick<CliIo, 'clock'>, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!isSluiceError(error, 'closed')) throw error;
  }
}
