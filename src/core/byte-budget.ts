/** A bound in bytes shared by many takers (promise P4). Never blocks: a refusal is a value, and the source waits or is told to. */

export class ByteBudget {
  readonly limit: number;
  #used = 0;
  readonly #waiters: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** False, and nothing taken, when `bytes` do not fit. A single taking larger than the limit fits only an empty budget. */
  tryTake(bytes: number): boolean {
    if (this.#used > 0 && this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used = Math.max(0, this.#used - bytes);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Resolves at the next `give`. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}
