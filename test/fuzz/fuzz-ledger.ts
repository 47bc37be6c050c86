/**
 * What was sent to a table and what the answers said of it: the truth the table is compared with at the end.
 * Accepted = exactly once. Refused = not there. No answer = whole or not at all, and never twice.
 */

export type Said = 'accepted' | 'refused' | 'nothing';

export interface Sent {
  /** For messages: seed and number of the request. */
  readonly name: string;
  /** Ids of its records. */
  readonly first: number;
  readonly count: number;
  said: Said;
  /** Status and body, for messages. */
  answer?: string;
}

export class FuzzLedger {
  readonly requests: Sent[] = [];

  get acceptedRecords(): number {
    return this.requests.reduce((sum, { said, count }) => sum + (said === 'accepted' ? count : 0), 0);
  }

  /** `ids`: every id in the table, as often as it is there. Empty: every answer was true. */
  violations(ids: readonly number[]): readonly string[] {
    const seen = new Map<number, number>();
    for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1);
    const found: string[] = [];
    for (const { name, first, count, said, answer } of this.requests) {
      let there = 0;
      for (let id = first; id < first + count; id += 1) {
        const times = seen.get(id) ?? 0;
        seen.delete(id);
        if (times > 0) there += 1;
        if (times > 1) found.push(`${name}: record ${id} is there ${times} times`);
      }
      const allowed = said === 'accepted' ? [count] : said === 'refused' ? [0] : [0, count];
      if (!allowed.includes(there))
        found.push(`${name}: ${said}, and ${there} of its ${count} records are there; ${answer ?? 'no answer'}`);
    }
    for (const id of seen.keys()) found.push(`record ${id} was never sent`);
    return found;
  }
}
