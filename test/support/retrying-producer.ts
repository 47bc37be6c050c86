/**
 * A client as the documentation asks for: keeps its connections, sends again after a refused connection or a 503, and after an outcome
 * that it did not learn. Owns its requests in flight and what they came to; one record a request.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProducerTally {
  /** Ids whose request ended with a 2xx. */
  readonly acknowledged: Set<number>;
  /** Ids that were sent again although the first request may have been stored. */
  readonly unknown: Set<number>;
  /** Answers that no retry mends, with their status: a client would notice them. */
  readonly noticed: string[];
  readonly refusals: { connection: number; unavailable: number };
  /** Longest time between one 2xx and the next, over all clients together, in milliseconds. */
  longestGapMs: number;
}

const RETRY_MS = 10;

/** Runs `clients` of them until the signal aborts; resolves when each has its last record acknowledged. */
export async function produceWithRetries(
  url: string,
  table: string,
  clients: number,
  signal: AbortSignal,
): Promise<ProducerTally> {
  const tally: ProducerTally = {
    acknowledged: new Set(),
    unknown: new Set(),
    noticed: [],
    refusals: { connection: 0, unavailable: 0 },
    longestGapMs: 0,
  };
  const agent = new Agent({ keepAlive: true });
  let nextId = 1;
  let last = performance.now();
  const client = async (): Promise<void> => {
    while (!signal.aborted) {
      const id = nextId++;
      while (!tally.acknowledged.has(id) && tally.noticed.length === 0) {
        const outcome = await send(agent, `${url}/api/v1/tables/${table}/records`, `{"id":${id}}`);
        if (outcome === 202) {
          const now = performance.now();
          tally.longestGapMs = Math.max(tally.longestGapMs, now - last);
          last = now;
          tally.acknowledged.add(id);
          continue;
        }
        if (outcome === 503) tally.refusals.unavailable += 1;
        else if (outcome === 'ECONNREFUSED') tally.refusals.connection += 1;
        else if (typeof outcome === 'string') tally.unknown.add(id);
        else tally.noticed.push(`record ${id}: status ${outcome}`);
        await sleep(RETRY_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return tally;
}

/** The status, or the code of the error that came instead of an answer. */
function send(agent: Agent, url: string, body: string): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/x-ndjson' } },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => resolve('answer lost'));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'no code'));
    sent.end(body);
  });
}
