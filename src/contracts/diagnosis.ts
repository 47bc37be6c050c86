/**
 * What a daemon and its tables look like to whoever diagnoses them: plain facts on one side, findings and scores on the other.
 * Owns the words. What follows from what is `diagnose/`; who measures is the service.
 */
import type { SnapshotId, TableName } from '../core/ids.ts';
import type { HealthCause, HealthPoint } from './health.ts';
import type { CheckpointRecord, TableStatus } from './service-ports.ts';
import type { SnapshotSummary } from './tables.ts';

/** What the current snapshot of a table is made of. Counts are of live files. */
export interface TableSurvey {
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
  readonly snapshot: SnapshotId | undefined;
  readonly files: number;
  readonly bytes: number;
  readonly records: bigint;
  /** Data files whose sizes and partitions were looked at; the figures below stand for the rest. */
  readonly sampledFiles: number;
  /** The size that new files aim at. */
  readonly targetBytes: number;
  /** Files below `smallBytes`, a quarter of the target. */
  readonly smallFiles: number;
  readonly smallBytes: number;
  /** Small files that a compaction could do without: each partition keeps the files its small bytes fill. */
  readonly sparableFiles: number;
  /** Partitions seen among the sampled files. */
  readonly partitions: { readonly count: number; readonly largestBytes: number; readonly medianBytes: number };
  readonly deleteFiles: number;
  readonly deleteRows: bigint;
  readonly manifests: number;
  readonly snapshots: number;
  readonly metadataBytes: number;
  /** Of `main`, newest first, at most 50. */
  readonly recent: readonly SnapshotSummary[];
  /** Bytes of the property that holds progress, and the most it may have. */
  readonly progress: { readonly bytes: number; readonly maxBytes: number };
}

/** 100 is healthy. `factors` name what was lost to what, worst first; only those that cost something. */
export interface TableHealth {
  readonly score: number;
  readonly factors: readonly HealthFactor[];
}

export interface HealthFactor {
  readonly cause: HealthCause;
  /** Points of the hundred. */
  readonly lost: number;
  readonly value: number;
  /** Up to here nothing is lost. */
  readonly fineUpTo: number;
  /** The figures that it stands on. */
  readonly evidence: readonly Evidence[];
  /** What mends it, in a sentence. */
  readonly remedy: string;
  /** The command of this program that mends it; where none does, the one that shows what to change. */
  readonly command: string;
}

export interface TableFacts {
  readonly status: TableStatus;
  /** Why the table cannot be opened, when that is so. */
  readonly unreadable?: string;
  readonly parked: boolean;
  /** Committed in this life of the daemon, oldest first, at most 20. */
  readonly checkpoints: readonly CheckpointRecord[];
  readonly intake: {
    /** Accepted over the last half minute. */
    readonly recordsPerSecond: number;
    /** Milliseconds since 1970; undefined when nothing came in this life. */
    readonly lastAt?: number;
  };
  /** Attempts at commits over `Window.seconds`. */
  readonly attempts: { readonly committed: number; readonly conflicts: number; readonly unknown: number };
  /** The last thing that kept a commit from landing. */
  readonly trouble?: { readonly state: string; readonly cause: string; readonly at: number };
  readonly survey?: TableSurvey;
  /** Refused records by code over `Window.seconds`; absent where nobody counts them. */
  readonly deadLetters?: readonly { readonly code: string; readonly records: number }[];
}

export interface DaemonFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: number;
  /** Over which rates and counts of `store`, `attempts` and `deadLetters` reach. */
  readonly windowSeconds: number;
  readonly pipeline: string;
  readonly notReady: readonly { readonly code: string; readonly detail: string }[];
  /** Why the catalog cannot be asked, when that is so. */
  readonly catalogError?: string;
  readonly log?: {
    readonly accepting: boolean;
    readonly reason?: string;
    readonly bytes: number;
    readonly maxBytes: number;
    readonly oldestAt?: number;
    readonly parkedTables: number;
  };
  readonly memory: {
    /** Of the budget for request bodies. */
    readonly bodiesUsed: number;
    readonly bodiesLimit: number;
    readonly heapUsed: number;
    readonly heapLimit: number;
    /** Of the whole process, native buffers in it. */
    readonly resident: number;
    /** What the machine or the container has. */
    readonly machine: number;
  };
  readonly eventLoop: { readonly p99Seconds: number; readonly maxSeconds: number };
  readonly store: { readonly requests: number; readonly failed: number; readonly slowDowns: number };
  /** The wall clock moved by itself: by so many milliseconds against the monotonic one. */
  readonly clockJump?: { readonly at: number; readonly byMs: number };
  readonly settings: {
    readonly checkpointIntervalMs: number;
    readonly trimGraceMs: number;
  };
}

export interface DiagnosisView {
  readonly daemon: DaemonFacts;
  readonly tables: readonly TableFacts[];
}

export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Evidence {
  readonly name: string;
  readonly value: number | string;
  /** `bytes`, `seconds`, `records`, `%` …; empty for texts and plain counts. */
  readonly unit: string;
  /** From here on the rule speaks. */
  readonly threshold?: number;
}

export interface Finding {
  readonly rule: string;
  readonly table?: string;
  /** `error`: data does not flow, or soon will not. `warning`: it costs more every day. `info`: so that silence is no mystery. */
  readonly severity: Severity;
  readonly verdict: string;
  readonly evidence: readonly Evidence[];
  /** What mends it, in a sentence. */
  readonly remedy: string;
  /** The command of this program that mends it, or shows where to. */
  readonly command: string;
}

export interface Diagnosis {
  readonly view: DiagnosisView;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

export interface DiagnosisPort {
  /**
   * Of the daemon and one table, or every table that `visible` lets through: nothing in it names another. Undefined when there is no
   * such table.
   */
  diagnose(table: TableName | undefined, visible: (table: TableName) => boolean): Promise<Diagnosis | undefined>;
  /** What is kept of the table's health, latest first, at most `limit`. Undefined when there is no such table. Rejects when it cannot be read. */
  healthHistory(table: TableName, limit: number): Promise<readonly HealthPoint[] | undefined>;
  /** Undefined when there is no such table. Rejects when it cannot be read. */
  health(table: TableName): Promise<{ readonly health: TableHealth; readonly survey: TableSurvey } | undefined>;
}
