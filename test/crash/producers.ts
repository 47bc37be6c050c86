/** Seeded random load over several tables until told to stop. Owns requests in flight; every answer goes to the ledger. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../bench/events.ts';
import type { Ledger } from './ledger.ts';

export interface ProducerPlan {
  readonly tables: readonly string[];
  readonly producers: number;
  readonly maxRecords: number;
  readonly maxTextBytes: number;
}

/** Sends until the signal aborts; resolves when nothing is in flight. Connection errors end a request as "not acknowledged". */
export async function produce(
  url: string,
  plan: ProducerPlan,
  ledger: Ledger,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const one = async (number: number): Promise<void> => {
    const next = seeded(seed * 1000 + number);
    while (!signal.aborted) {
      const table = plan.tables[next() % plan.tables.length] ?? '';
      // One request in five has records that become dead letters; some have nothing else.
      const share = next() % 5 === 0 ? 1 + (next() % 4) : 0;
      const sent = ledger.open(table, 1 + (next() % plan.maxRecords), () => share > 0 && next() % 4 < share);
      const lines: string[] = [];
      for (let id = sent.first; id < sent.first + sent.count; id += 1)
        lines.push(
          `{"id":${id},${sent.bad.has(id) ? '"never":1,' : ''}"day":"2026-11-${String(1 + (next() % 28)).padStart(2, '0')}","text":"${'x'.repeat(next() % plan.maxTextBytes)}"}\n`,
        );
      const query = new URLSearchParams({
        ...(next() % 20 === 0 ? { ack: 'committed', timeout: '5s' } : {}),
        ...(sent.bad.size > 0 ? { on_error: 'dead_letter' } : {}),
      });
      const status = await post(agent, `${url}/api/v1/tables/${table}/records?${query.toString()}`, lines.join(''));
      sent.acknowledged = status === 200 || status === 202;
      if (!sent.acknowledged) await sleep(20);
    }
  };
  await Promise.all(Array.from({ length: plan.producers }, (_, number) => one(number)));
  agent.destroy();
}

/** The status, or 0 when no answer came. */
function post(agent: Agent, url: string, body: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/x-ndjson' } },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => resolve(0));
      },
    );
    sent.on('error', () => resolve(0));
    sent.setTimeout(20_000, () => sent.destroy());
    sent.end(body);
  });
}
