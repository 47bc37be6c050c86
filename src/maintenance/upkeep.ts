/**
 * Everything that keeps tables healthy, as one port: chores by kind, asked for or by schedule, each run as a job on a fresh state of its
 * table. Owns which table gets which chore; a chore's own work is beside it.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  Arrangement,
  Figures,
  Job,
  JobKind,
  JobReport,
  MaintenancePort,
  ProgressUnit,
  RollbackAnswer,
} from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { SnapshotId, TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { TaskGroup } from '../core/task-group.ts';
import type { CommitTarget } from './commit-replace.ts';
import { Jobs, type JobRequest } from './jobs.ts';
import { planRollback, rollBack, type RollbackParts } from './rollback.ts';
import { Scheduler, type LookOutcome, type WindowSettings } from './scheduler.ts';
import type { TableLevels, Triggers, Why } from './triggers.ts';

/** A table that maintenance may change now, fresh from the catalog. */
export interface Place<V> {
  readonly target: CommitTarget;
  readonly view: V;
}

export interface Chore<V> {
  /** Undefined when there is nothing to do. */
  estimate(view: V, arrangement?: Arrangement): Promise<Figures | undefined>;
  /** The estimate costs as much as the work: jobs begin without one, and the work finds out by itself whether there is any. */
  readonly beginsUnseen?: true;
  /** Of its progress. */
  readonly unit: ProgressUnit;
  /** The estimate of a table without work. */
  readonly nothing: Figures;
  run(place: Place<V>, report: JobReport, signal: AbortSignal, arrangement?: Arrangement): Promise<Figures>;
  /** When tables are looked at without being asked to; undefined: never. */
  readonly duty: (Triggers & { readonly schedule: string }) | undefined;
}

export interface UpkeepOptions<V extends TableView> {
  readonly chores: Readonly<Record<JobKind, Chore<V>>>;
  /** Undefined when there is no such table. Rejects when it must not be touched now. */
  readonly place: (table: TableName) => Promise<Place<V> | undefined>;
  readonly rollback: Omit<RollbackParts<V>, 'runtime'>;
  /** Tables that are looked after without being asked to. */
  readonly tables: () => readonly V[];
  /** Figures of a table as of the last look at its metadata; undefined before there was one. */
  readonly levelsOf: (view: V) => TableLevels | undefined;
  readonly window: WindowSettings;
  readonly runtime: Runtime;
  /** Ended jobs of earlier lives, oldest first. */
  readonly known: readonly Job[];
  readonly onStart: (job: Job) => void;
  readonly onEnd: (job: Job) => void;
  readonly onTrouble: (table: string, kind: JobKind | 'schedule', cause: string) => void;
}

export class Upkeep<V extends TableView> implements MaintenancePort {
  readonly #options: UpkeepOptions<V>;
  readonly #group: TaskGroup;
  readonly #jobs: Jobs;
  /** By job id: whoever waits for its end. */
  readonly #waiting = new Map<string, (job: Job) => void>();
  /** By job id: what stops when the maintenance window closes. */
  readonly #withWindow = new Set<string>();

  constructor(options: UpkeepOptions<V>) {
    this.#options = options;
    this.#group = new TaskGroup((name, error) => options.onTrouble('', 'schedule', `${name}: ${messageOf(error)}`));
    this.#jobs = new Jobs({
      runtime: options.runtime,
      group: this.#group,
      known: options.known,
      onStart: options.onStart,
      onEnd: (job) => {
        options.onEnd(job);
        this.#waiting.get(job.id)?.(job);
        this.#waiting.delete(job.id);
        this.#withWindow.delete(job.id);
      },
    });
  }

  /** Begins to look after tables by itself. */
  begin(): void {
    const { chores, tables, levelsOf, window, runtime, onTrouble } = this.#options;
    const duties = (Object.entries(chores) as [JobKind, Chore<V>][]).flatMap(([kind, { duty }]) =>
      duty === undefined ? [] : [{ ...duty, kind, look: (table: TableName, why: Why) => this.#look(kind, table, why) }],
    );
    const scheduler = new Scheduler({
      ...window,
      duties,
      tables: () =>
        tables().map((view) => {
          const { name, uuid, sequenceNumber } = view;
          return { name, uuid, sequenceNumber, levels: levelsOf(view) };
        }),
      runtime,
      onWindowEnd: () => {
        for (const id of this.#withWindow)
          this.#jobs.cancel(id, 'the maintenance window closed; what it committed stays');
      },
      onTrouble,
    });
    this.#group.spawn('schedule', (signal) => scheduler.run(signal));
  }

  /** Cancels every job; resolves when they have ended. */
  async end(): Promise<void> {
    await this.#group.stop();
  }

  async estimate(kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Figures | undefined> {
    const chore = this.#options.chores[kind];
    const place = await this.#options.place(table);
    return place === undefined ? undefined : ((await chore.estimate(place.view, arrangement)) ?? chore.nothing);
  }

  async start(kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Job | undefined> {
    const open = this.#jobs.open(table, kind).find((job) => isDeepStrictEqual(job.arrangement, arrangement));
    if (open !== undefined) return open;
    const place = await this.#options.place(table);
    if (place === undefined) return undefined;
    const estimate = (await this.#foresee(kind, place, arrangement)) ?? this.#options.chores[kind].nothing;
    const request = { kind, table, trigger: 'request', estimate } as const;
    return this.#start(arrangement === undefined ? request : { ...request, arrangement });
  }

  async rollBack(table: TableName, to: SnapshotId, dry: boolean): Promise<RollbackAnswer | undefined> {
    const { place, rollback, runtime } = this.#options;
    const found = await place(table);
    if (found === undefined) return undefined;
    return dry
      ? planRollback(rollback, found.view, to)
      : rollBack({ ...rollback, runtime }, found.target, to, this.#group.signal);
  }

  jobs(): readonly Job[] {
    return this.#jobs.list();
  }

  job(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  watch(id: string, onChange: (job: Job) => void): (() => void) | undefined {
    return this.#jobs.watch(id, onChange);
  }

  cancel(id: string): Job | undefined {
    return this.#jobs.cancel(id);
  }

  async #look(kind: JobKind, table: TableName, why: Why): Promise<LookOutcome> {
    if (this.#jobs.open(table, kind).length > 0) return 'open';
    const place = await this.#options.place(table);
    const estimate = place === undefined ? undefined : await this.#foresee(kind, place);
    if (estimate === undefined) return 'idle';
    const job = this.#start({ kind, table, trigger: why.trigger, reason: why.reason, estimate });
    if (!why.urgent) this.#withWindow.add(job.id);
    const ended = await new Promise<Job>((resolve) => this.#waiting.set(job.id, resolve));
    return ended.state === 'failed' ? 'failed' : 'done';
  }

  /** Undefined when there is nothing to do. */
  async #foresee(kind: JobKind, { view }: Place<V>, arrangement?: Arrangement): Promise<Figures | undefined> {
    const chore = this.#options.chores[kind];
    return chore.beginsUnseen === true ? {} : chore.estimate(view, arrangement);
  }

  #start(request: Omit<JobRequest, 'unit'>): Job {
    const { chores, place } = this.#options;
    return this.#jobs.start({ ...request, unit: chores[request.kind].unit }, async (report, signal) => {
      // It may have waited: what the estimate saw is not relied on.
      const fresh = await place(request.table);
      if (fresh === undefined) throw new SluiceError('not-found', 'the table is gone');
      return chores[request.kind].run(fresh, report, signal, request.arrangement);
    });
  }
}
