/**
 * What the HTTP API (and through it the CLI) may ask of the running daemon. The API owns wire forms, limits on bodies and status codes;
 * behind these ports nobody knows HTTP.
 */
import type { LaneId, Offset, SnapshotId, TableName } from '../core/ids.ts';
import type { PointsLost } from './health.ts';
import type { BodyFormat, Refusal } from './record-checker.ts';
import type { OnError } from '../record/on-error.ts';
import type { TableView } from './table-format.ts';
import type { SnapshotSummary, TableDefinition } from './tables.ts';
import type { TraceContext } from './tracing.ts';

/** Where a record is for ever: `p<lane>-<offset>`; `offset` is the position after the request's last record. */
export interface Position {
  readonly lane: LaneId;
  readonly offset: Offset;
}

/** How a client says that it may send a request again (protocol §5). */
export type Producer =
  /** Record `offset` of the channel is the request's first. */
  | { readonly kind: 'channel'; readonly name: string; readonly epoch: bigint; readonly offset: bigint }
  | { readonly kind: 'idempotency-key'; readonly key: string };

export interface AppendRequest {
  readonly table: TableName;
  readonly body: Uint8Array;
  readonly format: BodyFormat;
  readonly ignoreUnknownFields: boolean;
  /** The span of the request, when somebody records it. */
  readonly trace?: TraceContext;
  /** Who asks: keys of one are not those of another. */
  readonly principal: string;
  readonly producer?: Producer;
  /** Absent: as the table says. */
  readonly onError?: OnError;
  /** By which the sender can name the request. */
  readonly requestId?: string;
}

/** Records of a request that did not fit and became rows of the dead-letter table, in one frame with those that did. */
export interface DeadLettered {
  readonly table: TableName;
  /** Names these dead letters for ever. */
  readonly batch: string;
  readonly rejected: number;
  /** In the dead-letter table. */
  readonly position: Position;
  /** The first 100. Absent when the table has changed since, and would refuse others. */
  readonly refusals?: readonly Refusal[];
}

/** Why a producer's request was not stored. Nothing of it was written. */
export type ProducerRefusal =
  /** The channel was opened again since: whoever holds `epoch` owns it. */
  | { readonly kind: 'stale-epoch'; readonly epoch: bigint }
  /** Overlaps what is stored, or leaves a gap. */
  | { readonly kind: 'offset-conflict'; readonly expected: bigint }
  | { readonly kind: 'no-such-channel' }
  /** The table's producer state is gone: nobody knows what was stored. */
  | { readonly kind: 'state-lost' }
  /** The first request with this key has not been answered. */
  | { readonly kind: 'key-in-flight' }
  /** The key came with another body. */
  | { readonly kind: 'key-reused' };

export type AppendAnswer =
  /** Durable. `committed` settles when the table commit that holds it is in, or rejects (`closed`, `fenced`) when this process will not learn it. */
  | {
      readonly kind: 'durable';
      readonly accepted: number;
      /** With `accepted: 0` that of the dead letters, in their table. */
      readonly position: Position;
      /** Of both tables, when there are dead letters. */
      readonly committed: () => Promise<Committed>;
      readonly deadLetters?: DeadLettered;
      /** A request with the same key and body was stored before: this is its answer. */
      readonly replayed?: true;
    }
  /** The channel's records were stored before, `position` being after the last of them as long as that is remembered. */
  | {
      readonly kind: 'duplicate';
      readonly position?: Position;
      /** Absent when nobody remembers any position of the channel. */
      readonly committed?: () => Promise<Committed>;
    }
  | { readonly kind: 'producer-refused'; readonly refusal: ProducerRefusal }
  /** An empty body: nothing to write. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly count: number; readonly total: number; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'no-such-table' }
  /** A byte budget is full, or the table is held back. */
  | { readonly kind: 'overloaded'; readonly scope: 'log' | 'table' | 'memory'; readonly retryAfterMs: number }
  /** Starting, draining, or the log stopped accepting; `reason` is for people. */
  | { readonly kind: 'not-accepting'; readonly reason: string }
  /** The table stopped (gap, schema no longer writable …) and waits for an operator. */
  | { readonly kind: 'table-stopped'; readonly reason: string; readonly remedy: string };

