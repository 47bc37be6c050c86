/**
 * Before a producer is heard for the first time in a life of the daemon (protocol §6): a commit of this life is in the table, on a base that
 * stood where this life found it. The log may be lost, or an older copy of itself, while an earlier life's commit is still under way: nothing
 * that this life can read tells of it, and what producers stand for then would be let in twice. Owns that this is settled once, and that
 * nobody waits for it for ever; how a table is fenced, and what producers learn when it had moved, is the caller's.
 */
import { SluiceError } from '../../core/errors.ts';
import type { Clock } from '../../core/runtime.ts';

export interface Hearing {
  readonly clock: Clock;
  /** An empty commit, behind which nothing older can land. False: the table had been moved; it begins again from where it stands. */
  readonly fence: (signal: AbortSignal) => Promise<boolean>;
  /** Nothing will be committed: waiting is of no use. */
  readonly stopped: () => boolean;
}

const PATIENCE_MS = 10_000;

export class FirstHearing {
  readonly #hearing: Hearing;
  #begun = false;
  #under: Promise<void> | undefined;

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** A commit of this life is in. */
  begin(): void {
    this.#begun = true;
  }

  /**
   * Undefined when there is nothing to wait for. Rejects with kind `closed` when the signal aborts, with `unavailable` after ten seconds:
   * the commit goes on, and whoever asks again waits for the same one.
   */
  ready(signal: AbortSignal): Promise<void> | undefined {
    if (this.#begun || this.#hearing.stopped()) return undefined;
    this.#under ??= this.#settle(signal).finally(() => (this.#under = undefined));
    return this.#patiently(this.#under, signal);
  }

  async #settle(signal: AbortSignal): Promise<void> {
    while (!this.#begun && !this.#hearing.stopped()) await this.#hearing.fence(signal);
  }

  async #patiently(work: Promise<void>, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const patience = this.#hearing.clock.sleep(PATIENCE_MS, AbortSignal.any([signal, done.signal])).then(() => {
      throw new SluiceError(
        'unavailable',
        'the first commit since the start, behind which producers are heard, is not in yet',
      );
    });
    patience.catch(() => undefined);
    await Promise.race([work, patience]).finally(() => done.abort());
  }
}
