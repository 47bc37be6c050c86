/** Waiting that a signal can end. Owns no timer. */
import { SluiceError } from './errors.ts';

/** As the work ends, or rejects with kind `closed` when the signal aborts first; the work goes on unheard. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new SluiceError('closed', 'stopped waiting'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
