/**
 * What a foreign engine's statement came to on a table that others change all the time. Owns which errors are lost races; a lost race is
 * no fault, anything else that an engine says is.
 */

/** Certainly not in the table. */
const LOST = /CommitFailed|ValidationException|Cannot commit/;
/** The engine does not know, or gave up waiting for the catalog's file. */
const DOUBTFUL = /CommitStateUnknown|database is locked|SQLITE_BUSY/;

/** What was tried came to nothing because somebody else was first, as only whoever tried can tell. */
export class LostRace extends Error {}

export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'lost' | 'doubtful' | 'failed'; readonly why: string };

export class Attempts {
  /** By what was tried and what came of it. */
  readonly counts = new Map<string, number>();

  async of<T>(what: string, work: () => Promise<T>): Promise<Attempt<T>> {
    const attempt = await tried(work);
    const key = `${what} ${attempt.kind}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    return attempt;
  }

  count(what: string, kind: Attempt<unknown>['kind']): number {
    return this.counts.get(`${what} ${kind}`) ?? 0;
  }
}

async function tried<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    const why = String(error);
    if (error instanceof LostRace) return { kind: 'lost', why };
    return { kind: LOST.test(why) ? 'lost' : DOUBTFUL.test(why) ? 'doubtful' : 'failed', why };
  }
}
