/**
 * What the rest reports to whoever watches. Owns the words; names, labels and buckets of the exposition are `telemetry/metrics`.
 * Every call is cheap, synchronous and never throws. Levels are read when somebody looks, not when they change.
 */
import type { JobKind } from './maintenance-port.ts';
import type { CheckpointRecord, TableStatus } from './service-ports.ts';

/** `duplicate`: answered as stored before. */
export type IngestResult = 'accepted' | 'duplicate' | 'refused' | 'overloaded' | 'failed';

export interface IngestObservation {
  /** Undefined for a table that does not exist: names from outside never become series. */
  readonly table: string | undefined;
  readonly ack: 'durable' | 'committed';
  readonly result: IngestResult;
  readonly records: number;
  /** After decompression. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface RequestObservation {
  readonly method: string;
  /** The pattern of the route, never the path; undefined when the request met none. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/** Sampled at each scrape. Absent members are left out of the exposition. */
export interface Levels {
  readonly tables: readonly TableStatus[];
  /** False: the catalog did not answer, and `tables` are only those that records came for in this life. Default: true. */
  readonly catalogAnswers?: boolean;
  readonly log?: {
    readonly bytes: number;
    readonly maxBytes: number;
    /** Bytes that one table may have waiting. */
    readonly maxTableBytes?: number;
    readonly oldestAt?: number;
    readonly parkedTables: number;
  };
  /** Bytes of the memory budget in use. */
  readonly memory?: { readonly used: number; readonly limit: number };
  readonly eventSubscribers?: number;
  readonly ready: boolean;
}

export type CommitOutcomeWord = 'committed' | 'conflict' | 'unknown';

/** Why a checkpoint of a table did not end in its commit; its records are tried again from the log. */
export type CheckpointFailure = 'write_failed' | 'recut' | 'stopped';

export interface Metrics {
  ingest(observation: IngestObservation): void;
  /** Any request but a subscription, whose length says nothing. */
  request(observation: RequestObservation): void;
  /** +1 when a request begins, -1 when it has ended. */
  inFlight(change: 1 | -1): void;
  checkpoint(record: CheckpointRecord): void;
  checkpointFailed(table: string, cause: CheckpointFailure): void;
  /** One attempt at a table commit. */
  commitAttempt(table: string, outcome: CommitOutcomeWord): void;
  /** Records that became dead letters of a table. `code` is a refusal's code or cause, from a bounded set. */
  deadLetters(table: string, code: string, records: number): void;
  /** `code` is a status or a short word, from a bounded set. */
  storeRequest(operation: string, code: string, seconds: number): void;
  /** A request to the store that is sent again. */
  storeRetry(operation: string, code: string): void;
  /** One write or sync of the log; a group of requests shares both. */
  logWrite(step: 'append' | 'sync', seconds: number, bytes: number): void;
  /** The event loop came back this much later than asked. */
  eventLoopDelay(seconds: number): void;
  /** A reader of events that was too slow and was cut off. */
  eventReaderDropped(): void;
  /** Bytes of data files that a rewrite read and wrote. */
  compaction(read: number, written: number): void;
  job(kind: JobKind, result: 'done' | 'failed' | 'cancelled', seconds: number): void;
}

/** Where reports are read again. */
export interface Exposition {
  readonly contentType: string;
  /** Prometheus' text format with these levels. */
  render(levels: Levels): Promise<string>;
}
