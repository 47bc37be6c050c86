/** A condition variable: waiters wake at the next raise. Owns no state of its own; whoever wakes looks again. */
import { SluiceError } from '../core/errors.ts';

export class Signal {
  readonly #waiters = new Set<() => void>();

  raise(): void {
    for (const wake of this.#waiters) wake();
  }

  /** Resolves at the next `raise`; rejects with kind `closed` when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiters.delete(done);
        reject(new SluiceError('closed', 'wait was cancelled'));
      };
      if (signal.aborted) {
        abort();
        return;
      }
      this.#waiters.add(done);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
