/** The truth: what producers sent, what they were told, and what somebody else took away. Owns no rule; `invariants.ts` compares it with the tables. */
import type { TableUuid } from '../../../src/core/ids.ts';
import type { SimLetter } from './records.ts';
import type { Committed, Position } from '../../../src/contracts/service-ports.ts';

export interface SentRequest {
  readonly id: number;
  readonly rows: readonly string[];
  readonly table: string;
  /** Sent under a channel or a key: it may be sent again, and is stored once. */
  readonly exact: 'channel' | 'key' | undefined;
  /** What the producer knows; `lost`: no answer came. */
  state: 'sent' | 'acknowledged' | 'refused';
  acknowledgedAt: number | undefined;
  /** Where the log put it, whether or not the producer heard of it. */
  stored:
    | { readonly position: Position; readonly table: TableUuid; readonly volume: string; readonly at: number }
    | undefined;
  /** Rows that fit no table. */
  bad: ReadonlySet<string>;
  /** Columns that its rows use, and that somebody may drop. */
  columns: readonly string[];
  /** Rows that became dead letters, when they were sent or late, and where the last such letter lies. */
  readonly letters: Map<string, { readonly position: Position; readonly table: TableUuid; readonly at: number }>;
  /** The life that owes the producer word of the commit. */
  awaits: string | undefined;
  committed: Committed | undefined;
  /** The log that held it is gone: only the table has it. */
  unlogged: boolean;
  /** Its table was dropped while only the log held it: its records become dead letters. */
  buriable: boolean;
  /** Why it need not be in the table any more: at most once is all that is asked of it. */
  excused: string | undefined;
}

export class Ledger {
  readonly requests: SentRequest[] = [];
  /** Every dead letter that reached a log, by its id. */
  readonly letters = new Map<string, SimLetter>();
  /** Ids of those of which a mark reached a log. */
  readonly marks = new Set<string>();
  /** Rows that the column engine does not survive, or refuses to write. */
  readonly poison = new Map<string, 'kills' | 'fails'>();

  sent(table: string, rows: (id: number) => readonly string[], exact?: 'channel' | 'key'): SentRequest {
    const id = this.requests.length;
    const request: SentRequest = {
      id,
      rows: rows(id),
      table,
      exact,
      state: 'sent',
      acknowledgedAt: undefined,
      stored: undefined,
      bad: new Set(),
      columns: [],
      letters: new Map(),
      awaits: undefined,
      committed: undefined,
      unlogged: false,
      buriable: false,
      excused: undefined,
    };
    this.requests.push(request);
    return request;
  }

  /** Nothing is left of what was stored of it, and its producer sends it once more. */
  forget(request: SentRequest): void {
    request.stored = undefined;
    request.excused = undefined;
    request.buriable = false;
    request.unlogged = false;
    request.state = 'sent';
  }

  excuse(requests: Iterable<number>, why: string): void {
    for (const id of requests) {
      const request = this.requests[id];
      if (request !== undefined) request.excused ??= why;
    }
  }
}