export interface Committed {
  readonly snapshot: SnapshotId;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type PositionState =
  | { readonly kind: 'committed'; readonly snapshot?: SnapshotId; readonly at?: number }
  /** Durable, not yet in the table. */
  | { readonly kind: 'durable' }
  /** Not a position of this table and daemon. */
  | { readonly kind: 'unknown-position' };

export interface IngestPort {
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** Checks only. */
  dryRun(
    request: AppendRequest,
  ): Promise<
    Extract<AppendAnswer, { kind: 'refused' | 'no-such-table' }> | { readonly kind: 'valid'; readonly count: number }
  >;
  position(table: TableName, position: Position): Promise<PositionState>;
  /** Resolves with `position(...)` once it is committed, or when `signal` aborts with what holds then. */
  awaitPosition(table: TableName, position: Position, signal: AbortSignal): Promise<PositionState>;
}

export interface ChannelStatus {
  readonly name: string;
  readonly epoch: bigint;
  /** Offset of the record that comes next; what is below is durable. */
  readonly next: bigint;
}

export type ChannelAnswer =
  | { readonly kind: 'done'; readonly channel: ChannelStatus }
  | { readonly kind: 'producer-refused'; readonly refusal: ProducerRefusal }
  | { readonly kind: 'too-many-channels'; readonly limit: number }
  | Extract<AppendAnswer, { kind: 'no-such-table' | 'not-accepting' | 'overloaded' | 'table-stopped' }>;

/** Channels of exactly-once producers. */
export interface ChannelPort {
  /**
   * Raises the channel's epoch, durably, and makes the channel when there is none. `start`: where the producer believes it stands; anything
   * else is an offset conflict. After the state was lost it opens the channel anew from there.
   */
  open(table: TableName, name: string, start?: bigint): Promise<ChannelAnswer>;
  /** Forgets the channel; the name starts at 0 again. */
  close(table: TableName, name: string): Promise<ChannelAnswer>;
  channel(table: TableName, name: string): Promise<ChannelAnswer>;
  /** In the order of their names. */
  channels(
    table: TableName,
  ): Promise<
    | { readonly kind: 'listed'; readonly channels: readonly ChannelStatus[] }
    | Extract<ChannelAnswer, { kind: 'no-such-table' | 'not-accepting' }>
  >;
}

export interface TableStatus {
  readonly name: TableName;
  /** `running`: commits flow. `failing`: retried with the error named. `stopped`: waits for an operator. */
  readonly state: 'running' | 'failing' | 'stopped';
  readonly reason?: string;
  readonly remedy?: string;
  /** Acknowledged records not yet in the table. */
  readonly lagRecords: bigint;
  readonly lagBytes: number;
  /** Seconds since the oldest acknowledged, uncommitted record arrived; 0 when there is none. */
  readonly freshnessSeconds: number;
  /** Bytes staged in the spool for the next commits; absent when no record came in this life. */
  readonly stagedBytes?: number;
  /** Bytes of the log that wait for a commit; absent likewise. */
  readonly logBytes?: number;
  readonly lastCommit?: Committed;
  /** As of the last look at the table's files; absent until there was one. */
  readonly health?: HealthLevels;
}

export interface HealthLevels {
  /** 0 to 100. */
  readonly score: number;
  /** What costs most of the points, if anything does. */
  readonly worst?: string;
  readonly files: number;
  readonly smallFilesRatio: number;
  readonly snapshots: number;
  readonly manifests: number;
  /** Points that each cause takes. */
  readonly lost: PointsLost;
}

/** History of one checkpoint of one table, as kept on the store. */
export interface CheckpointRecord {
  readonly table: string;
  readonly epoch: bigint;
  readonly trigger: 'interval' | 'bytes' | 'rows' | 'operator' | 'shutdown' | 'recovery';
  readonly startedAt: number;
  readonly result: 'committed' | 'failed';
  readonly snapshot?: bigint;
  readonly records: number;
  readonly files: number;
  readonly bytes: number;
  /** Lane → offset of the cut. */
  readonly cut: Readonly<Record<string, string>>;
  /** From the arrival of the oldest record (after a restart: from its replay) to its visibility. */
  readonly freshnessSeconds?: number;
  /** Seconds a phase. */
  readonly phases: { readonly write: number; readonly upload: number; readonly commit: number };
  readonly error?: string;
}

export interface ControlPort {
  tables(): Promise<readonly TableStatus[]>;
  /** Those that records came for in this life, without asking the catalog. */
  openTables(): readonly TableStatus[];
  describe(table: TableName): Promise<{ readonly view: TableView; readonly status: TableStatus } | undefined>;
  createTable(definition: TableDefinition): Promise<{ readonly kind: 'created' | 'exists'; readonly view: TableView }>;
  snapshots(table: TableName): Promise<readonly SnapshotSummary[] | undefined>;
  files(table: TableName): Promise<
    | readonly {
        readonly filePath: string;
        readonly recordCount: bigint;
        readonly fileSizeInBytes: bigint;
        readonly partition: readonly (string | null)[];
      }[]
    | undefined
  >;
  /** Cuts now and resolves when every table's commit of it has settled. */
  checkpoint(table?: TableName): Promise<readonly CheckpointRecord[]>;
  checkpoints(table: TableName): Promise<readonly CheckpointRecord[]>;
  /** Reasons why not; empty means ready. */
  notReady(): readonly { readonly code: string; readonly detail: string }[];
}
