/**
 * Jobs from their start to their end, and the memory of ended ones. One job a table at a time, one of a kind in the daemon; the others
 * wait in order. Owns no work and no schedule.
 */
import { SluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import { Slots } from '../core/slots.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { Arrangement, Figures, Job, JobKind, JobReport, ProgressUnit } from '../contracts/maintenance-port.ts';
import { CommitQueue } from '../commit/commit-queue.ts';

export interface JobsOptions {
  readonly runtime: Runtime;
  /** Its end cancels every job. */
  readonly group: TaskGroup;
  /** Ended jobs of earlier lives, oldest first. */
  readonly known: readonly Job[];
  /** Once it runs: what waits is nothing to remember. */
  readonly onStart: (job: Job) => void;
  readonly onEnd: (job: Job) => void;
}

export interface JobRequest {
  readonly table: TableName;
  readonly kind: JobKind;
  readonly trigger: Job['trigger'];
  readonly reason?: string;
  readonly arrangement?: Arrangement;
  readonly estimate: Figures;
  readonly unit: ProgressUnit;
}

export type JobWork = (report: JobReport, signal: AbortSignal) => Promise<Figures>;

/** Ended jobs that are remembered, and lines of each. */
export const REMEMBERED = 200;
const LINES = 200;

interface Entry {
  job: Job;
  readonly abort: AbortController;
  readonly watchers: Set<(job: Job) => void>;
}

const entryOf = (job: Job): Entry => ({ job, abort: new AbortController(), watchers: new Set() });

export class Jobs {
  readonly #options: JobsOptions;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #turns = new Map<string, CommitQueue>();
  readonly #slots = new Map<JobKind, Slots>();

  constructor(options: JobsOptions) {
    this.#options = options;
    for (const job of options.known.slice(-REMEMBERED)) this.#entries.set(job.id, entryOf(job));
  }

  /** Newest first. */
  list(): readonly Job[] {
    return [...this.#entries.values()].map(({ job }) => job).toReversed();
  }

  get(id: string): Job | undefined {
    return this.#entries.get(id)?.job;
  }

  /** The jobs of this kind that wait or run for the table. */
  open(table: TableName, kind: JobKind): readonly Job[] {
    const name = formatTableName(table);
    return this.list().filter((job) => formatTableName(job.table) === name && job.kind === kind && !hasEnded(job));
  }

  start({ unit, ...request }: JobRequest, work: JobWork): Job {
    const { runtime, group } = this.#options;
    const id = `job_${uuidV7(runtime)}`;
    const progress = { done: 0, total: 0, unit };
    const job: Job = { ...request, id, state: 'waiting', createdAt: runtime.clock.now(), progress, log: [] };
    const entry = entryOf(job);
    this.#entries.set(id, entry);
    this.#forget();
    group.spawn(`${request.kind} ${formatTableName(request.table)}`, (signal) => this.#inTurn(entry, work, signal));
    return job;
  }

  cancel(id: string, why = 'somebody asked it to stop'): Job | undefined {
    const entry = this.#entries.get(id);
    entry?.abort.abort(new SluiceError('closed', why));
    return entry?.job;
  }

  watch(id: string, onChange: (job: Job) => void): (() => void) | undefined {
    const watchers = this.#entries.get(id)?.watchers;
    watchers?.add(onChange);
    return watchers === undefined ? undefined : () => void watchers.delete(onChange);
  }

  async #inTurn(entry: Entry, work: JobWork, ending: AbortSignal): Promise<void> {
    const { table, kind } = entry.job;
    const name = formatTableName(table);
    const turns = this.#turns.get(name) ?? new CommitQueue();
    this.#turns.set(name, turns);
    const slots = this.#slots.get(kind) ?? new Slots(1);
    this.#slots.set(kind, slots);
    const signal = AbortSignal.any([entry.abort.signal, ending]);
    await turns.run(() => slots.use(() => this.#run(entry, work, signal)));
  }

  async #run(entry: Entry, work: JobWork, signal: AbortSignal): Promise<void> {
    const { runtime, onStart, onEnd } = this.#options;
    const { clock } = runtime;
    const change = (parts: Partial<Job>): void => {
      entry.job = { ...entry.job, ...parts };
      for (const watcher of entry.watchers) watcher(entry.job);
    };
    const report: JobReport = {
      log: (line) => change({ log: [...entry.job.log.slice(1 - LINES), { at: clock.now(), line }] }),
      progress: (done, total) => change({ progress: { ...entry.job.progress, done, total } }),
    };
    const end = (parts: Partial<Job>): void => change({ ...parts, endedAt: clock.now() });
    try {
      signal.throwIfAborted();
      change({ state: 'running', startedAt: clock.now() });
      onStart(entry.job);
      end({ result: await work(report, signal), state: 'done' });
    } catch (error) {
      end({
        state: signal.aborted ? 'cancelled' : 'failed',
        error: messageOf(signal.aborted ? signal.reason : error),
      });
    }
    onEnd(entry.job);
  }

  #forget(): void {
    const ended = [...this.#entries.values()].filter(({ job }) => hasEnded(job));
    for (const { job } of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) this.#entries.delete(job.id);
  }
}

export const hasEnded = ({ state }: Pick<Job, 'state'>): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled';
