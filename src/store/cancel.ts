/** Cancellation as the stores understand it: kind `closed`, before anything is begun. */
import { SluiceError } from '../core/errors.ts';

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal.reason);
}

export const cancelled = (cause: unknown): SluiceError =>
  new SluiceError('closed', 'store operation was cancelled', { cause });
