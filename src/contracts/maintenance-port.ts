/** What the HTTP API (and through it the CLI) may ask of maintenance: estimates, jobs, their end. */
import type { TableName } from '../core/ids.ts';

export const JOB_KINDS = ['compact', 'expire-snapshots', 'rewrite-manifests', 'remove-orphans'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** Figures by name in camel case: files, bytes, seconds. Names are part of the answer of the API. */
export type Figures = Readonly<Record<string, number | bigint>>;

export interface Job {
  readonly id: string;
  readonly table: TableName;
  readonly kind: JobKind;
  readonly trigger: 'schedule' | 'request';
  readonly state: JobState;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Bytes or other units of work; `total` is 0 until it is known. */
  readonly progress: { readonly done: number; readonly total: number };
  readonly estimate: Figures;
  /** Cost and gain, once it has ended. */
  readonly result?: Figures;
  readonly error?: string;
  /** The latest lines, oldest first. */
  readonly log: readonly { readonly at: number; readonly line: string }[];
}

/** What a running job says of itself. */
export interface JobReport {
  log(line: string): void;
  progress(done: number, total: number): void;
}

export interface MaintenancePort {
  /** Undefined when there is no such table. Changes nothing. */
  estimate(kind: JobKind, table: TableName): Promise<Figures | undefined>;
  /** The job, or the one of this kind that waits or runs for the table already. Undefined when there is no such table. */
  start(kind: JobKind, table: TableName): Promise<Job | undefined>;
  /** Newest first; ended ones only as far back as the daemon remembers. */
  jobs(): readonly Job[];
  job(id: string): Job | undefined;
  /** Asks it to stop at the next safe point; one that has ended stays as it is. Undefined when there is no such job. */
  cancel(id: string): Job | undefined;
}
