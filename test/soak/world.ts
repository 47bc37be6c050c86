/** What all actors of a soak share: the daemon's address, the books, and one way to ask. Owns the counts of answers and what broke a promise. */
import { Ledger, type SentRequest } from '../crash/ledger.ts';

export interface Answer {
  /** 0 when no answer came. */
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Ask {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than any request of a soak may take. */
const PATIENCE_MS = 60_000;

export const NDJSON = { 'content-type': 'application/x-ndjson' };
export const JSON_BODY = { 'content-type': 'application/json' };

export class World {
  readonly ledger = new Ledger();
  readonly violations: string[] = [];
  /** Answers by status. */
  readonly statuses = new Map<number, number>();
  readonly url: string;
  /** The tables that take load all the time. */
  readonly tables: readonly string[];
  /** Aborts when the load is over. */
  readonly over: AbortSignal;

  constructor(url: string, tables: readonly string[], over: AbortSignal) {
    this.url = url;
    this.tables = tables;
    this.over = over;
  }

  async ask(path: string, { method = 'GET', body, headers }: Ask = {}): Promise<Answer> {
    try {
      const answer = await fetch(`${this.url}${path}`, {
        method,
        ...(headers === undefined ? {} : { headers }),
        ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await answer.text();
      this.#count(answer.status, `${method} ${path}`, text);
      return { status: answer.status, json: text.startsWith('{') ? (JSON.parse(text) as Answer['json']) : {} };
    } catch (error) {
      this.#count(0, `${method} ${path}`, String(error));
      return { status: 0, json: {} };
    }
  }

  /** Asks, and says what it is when the answer has another status. 503 is a daemon that is full, which is no fault. */
  async expect(statuses: readonly number[], path: string, ask: Ask = {}): Promise<Answer> {
    const answer = await this.ask(path, ask);
    if (answer.status !== 503 && !statuses.includes(answer.status))
      this.violations.push(
        `${ask.method ?? 'GET'} ${path}: ${answer.status}, not ${statuses.join(' or ')}: ${JSON.stringify(answer.json).slice(0, 300)}`,
      );
    return answer;
  }

  /** Records of the request as NDJSON. Bad ones have a field that no table has. */
  lines({ first, count, bad }: SentRequest, textBytes: number): string {
    return Array.from({ length: count }, (_, index) => {
      const id = first + index;
      const text = `${id} `.repeat(Math.ceil(textBytes / 8)).slice(0, textBytes);
      return `{"id":${id},${bad.has(id) ? '"never":1,' : ''}"day":"2026-11-0${1 + (id % 3)}","text":"${text}"}\n`;
    }).join('');
  }

  /** Sends records of the request; an acknowledgement is written into the books. */
  async send(
    sent: SentRequest,
    query: string,
    body: string | Uint8Array,
    headers: Ask['headers'] = {},
  ): Promise<Answer> {
    const path = `/api/v1/tables/${sent.table}/records${query}`;
    const answer = await this.expect([200, 202], path, { method: 'POST', body, headers: { ...NDJSON, ...headers } });
    if (answer.status === 200 || answer.status === 202) sent.acknowledged = true;
    return answer;
  }

  #count(status: number, what: string, text: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (status === 0 || (status >= 500 && status !== 503))
      this.violations.push(`${what}: ${status === 0 ? 'no answer' : status}: ${text.slice(0, 300)}`);
  }
}
