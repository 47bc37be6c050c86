/**
 * Producers that send again until they hear that it is stored, over all lives of a campaign: one by a channel, one by keys. Owns what they
 * were told; a record that is there twice is found by the ledger, what a daemon forgot is said here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../bench/events.ts';
import type { Ledger, SentRequest } from './ledger.ts';

const PAUSE_MS = 20;
const PATIENCE_MS = 10_000;

export interface ExactProducer {
  readonly violations: string[];
  /** Sends until the signal aborts. */
  run(url: string, signal: AbortSignal): Promise<void>;
}

/** Of every table one with a channel and one with keys. */
export const exactProducers = (tables: readonly string[], ledger: Ledger, seed: number): readonly ExactProducer[] =>
  tables.flatMap((table, index) => [
    new ChannelSender(table, ledger, seed + index * 2),
    new KeySender(table, ledger, seed + index * 2 + 1),
  ]);

interface Told {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Status 0 when no answer came. */
async function ask(method: string, url: string, body?: string, headers: Record<string, string> = {}): Promise<Told> {
  try {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  } catch {
    return { status: 0, body: {} };
  }
}

/** One request in three has records that become dead letters; some have nothing else. */
function requestFor(table: string, ledger: Ledger, next: () => number): SentRequest {
  const share = next() % 3 === 0 ? 1 + (next() % 4) : 0;
  return ledger.open(table, 1 + (next() % 20), () => share > 0 && next() % 4 < share);
}

const linesOf = ({ first, count, bad }: SentRequest): string =>
  Array.from({ length: count }, (_, index) => {
    const never = bad.has(first + index) ? '"never":1,' : '';
    return `{"id":${first + index},${never}"day":"2026-11-01","text":"exact"}\n`;
  }).join('');

class ChannelSender implements ExactProducer {
  readonly violations: string[] = [];
  readonly #table: string;
  readonly #ledger: Ledger;
  readonly #next: () => number;
  /** With their offsets, in order. */
  readonly #requests: { readonly request: SentRequest; readonly offset: number }[] = [];

  constructor(table: string, ledger: Ledger, seed: number) {
    this.#table = table;
    this.#ledger = ledger;
    this.#next = seeded(seed);
  }

  async run(url: string, signal: AbortSignal): Promise<void> {
    let epoch: string | undefined;
    let expected = 0;
    while (!signal.aborted) {
      if (epoch === undefined) {
        const opened = await ask('PUT', `${url}/api/v1/tables/${this.#table}/channels/crash`);
        if (opened.status === 200) {
          epoch = String(opened.body['epoch']);
          expected = Number(opened.body['expected_offset']);
          this.#settle(expected);
        } else await sleep(PAUSE_MS);
        continue;
      }
      const { request, offset } = this.#at(expected);
      const path = `${url}/api/v1/tables/${this.#table}/records?on_error=dead_letter&channel=crash&epoch=${epoch}&offset=${offset}`;
      // On two connections at times: one of them is a duplicate.
      const twice = this.#next() % 4 === 0;
      const answers = await Promise.all(
        (twice ? [path, path] : [path]).map((each) => ask('POST', each, linesOf(request))),
      );
      if (answers.some(({ status }) => status === 200 || status === 202)) {
        request.acknowledged = true;
        expected = offset + request.count;
      } else {
        await sleep(PAUSE_MS);
        epoch = undefined;
      }
    }
  }

  #at(offset: number) {
    const known = this.#requests.find((each) => each.offset === offset);
    if (known !== undefined) return known;
    const made = { request: requestFor(this.#table, this.#ledger, this.#next), offset };
    this.#requests.push(made);
    return made;
  }

  /** Everything below is stored, and nothing that was acknowledged is above. */
  #settle(expected: number): void {
    for (const { request, offset } of this.#requests) {
      const stored = offset + request.count <= expected;
      if (!stored && request.acknowledged)
        this.violations.push(`${this.#table}: the channel expects ${expected}, ${offset} was acknowledged`);
      if (!stored && offset < expected)
        this.violations.push(`${this.#table}: the channel expects ${expected}, in the midst of a request`);
      request.acknowledged ||= stored;
    }
  }
}

class KeySender implements ExactProducer {
  readonly violations: string[] = [];
  readonly #table: string;
  readonly #ledger: Ledger;
  readonly #next: () => number;
  #doubtful: SentRequest | undefined;
  readonly #answers = new Map<SentRequest, string>();

  constructor(table: string, ledger: Ledger, seed: number) {
    this.#table = table;
    this.#ledger = ledger;
    this.#next = seeded(seed);
  }

  async run(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const old = this.#next() % 5 === 0 ? [...this.#answers.keys()].at(-1 - (this.#next() % 20)) : undefined;
      const request = old ?? (this.#doubtful ??= requestFor(this.#table, this.#ledger, this.#next));
      const path = `${url}/api/v1/tables/${this.#table}/records?on_error=dead_letter`;
      const { status, body } = await ask('POST', path, linesOf(request), {
        'idempotency-key': `"${this.#table}-${request.first}"`,
      });
      if (status !== 200 && status !== 202) {
        await sleep(PAUSE_MS);
        continue;
      }
      const answer = `${String(body['accepted'])} accepted, ${String(body['rejected'])} rejected, ${String(body['position'])}`;
      const known = this.#answers.get(request);
      if (known !== undefined && known !== answer)
        this.violations.push(`${this.#table}: one key, two answers: ${known}; ${answer}`);
      if (Number(body['rejected']) !== request.bad.size)
        this.violations.push(`${this.#table}: ${request.bad.size} records were bad, the answer is ${answer}`);
      this.#answers.set(request, answer);
      request.acknowledged = true;
      if (request === this.#doubtful) this.#doubtful = undefined;
    }
  }
}
