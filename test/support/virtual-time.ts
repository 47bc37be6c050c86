/** A clock on which waits end in the order of their times and none of them takes any: days pass in milliseconds. */
import { SluiceError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/runtime.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Turns of the event loop that whoever woke up may take before the next one does. */
const TURNS = 20;

export class VirtualTime {
  #now: number;
  #sleepers: readonly Sleeper[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  readonly clock: Clock = {
    now: () => this.#now,
    monotonic: () => this.#now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const cancelled = (): void => reject(new SluiceError('closed', 'wait was cancelled'));
        if (signal?.aborted === true) {
          cancelled();
          return;
        }
        const sleeper: Sleeper = { at: this.#now + Math.max(0, ms), wake: resolve };
        this.#sleepers = [...this.#sleepers, sleeper];
        signal?.addEventListener(
          'abort',
          () => {
            this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
            cancelled();
          },
          { once: true },
        );
      }),
  };

  /** Lets everything happen up to a time. */
  async to(end: number): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
      const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = Math.max(this.#now, end);
  }
}
