/** Query parameters as values: each is known, given once, and valid; everything else is a 400 that names it. */
import { ProblemError } from './problems.ts';

type Raw = Readonly<Record<string, string | readonly string[] | undefined>>;

export class QueryParameters {
  readonly #raw: Raw;

  /** Refuses parameters outside `known`: a misspelt one would otherwise be ignored in silence. */
  constructor(raw: unknown, known: readonly string[]) {
    this.#raw = raw as Raw;
    for (const [name, value] of Object.entries(this.#raw)) {
      if (!known.includes(name))
        throw refused(
          name,
          known.length === 0 ? 'is not known; none is' : `is not known; known are ${known.join(', ')}`,
        );
      if (typeof value !== 'string') throw refused(name, 'is given more than once');
    }
  }

  word<const T extends string>(name: string, words: readonly T[], fallback: T): T {
    const given = this.#raw[name];
    if (given === undefined) return fallback;
    const word = words.find((candidate) => candidate === given);
    if (word === undefined) throw refused(name, `is none of ${words.join(', ')}`);
    return word;
  }

  /** Undefined when it is not given. */
  choice<const T extends string>(name: string, words: readonly T[]): T | undefined {
    return this.#raw[name] === undefined ? undefined : this.word(name, words, words[0] as T);
  }

  /** Any text but an empty one. */
  text(name: string): string | undefined {
    const given = this.#raw[name];
    if (given === '') throw refused(name, 'is empty');
    return given === undefined ? undefined : String(given);
  }

  flag(name: string): boolean {
    return this.word(name, ['true', 'false'], 'false') === 'true';
  }

  /** A whole number from 1 to `max`. */
  count(name: string, fallback: number, max: number): number {
    const given = this.#raw[name];
    if (given === undefined) return fallback;
    const count = /^\d{1,9}$/.test(String(given)) ? Number(given) : 0;
    if (count < 1 || count > max) throw refused(name, `is not a number from 1 to ${max}`);
    return count;
  }

  /** Milliseconds of `500ms`, `15s`, `2m`; a bare number is refused, its unit would be a guess. */
  duration(name: string, fallbackMs: number, maxMs: number): number {
    const given = this.#raw[name];
    if (given === undefined) return Math.min(fallbackMs, maxMs);
    const match = /^(\d{1,9})(ms|s|m)$/.exec(String(given));
    if (match === null) throw refused(name, 'is not a duration such as 500ms, 15s or 2m');
    const ms = Number(match[1]) * (match[2] === 'ms' ? 1 : match[2] === 's' ? 1000 : 60_000);
    if (ms > maxMs) throw refused(name, `is more than the ${maxMs / 1000}s this service allows`);
    return ms;
  }
}

const refused = (name: string, why: string): ProblemError =>
  new ProblemError('invalid-request', `query parameter "${name}" ${why}`, { extras: { parameter: name } });
