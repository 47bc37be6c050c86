/** Structured background work: every loop has an owner, a name and an end. Owns no retry policy. */
import { SluiceError, isSluiceError } from './errors.ts';

export class TaskGroup {
  readonly #controller = new AbortController();
  readonly #running = new Map<symbol, { readonly name: string; readonly done: Promise<void> }>();
  readonly #onFailure: (name: string, error: unknown) => void;

  /** `onFailure` hears of every task that ends by an error other than kind `closed`. */
  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts a task; it must end soon after its signal aborts. */
  spawn(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    const key = Symbol(name);
    const done = task(this.#controller.signal)
      .catch((error: unknown) => {
        if (!(this.#controller.signal.aborted && isSluiceError(error, 'closed'))) this.#onFailure(name, error);
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, { name, done });
  }

  /** Aborts the signal and resolves when every task has ended. */
  async stop(): Promise<void> {
    this.#controller.abort(new SluiceError('closed', 'the task group is stopping'));
    await this.idle();
  }

  /** Resolves when every task has ended by itself. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((task) => task.done));
  }
}
