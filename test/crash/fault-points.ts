/**
 * Where a daemon can be struck between two I/O steps: the system calls of append (write, fdatasync), checkpoint (open, write), upload and
 * metadata (link, rename, fsync), the catalog's swap (pwrite64, fdatasync) and trim (unlink, rename). Owns the list and the draw.
 */
import type { Fault } from '../support/daemon/daemon.ts';

const CALLS = ['fdatasync', 'fsync', 'link', 'rename', 'unlink', 'pwrite64', 'writev', 'write', 'openat', 'ftruncate'];

/** Kills at the n-th such call of a thread; two lives in five are killed by the clock instead. */
export function drawFault(random: () => number): Fault | undefined {
  if (random() % 5 < 2) return undefined;
  const call = CALLS[random() % CALLS.length] ?? 'fdatasync';
  // Opening files happens hundreds of times before the daemon is ready; a sync a few times a second.
  const spread = call === 'openat' || call === 'write' ? 1_500 : 60;
  return `${call}:signal=KILL:when=${1 + (random() % spread)}`;
}
