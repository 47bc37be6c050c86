/**
 * What happens to tables and to the service, as people and consoles follow it live. An index for watching, not a record: what nobody
 * read in time is gone, and the table remains the truth.
 */
import type { TableStatus } from './service-ports.ts';

export type ServiceEvent =
  | {
      readonly type: 'checkpoint.committed';
      readonly table: string;
      readonly epoch: bigint;
      readonly snapshot?: bigint;
      readonly records: number;
      readonly files: number;
      readonly bytes: number;
      readonly freshnessSeconds?: number;
    }
  /** A checkpoint did not end in its commit; its records are safe in the log. */
  | { readonly type: 'checkpoint.failed'; readonly table: string; readonly cause: string; readonly detail: string }
  | {
      readonly type: 'commit.conflict' | 'commit.unknown';
      readonly table: string;
      readonly detail: string;
    }
  | {
      readonly type: 'table.state';
      readonly table: string;
      readonly from: TableStatus['state'];
      readonly to: TableStatus['state'];
      readonly reason?: string;
      readonly remedy?: string;
    }
  | { readonly type: 'table.created' | 'table.parked'; readonly table: string }
  | { readonly type: 'service.ready' | 'service.draining' };

/** Ids are `<life>-<number>`: numbers count from 1 without gaps within one life of the process. */
export interface StampedEvent {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: ServiceEvent;
}

export interface EventSink {
  /** Never throws, never waits. */
  publish(event: ServiceEvent): void;
}

export interface EventReader {
  /** Called in order, at first with what is still there after the id asked for. Must not throw. */
  readonly onEvent: (event: StampedEvent) => void;
  /** Called once, in place of events that are no longer there: how many, if the id was one of this life. */
  readonly onMissed: (count: number | undefined) => void;
  /** The service ends all readers. */
  readonly onEnd: () => void;
}

export type Subscription = { readonly kind: 'subscribed'; readonly cancel: () => void } | { readonly kind: 'full' };

export interface EventFeed {
  /** `after`: the last id the reader has seen. Undefined: only what comes from now on. */
  subscribe(after: string | undefined, reader: EventReader): Subscription;
  /** Bounded; beyond it `full` is answered. */
  readonly readers: number;
  /** Ends every reader. */
  close(): void;
}
