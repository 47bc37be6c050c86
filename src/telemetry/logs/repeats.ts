/**
 * Which of many like lines are said: the first at once, then one summary a window with how many were held back. Pure: time is an
 * argument. Owns no lines beyond what a summary needs, and a bound on how many kinds it remembers.
 */

export interface Summary<T> {
  /** The last line held back. */
  readonly last: T;
  readonly count: number;
}

interface Held<T> {
  windowEnds: number;
  count: number;
  last: T;
}

export class Repeats<T> {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #held = new Map<string, Held<T>>();

  /** Past `maxKeys` kinds of lines within a window the further ones are said each time. */
  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** True: say it. False: it will be counted in a summary. */
  admit(key: string, line: T, now: number): boolean {
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.count += 1;
      held.last = line;
      return false;
    }
    if (this.#held.size < this.#maxKeys)
      this.#held.set(key, { windowEnds: now + this.#windowMs, count: 0, last: line });
    return true;
  }

  /** Summaries of the windows that have ended. What was quiet for a whole window is forgotten, and said at once the next time. */
  due(now: number): readonly Summary<T>[] {
    const summaries: Summary<T>[] = [];
    for (const [key, held] of this.#held) {
      if (held.windowEnds > now) continue;
      if (held.count === 0) {
        this.#held.delete(key);
        continue;
      }
      summaries.push({ last: held.last, count: held.count });
      held.count = 0;
      held.windowEnds = now + this.#windowMs;
    }
    return summaries;
  }
}
