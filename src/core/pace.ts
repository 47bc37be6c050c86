/**
 * Long computations in steps, one step a turn of the event loop, so that they hold up nothing else. Owns whose step is next;
 * how large a step is, is the computation's affair.
 */
import type { Clock } from './runtime.ts';

export class Pace {
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The answer of the work. Its first step is taken at once; each further one in a turn of its own, shared with no other work of
   * this pace. Rejects with what the work throws.
   */
  async run<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      // In line behind all others: two large bodies take turns, they do not add up.
      this.#last = this.#last.then(() => this.#clock.sleep(0));
      await this.#last;
    }
  }
}
