/**
 * The load generator, a process of its own: `node load-generator.ts '<json job>'`; prints one JSON line of results.
 * Owns sending and timing; knows nothing of the service but its HTTP API. Bounded by its job's count or seconds.
 */
import { open } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventLine, seeded } from './events.ts';

export interface BulkJob {
  readonly kind: 'bulk';
  readonly url: string;
  readonly file: string;
  readonly batchBytes: number;
  readonly connections: number;
}

export interface PacedJob {
  readonly kind: 'paced';
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly recordsPerRequest: number;
  readonly seconds: number;
  /** Every n-th request asks for `ack=committed`: its latency is freshness as a producer sees it. */
  readonly committedEvery: number;
  readonly seed: number;
}

export interface LoadResult {
  readonly records: number;
  readonly seconds: number;
  readonly retries: number;
  readonly ackMs: readonly number[];
  readonly freshMs: readonly number[];
  readonly lastPosition: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 512 });

function post(url: string, body: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/x-ndjson', 'content-length': body.byteLength } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function bulk(job: BulkJob): Promise<LoadResult> {
  const file = await open(job.file);
  let rest = Buffer.alloc(0);
  let ended = false;
  // Batches end at a line end; readers take turns so that the file is read once, in order.
  let turn = Promise.resolve<Buffer | undefined>(undefined);
  const nextBatch = (): Promise<Buffer | undefined> => {
    turn = turn.then(async () => {
      if (ended && rest.length === 0) return undefined;
      const read = Buffer.allocUnsafe(job.batchBytes);
      const { bytesRead } = await file.read(read, 0, read.length);
      ended = bytesRead === 0;
      const all = Buffer.concat([rest, read.subarray(0, bytesRead)]);
      const end = ended ? all.length : all.lastIndexOf(0x0a) + 1;
      rest = all.subarray(end);
      return all.subarray(0, end);
    });
    return turn;
  };
  const ackMs: number[] = [];
  let records = 0;
  let retries = 0;
  let lastPosition: string | undefined;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    for (let batch = await nextBatch(); batch !== undefined; batch = await nextBatch()) {
      if (batch.length === 0) continue;
      for (;;) {
        const at = performance.now();
        const answer = await post(job.url, batch);
        if (answer.status === 503) {
          retries += 1;
          await sleep(100);
          continue;
        }
        if (answer.status !== 202) throw new Error(`status ${answer.status}: ${answer.body.slice(0, 500)}`);
        ackMs.push(performance.now() - at);
        const { accepted, position } = JSON.parse(answer.body) as { accepted: number; position: string };
        records += accepted;
        lastPosition = position;
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: job.connections }, worker));
  await file.close();
  return { records, seconds: (performance.now() - started) / 1000, retries, ackMs, freshMs: [], lastPosition };
}

async function paced(job: PacedJob): Promise<LoadResult> {
  const next = seeded(job.seed);
  const bodies = Array.from({ length: 256 }, (_, index) =>
    Buffer.from(
      Array.from(
        { length: job.recordsPerRequest },
        (_unused, line) => `${eventLine(next, index * 1000 + line)}\n`,
      ).join(''),
    ),
  );
  const total = job.requestsPerSecond * job.seconds;
  const ackMs: number[] = [];
  const freshMs: number[] = [];
  const pending: Promise<void>[] = [];
  let retries = 0;
  const send = async (index: number, due: number): Promise<void> => {
    const committed = index % job.committedEvery === 0;
    const answer = await post(
      committed ? `${job.url}?ack=committed&timeout=30s` : job.url,
      bodies[index % bodies.length] as Buffer,
    );
    if (answer.status === 503) retries += 1;
    else if (answer.status !== (committed ? 200 : 202))
      throw new Error(`status ${answer.status}: ${answer.body.slice(0, 500)}`);
    // Open loop: counted from when the request was due, so that a stall is not hidden.
    (committed ? freshMs : ackMs).push(performance.now() - due);
  };
  const started = performance.now();
  for (let index = 0; index < total; index += 1) {
    const due = started + (index * 1000) / job.requestsPerSecond;
    const ahead = due - performance.now();
    if (ahead > 1) await sleep(ahead);
    pending.push(send(index, due));
  }
  await Promise.all(pending);
  const seconds = (performance.now() - started) / 1000;
  return { records: total * job.recordsPerRequest, seconds, retries, ackMs, freshMs, lastPosition: undefined };
}

const job = JSON.parse(process.argv[2] ?? '') as BulkJob | PacedJob;
const result = await (job.kind === 'bulk' ? bulk(job) : paced(job));
process.stdout.write(`${JSON.stringify(result)}\n`);
agent.destroy();
