/** One holder at a time for each key, in order of asking. Owns no objects. */

export class KeyLocks {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `task` when every earlier task of the key has ended; its result or rejection is the answer. */
  async hold<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(task);
    const tail = turn.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
