/**
 * Maintenance that never pauses: the backlog of `compact-table.ts` is compacted by the daemon, set back to its small files, and compacted
 * again. Owns the order of these requests and their count.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Work {
  /** Of the time, how much a compaction of the backlog was under way. */
  readonly share: number;
  /** By all compactions. */
  readonly bytesRead: number;
  /** Of all kinds that ended. */
  readonly jobs: number;
}

const LOOK_MS = 50;
const BACKLOG = 'bench.compact';

type Json = Readonly<Record<string, unknown>>;

export class BusyMaintenance {
  readonly #base: string;
  /** With all of its small files. */
  readonly #snapshot: string;
  readonly #over = new AbortController();
  readonly #began = performance.now();
  #busyMs = 0;
  #running: Promise<void> = Promise.resolve();

  private constructor(base: string, snapshot: string) {
    this.#base = base;
    this.#snapshot = snapshot;
  }

  /** On a daemon whose table `bench.compact` has a backlog. */
  static async begin(base: string): Promise<BusyMaintenance> {
    const table = await json('GET', `${base}/api/v1/tables/${BACKLOG}`);
    const busy = new BusyMaintenance(base, String(table['current_snapshot_id']));
    busy.#running = busy.#goOn();
    return busy;
  }

  /** Lets the last compaction end. Rejects when any of them failed. */
  async end(): Promise<Work> {
    const share = this.#busyMs / (performance.now() - this.#began);
    this.#over.abort();
    await this.#running;
    const metrics = await (await fetch(`${this.#base}/metrics`)).text();
    return {
      share,
      bytesRead: sumOf(metrics, /^sluice_compaction_bytes_total\{.*direction="read".*\} (\S+)$/gm),
      jobs: sumOf(metrics, /^sluice_maintenance_jobs_total\{.*\} (\S+)$/gm),
    };
  }

  async #goOn(): Promise<void> {
    const actions = `${this.#base}/api/v1/tables/${BACKLOG}/actions`;
    while (!this.#over.signal.aborted) {
      const since = performance.now();
      const { job } = await json('POST', `${actions}/compact`);
      const { state, error } = await this.#ended(String(job));
      if (state !== 'done') throw new Error(`compaction of the backlog: ${String(state)} ${String(error)}`);
      this.#busyMs += performance.now() - since;
      await json('POST', `${actions}/rollback?to=${this.#snapshot}`);
    }
  }

  async #ended(job: string): Promise<Json> {
    for (;;) {
      const found = await json('GET', `${this.#base}/api/v1/jobs/${job}`);
      if (!['waiting', 'running'].includes(String(found['state']))) return found;
      await sleep(LOOK_MS);
    }
  }
}

const sumOf = (metrics: string, pattern: RegExp): number =>
  [...metrics.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);

async function json(method: 'GET' | 'POST', url: string): Promise<Json> {
  const answer = await fetch(url, { method });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Json;
}
