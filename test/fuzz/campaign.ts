/**
 * Random requests against the real daemon, several at once, and the books they must agree with at the end. Owns the run and its
 * verdicts; what is sent is `fuzz-request.ts`.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { fileURLToPath } from 'node:url';
import { peakBytes } from '../bench/measure.ts';
import { apiDocument } from '../support/api-document/document.ts';
import { Chance } from '../support/chance.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { COLUMNS } from './fuzz-body.ts';
import { FuzzLedger, type Sent } from './fuzz-ledger.ts';
import { fuzzRequest, type FuzzRequest } from './fuzz-request.ts';
import { exchange, type WireAnswer } from './wire-client.ts';

export interface FuzzPlan {
  readonly directory: string;
  readonly seed: number;
  readonly requests: number;
  readonly connections: number;
  /** Hears of requests done. */
  readonly onProgress?: (done: number) => void;
}

export interface FuzzResult {
  readonly violations: readonly string[];
  readonly statuses: ReadonlyMap<string, number>;
  readonly acceptedRecords: number;
  readonly damagedRecords: number;
  readonly peakBytes: number;
  readonly seconds: number;
}

const YAML = `server: { listen: "127.0.0.1:0", drain_delay: 0s, max_body: 4MiB, limits: { header_timeout: 2s, request_timeout: 4s } }
checkpoint: { interval: 1s }
memory: { budget: 64MiB, duckdb: 192MiB }
telemetry: { log_level: error }
`;
/** The process itself, its code and heap, DuckDB's 192 MiB and the budget of 64 MiB. */
export const MOST_BYTES = 768 * 1024 * 1024;

const IDS_A_REQUEST = 4_000;
const LISTED = 20;
const ANSWER_MS = 20_000;
/** A damaged request may be one that never ends; its client does not stay for the daemon's timeout each time. */
const DAMAGED_MS = 150;

export async function fuzz(plan: FuzzPlan): Promise<FuzzResult> {
  const daemon = await Daemon.start({ directory: plan.directory, yaml: YAML });
  try {
    const run = new Run(daemon, await daemon.url, plan);
    return await run.all();
  } finally {
    await daemon.kill();
  }
}

class Run {
  readonly #daemon: Daemon;
  readonly #url: string;
  readonly #plan: FuzzPlan;
  readonly #violations: string[] = [];
  readonly #statuses = new Map<string, number>();
  readonly #ledger = new FuzzLedger();
  readonly #damaged = { accepted: 0, perhaps: 0 };
  #next = 0;

  constructor(daemon: Daemon, url: string, plan: FuzzPlan) {
    this.#daemon = daemon;
    this.#url = url;
    this.#plan = plan;
  }

  async all(): Promise<FuzzResult> {
    const started = performance.now();
    for (const name of ['fuzz.exact', 'fuzz.damaged']) await this.#create(name);
    await Promise.all(Array.from({ length: this.#plan.connections }, () => this.#client()));
    const seconds = (performance.now() - started) / 1000;
    if (this.#daemon.ended) this.#violations.push(`the daemon ended:\n${this.#daemon.log}`);
    else await this.#compare();
    const peak = this.#daemon.ended ? 0 : await peakBytes(this.#daemon.pid);
    if (peak > MOST_BYTES) this.#violations.push(`peak memory ${Math.round(peak / 2 ** 20)} MiB`);
    return {
      violations: this.#violations,
      statuses: this.#statuses,
      acceptedRecords: this.#ledger.acceptedRecords,
      damagedRecords: this.#damaged.accepted,
      peakBytes: peak,
      seconds,
    };
  }

  async #create(name: string): Promise<void> {
    const answer = await fetch(`${this.#url}/api/v1/tables`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, schema: COLUMNS }),
    });
    if (answer.status !== 201) throw new Error(`create ${name}: ${await answer.text()}`);
  }

