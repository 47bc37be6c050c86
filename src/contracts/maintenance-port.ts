/** What the HTTP API (and through it the CLI) may ask of maintenance: estimates, jobs, their end. */
import type { SnapshotId, TableName } from '../core/ids.ts';

export const JOB_KINDS = ['compact', 'expire-snapshots', 'rewrite-manifests', 'remove-orphans'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** A column by its dotted name, and how rows are sorted by it. */
export interface SortColumn {
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  readonly nullOrder: 'nulls-first' | 'nulls-last';
}

/** How compaction is to arrange the rows of every file of a table, whatever its size. */
export type Arrangement =
  /** Without columns: by the table's own sort order. */
  | { readonly strategy: 'sort'; readonly columns: readonly SortColumn[] }
  /** Along a Z-curve through two to eight columns, so that files overlap little in each of them. */
  | { readonly strategy: 'z-order'; readonly columns: readonly string[] };

/** Figures by name in camel case: files, bytes, seconds. Names are part of the answer of the API. */
export type Figures = Readonly<Record<string, number | bigint>>;

export interface Job {
  readonly id: string;
  readonly table: TableName;
  readonly kind: JobKind;
  /** `threshold`: a figure of the table crossed a setting. */
  readonly trigger: 'schedule' | 'threshold' | 'request';
  /** What the schedule or a threshold saw, in words. */
  readonly reason?: string;
  /** Of a compaction that was asked for with one; else files are merged by size, and sorted as the table says. */
  readonly arrangement?: Arrangement;
  readonly state: JobState;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** `total` is 0 until it is known. */
  readonly progress: { readonly done: number; readonly total: number; readonly unit: ProgressUnit };
  readonly estimate: Figures;
  /** Cost and gain, once it has ended. */
  readonly result?: Figures;
  readonly error?: string;
  /** The latest lines, oldest first. */
  readonly log: readonly { readonly at: number; readonly line: string }[];
}

export type ProgressUnit = 'bytes' | 'objects';

/** What a running job says of itself. */
export interface JobReport {
  log(line: string): void;
  progress(done: number, total: number): void;
}

export type RollbackAnswer =
  | {
      readonly kind: 'rolled-back';
      readonly from: bigint;
      readonly to: bigint;
      /** How many leave main; 0: it was there already. */
      readonly snapshots: number;
      /** Rows that leave the table; undefined when its summaries do not say. Negative when they come back. */
      readonly rows?: number;
    }
  | { readonly kind: 'not-an-ancestor' }
  /** Somebody else changed the table in the same moment; nothing was done. */
  | { readonly kind: 'moved' };

export interface MaintenancePort {
  /** Undefined when there is no such table. Changes nothing. `arrangement` is for `compact` only; columns it lacks are `invalid-input`. */
  estimate(kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Figures | undefined>;
  /**
   * The job, or the one of this kind and arrangement that waits or runs for the table already. Undefined when there is no such table.
   * Rejects as `estimate`.
   */
  start(kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Job | undefined>;
  /** Sets main to one of its ancestors; `dry` only says what that would do. Undefined when there is no such table. */
  rollBack(table: TableName, to: SnapshotId, dry: boolean): Promise<RollbackAnswer | undefined>;
  /** Newest first; ended ones only as far back as the daemon remembers. */
  jobs(): readonly Job[];
  job(id: string): Job | undefined;
  /**
   * `onChange` hears of every change of the job, the last when it has ended, until the returned function is called. Undefined when there
   * is no such job; a job that has ended never changes.
   */
  watch(id: string, onChange: (job: Job) => void): (() => void) | undefined;
  /** Asks it to stop at the next safe point; one that has ended stays as it is. Undefined when there is no such job. */
  cancel(id: string): Job | undefined;
}
