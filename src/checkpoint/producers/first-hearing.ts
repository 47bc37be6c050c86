/**
 * Before a producer is heard for the first time on a table that holds no progress and of which the log holds nothing (protocol §6). The log
 * of an earlier life may be lost while that life's first commit is still under way: no lane in the table tells of it. Owns that this is
 * settled once; how a table is fenced and what producers learn is the caller's.
 */

export interface Hearing {
  /** An empty commit, behind which nothing older can land. False: the table had been moved; it begins again from where it stands. */
  readonly fence: (signal: AbortSignal) => Promise<boolean>;
  /** Takes up what the table says of its producers, as of the fence. */
  readonly learn: (signal: AbortSignal) => Promise<void>;
  /** Nothing will be committed: waiting is of no use. */
  readonly stopped: () => boolean;
}

export class FirstHearing {
  readonly #hearing: Hearing;
  #needed = false;
  #under: Promise<void> | undefined;

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
  }

  /** To be called once, as the table is taken up. */
  begin(needed: boolean): void {
    this.#needed = needed;
  }

  /** Undefined when there is nothing to wait for. Rejects with kind `closed` when the signal aborts. */
  ready(signal: AbortSignal): Promise<void> | undefined {
    if (!this.#needed || this.#hearing.stopped()) return undefined;
    this.#under ??= this.#settle(signal).finally(() => (this.#under = undefined));
    return this.#under;
  }

  async #settle(signal: AbortSignal): Promise<void> {
    while (!(await this.#hearing.fence(signal))) if (this.#hearing.stopped()) return;
    await this.#hearing.learn(signal);
    this.#needed = false;
  }
}