  /** One connection after the other; some carry several requests, sent before the first answer. */
  async #client(): Promise<void> {
    const port = Number(new URL(this.#url).port);
    while (this.#next < this.#plan.requests && this.#violations.length < LISTED && !this.#daemon.ended) {
      const requests = this.#take();
      const last = requests.at(-1);
      if (last === undefined) return;
      const sent = requests.map((request) => this.#open(request));
      const { answers, late } = await exchange({
        port,
        pieces: requests.flatMap(({ pieces }) => pieces),
        methods: requests.map(({ method }) => method),
        leave: last.cut,
        withinMs: last.sound ? ANSWER_MS : DAMAGED_MS,
      });
      if (late && requests.every(({ sound }) => sound) && !isDamaged(last))
        this.#violations.push(`${requests.map(({ name }) => name).join(', ')}: no answer in ${ANSWER_MS / 1000} s`);
      for (const [index, request] of requests.entries()) this.#judge(request, sent[index], answers[index]);
      this.#plan.onProgress?.(this.#next);
    }
  }

  /** Only a request that is whole may have others behind it on the same connection. */
  #take(): readonly FuzzRequest[] {
    const chance = new Chance(Math.imul(this.#plan.seed + 1, 0x27d4eb2f) ^ this.#next);
    const most = chance.oneIn(4) ? chance.between(2, 5) : 1;
    const taken: FuzzRequest[] = [];
    while (taken.length < most && this.#next < this.#plan.requests) {
      const index = this.#next++;
      const request = fuzzRequest(this.#plan.seed, index, 1 + index * IDS_A_REQUEST);
      taken.push(request);
      if (!request.sound || request.cut || isDamaged(request)) break;
    }
    return taken;
  }

  #open({ name, records }: FuzzRequest): Sent | undefined {
    if (records === undefined || records.count === 0) return undefined;
    const sent: Sent = { name, first: records.first, count: records.count, said: 'nothing' };
    this.#ledger.requests.push(sent);
    return sent;
  }

  #judge(request: FuzzRequest, sent: Sent | undefined, answer: WireAnswer | undefined): void {
    const status = answer === undefined ? 'none' : String(answer.status);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (answer === undefined) {
      if (isDamaged(request)) this.#damaged.perhaps += IDS_A_REQUEST;
      return;
    }
    const fault = this.#faultOf(request, answer);
    if (fault !== undefined)
      this.#violations.push(
        `${request.name}: ${fault}\n  ${Buffer.concat(request.pieces).subarray(0, 600).toString('latin1')}`,
      );
    const { accepted } = acceptedIn(answer);
    if (isDamaged(request)) this.#damaged.accepted += accepted;
    if (sent === undefined) return;
    sent.answer = `${answer.status} ${answer.body.slice(0, 300)}`;
    // `outcome-unknown` says that the records are durable.
    if (answer.body.includes('"/problems/outcome-unknown"')) sent.said = 'accepted';
    else sent.said = accepted > 0 ? 'accepted' : 'refused';
    if (accepted > 0 && accepted !== sent.count)
      this.#violations.push(`${request.name}: accepted ${accepted} of ${sent.count} records`);
  }

  #faultOf({ method, path, sound }: FuzzRequest, { status, headers, body }: WireAnswer): string | undefined {
    if (status === 500) return `500 ${body}`;
    if (status === 503 && !/^[1-9]\d*$/.test(headers.get('retry-after') ?? '')) return '503 without Retry-After';
    const contentType = headers.get('content-type');
    if (sound) return apiDocument().fault({ method, path, status, contentType, body });
    if (status < 400) return undefined;
    // Whatever it became: the form of a problem.
    return apiDocument().fault({ method, path: '/nowhere', status: 404, contentType, body });
  }

  async #compare(): Promise<void> {
    // A request may outlive its client; a flush after the last answer has all of them behind it.
    for (let quiet = 0; quiet < 2; quiet += 1) {
      const flushed = await fetch(`${this.#url}/api/v1/actions/flush`, { method: 'POST' });
      if (!flushed.ok) this.#violations.push(`flush: ${await flushed.text()}`);
    }
    this.#violations.push(...this.#ledger.violations(await this.#ids('fuzz.exact')).slice(0, LISTED));
    const rows = (await this.#ids('fuzz.damaged')).length;
    const { accepted, perhaps } = this.#damaged;
    if (rows < accepted || rows > accepted + perhaps)
      this.#violations.push(`fuzz.damaged holds ${rows} records, answers said ${accepted}`);
  }

  async #ids(table: string): Promise<readonly number[]> {
    const { files } = (await (await fetch(`${this.#url}/api/v1/tables/${table}/files`)).json()) as {
      files: { file_path: string }[];
    };
    if (files.length === 0) return [];
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const list = files.map((file) => `'${fileURLToPath(file.file_path)}'`).join(', ');
    const rows = await connection.runAndReadAll(`SELECT id::DOUBLE FROM read_parquet([${list}])`);
    connection.closeSync();
    return rows.getRows().map(([id]) => Number(id));
  }
}

/** Sent with damage in its head or its body. */
const isDamaged = ({ path, method }: FuzzRequest): boolean => path.includes('fuzz.damaged') && method === 'POST';

function acceptedIn({ status, body }: WireAnswer): { readonly accepted: number } {
  if (status >= 300 || !body.startsWith('{')) return { accepted: 0 };
  const { accepted } = JSON.parse(body) as { readonly accepted?: number };
  return { accepted: accepted ?? 0 };
}
