/** Jobs on request, beside those of the schedule, and how all jobs of a daemon end. Owns their tally. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';
import type { Books } from './books.ts';
import type { Load } from './lives.ts';
import { ask, expectAnswer } from './requests.ts';
import { TABLES } from './tables.ts';

const ACTIONS = [...Array<string>(6).fill('compact'), 'expire-snapshots', 'rewrite-manifests', 'remove-orphans'];
const MEAN_PAUSE_MS = 1_000;
const LOOK_MS = 200;
const PATIENCE_MS = 120_000;

export interface Job {
  /** Its id. */
  readonly job: string;
  readonly table: string;
  readonly kind: string;
  readonly state: string;
  readonly error?: string;
  readonly result?: Readonly<Record<string, number | string>>;
}

export class JobTally {
  readonly #books: Books;
  readonly #chance: Chance;
  readonly #ended = new Map<string, Job>();

  constructor(books: Books, chance: Chance) {
    this.#books = books;
    this.#chance = chance;
  }

  readonly load: Load = async (url, over) => {
    while (!over.aborted) {
      const path = `tables/${this.#chance.pick(TABLES).name}/actions/${this.#chance.pick(ACTIONS)}`;
      const { status, json } = await ask(`${url}/api/v1/${path}`, 'POST');
      if (![0, 202, 503].includes(status))
        this.#books.violations.push(`${path}: ${status} ${JSON.stringify(json).slice(0, 300)}`);
      await this.look(url);
      await sleep(this.#chance.below(2 * MEAN_PAUSE_MS));
    }
  };

  /** Takes down the jobs that have ended. One that failed broke a promise. */
  async look(url: string): Promise<void> {
    const { json } = await ask(`${url}/api/v1/jobs`);
    for (const job of (json['jobs'] ?? []) as readonly Job[]) {
      if (this.#ended.has(job.job) || !['done', 'failed', 'cancelled'].includes(job.state)) continue;
      this.#ended.set(job.job, job);
      if (job.state === 'failed')
        this.#books.violations.push(`${job.kind} of ${job.table} failed: ${job.error ?? 'without a reason'}`);
    }
  }

  /** Has the table compacted until nothing came in between; rejects when that takes too long. */
  async compacted(url: string, table: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const { job } = await expectAnswer(202, `${url}/api/v1/tables/${table}/actions/compact`, 'POST');
      let ended = await expectAnswer(200, `${url}/api/v1/jobs/${String(job)}`);
      while (['waiting', 'running'].includes(String(ended['state']))) {
        await sleep(LOOK_MS);
        ended = await expectAnswer(200, `${url}/api/v1/jobs/${String(job)}`);
      }
      const result = (ended['result'] ?? {}) as Job['result'];
      if (ended['state'] === 'done' && Number(result?.['groups_dropped'] ?? 0) === 0) return;
    }
    throw new Error(`${table} cannot be compacted`);
  }

  /** Jobs that ended with `done`, by kind. */
  get done(): ReadonlyMap<string, number> {
    const done = [...this.#ended.values()].filter(({ state }) => state === 'done');
    return new Map([...Map.groupBy(done, ({ kind }) => kind)].map(([kind, jobs]) => [kind, jobs.length]));
  }

  /** Of all jobs that ended. */
  sum(figure: string): number {
    return [...this.#ended.values()].reduce((sum, { result }) => sum + Number(result?.[figure] ?? 0), 0);
  }
}
