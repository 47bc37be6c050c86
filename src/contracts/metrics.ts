/**
 * What the rest reports to whoever watches. Owns the words; names, labels and buckets of the exposition are `api/metrics.ts`.
 * Every call is cheap, synchronous and never throws. Levels are read when somebody looks, not when they change.
 */
import type { CheckpointRecord, TableStatus } from './service-ports.ts';

export type IngestResult = 'accepted' | 'refused' | 'overloaded' | 'failed';

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

/** Sampled at each scrape. Absent members are left out of the exposition. */
export interface Levels {
  readonly tables: readonly TableStatus[];
  readonly log?: {
    readonly bytes: number;
    readonly maxBytes: number;
    readonly oldestAt?: number;
    readonly parkedTables: number;
  };
  /** Bytes of the memory budget in use. */
  readonly memory?: { readonly used: number; readonly limit: number };
  readonly ready: boolean;
}

export interface Metrics {
  ingest(observation: IngestObservation): void;
  checkpoint(record: CheckpointRecord): void;
  /** One attempt at a table commit. */
  commitAttempt(table: string, outcome: 'committed' | 'conflict' | 'unknown'): void;
  /** `code` is a status or a short word, from a bounded set. */
  storeRequest(operation: string, code: string, seconds: number): void;
}
