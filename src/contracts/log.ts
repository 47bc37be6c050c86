/**
 * The write-ahead log of a daemon (protocol §2): one log, entries of all tables in arrival order, one lane a life.
 * Owns durability, offsets, replay, trimming and parking. Does not know schemas, tables' content, or when to checkpoint.
 */
import type { LaneId, Offset, TableName, TableUuid } from '../core/ids.ts';

/** Who sent the request of an entry, by a channel or a key of its own (protocol §5). The log keeps it with the entry and compares nothing. */
export type ProducerStamp =
  | {
      readonly kind: 'channel';
      readonly name: string;
      readonly epoch: bigint;
      /** The channel's number of the request's first record. */
      readonly offset: bigint;
      /** Of the request. */
      readonly records: number;
    }
  | {
      readonly kind: 'idempotency-key';
      readonly name: string;
      /** Of the request and its dead letters; whoever stamps reads it. */
      readonly fingerprint: Uint8Array;
      /** Of the request. */
      readonly records: number;
    };

/**
 * A fact about a table's producers that no record carries (a channel was opened or closed). Of one table and key the note of the highest
 * order counts; orders of a table are never used twice.
 */
export interface ProducerNote {
  readonly table: TableUuid;
  readonly key: string;
  readonly order: bigint;
  readonly value: Uint8Array;
}

/**
 * A word in the step that gives a frame its place. Everything placed before is synced or taken back by then, but for frames that share
 * the sync; of those `admit` was asked before. Neither call throws.
 */
export interface Admission {
  /** False: nothing of the call is written; it is answered `withheld` once the frames placed before it are synced. */
  readonly admit: () => boolean;
  /** The frames of this sync were not stored: what any of them was admitted for is void. Called before the next frame is placed. */
  readonly retract: () => void;
}

export interface EntryDraft {
  readonly table: TableUuid;
  readonly schemaId: number;
  /** Offsets that the entry takes, ≥ 1: one a record. */
  readonly count: number;
  /**
   * NDJSON: `count` lines, each ended by `\n`, valid under `schemaId` with these options. Empty: no record, but a place of its own for
   * the stamp of a request that became dead letters alone; then `count` is 1.
   */
  readonly payload: Uint8Array;
  /** Unknown fields in the payload are to be left out rather than refused. */
  readonly ignoreUnknownFields?: boolean;
  readonly producer?: ProducerStamp;
  /** These letters stand for records that were refused late: the entry is the decision (protocol §3). Set by `decide` alone. */
  readonly decides?: readonly LateRefusal[];
  /** These letters stand for records of a table that is gone: the entry is the decision (protocol §2). Set by `bury` alone. */
  readonly buries?: Burial;
}

export interface Entry extends EntryDraft {
  readonly lane: LaneId;
  readonly baseOffset: Offset;
}

export const recordsIn = ({ payload, count }: EntryDraft): number => (payload.byteLength === 0 ? 0 : count);

/** `[first, end)` of a lane that the log still holds for somebody; `end` is the next offset of the lane. */
export interface LaneRange {
  readonly lane: LaneId;
  readonly first: Offset;
  readonly end: Offset;
}

export type AppendOutcome =
  /** Synced: survives kill and power cut. One entry a draft, in order, offsets assigned. */
  | { readonly kind: 'appended'; readonly entries: readonly Entry[] }
  /** The log's or the table's byte budget is full; nothing was written. */
  | { readonly kind: 'full'; readonly scope: 'log' | 'table' }
  /** Its `Admission` said no; what it was compared with is synced. */
  | { readonly kind: 'withheld' }
  /** The log no longer accepts (failed sync twice, closing); nothing of this was acknowledged. It may still turn up on replay. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Highest offset of a lane that was trimmed for a table: a table whose progress is below it has a gap. */
export interface TrimmedMark {
  readonly table: TableUuid;
  readonly lane: LaneId;
  readonly next: Offset;
}

/** A refusal that came after the record had been acknowledged (a schema was narrowed meanwhile): a durable decision, protocol §3. */
export interface LateRefusal {
  readonly table: TableUuid;
  readonly lane: LaneId;
  readonly offset: Offset;
  readonly cause: string;
}

/** Records `[from, next)` of a lane, of a table that is gone, are dead letters for good: protocol §2. */
export interface Burial {
  readonly table: TableUuid;
  readonly lane: LaneId;
  readonly from: Offset;
  readonly next: Offset;
}

/** Parked tables have all their pending entries copied aside so that the log can trim on; with the next append they no longer count as such. */
export interface LogStatus {
  readonly accepting: boolean;
  /** Why not, when it does not accept. */
  readonly reason?: string;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Bytes that one table may have waiting. */
  readonly maxTableBytes: number;
  /** Milliseconds since 1970 of the oldest untrimmed frame. */
  readonly oldestAt?: number;
  readonly parked: readonly TableUuid[];
}

export interface Log {
  /**
   * Lanes of which the log holds anything, oldest first: `first` is the first offset not known to be committed, `end` when all is.
   * The lane of this life is last, once something was appended. With `trimmed()`, every lane a table ever had entries in.
   */
  lanes(): readonly LaneRange[];

  /**
   * All entries of one call are one frame: all or none. Calls that arrive together share one sync.
   * `onAppended` is called synchronously in offset order over all calls, before the promise resolves: staging hangs there.
   */
  append(
    entries: readonly EntryDraft[],
    onAppended?: (entries: readonly Entry[]) => void,
    admission?: Admission,
  ): Promise<AppendOutcome>;

  /**
   * Written and synced like a frame, in one order with the appends; `onStored` is called like `onAppended`. Kept through every trim
   * until `covered`, and as long as the segment lies in the log.
   */
  note(note: ProducerNote, onStored: () => void, admission?: Admission): Promise<AppendOutcome>;
  /** The one that counts of each key, by ascending order. */
  notes(table: TableUuid): readonly ProducerNote[];
  /** The table's own commits hold every note up to this order. */
  covered(table: TableUuid, order: bigint): void;

  /**
   * Like an append of the letters that stand for the refused records, decision and letters being one frame. No budget holds it back: a
   * full log needs decisions to become empty.
   */
  decide(
    refusals: readonly LateRefusal[],
    letters: EntryDraft,
    onAppended?: (entries: readonly Entry[]) => void,
  ): Promise<AppendOutcome>;

  /** Every decision about a record of the table that the log still holds. */
  refusals(table: TableUuid): readonly LateRefusal[];

  /**
   * Like `decide`, for records of a table that is gone; burials of a lane come in offset order. Once stored, the log holds nothing below
   * `next` for that table.
   */
  bury(burial: Burial, letters: EntryDraft, onAppended?: (entries: readonly Entry[]) => void): Promise<AppendOutcome>;

  /** What was buried of the table, by offset within a lane; what adjoins is one. Never forgotten: a table may come back any day. */
  buried(table: TableUuid): readonly Burial[];

  /** Resolves when it is durable that entries of the table are those of this name. Rejects with `unavailable`. */
  remember(table: TableUuid, name: TableName): Promise<void>;
  /** The name remembered last; undefined for entries that are older than that memory. */
  nameOf(table: TableUuid): TableName | undefined;

  /**
   * Synced entries of the table at or after `from` (absent lanes: from their first offset) and below `to` (absent lanes: none), lane by
   * lane, in offset order; parked ones too. An entry across a bound is cut there. What is appended after the first step is not seen.
   */
  entries(table: TableUuid, from: ReadonlyMap<LaneId, Offset>, to?: ReadonlyMap<LaneId, Offset>): AsyncIterable<Entry>;

  /** As `entries`, of those that carry a producer's stamp; parts of the log without any are not read. */
  stamped(table: TableUuid, from: ReadonlyMap<LaneId, Offset>): AsyncIterable<Entry>;

  /** Tables with entries that are not known to be committed. */
  pendingTables(): readonly TableUuid[];

  /** Bytes of the table's entries that are not known to be committed. */
  pendingBytes(table: TableUuid): number;

  trimmed(): readonly TrimmedMark[];

  /** The table's commit with this progress is settled. Never called while a commit is unknown. Lanes that are not named stay where they are. */
  committed(table: TableUuid, progress: ReadonlyMap<LaneId, Offset>): void;

  /** Removes what is committed by every table and older than the grace, or more than the log's share. Idempotent. */
  trim(): Promise<void>;

  /** Copies the table's pending entries aside, atomically with respect to crashes, so that others' entries can be trimmed. */
  park(table: TableUuid): Promise<void>;

  status(): LogStatus;

  /** Stops accepting, waits for appends in flight, closes files. */
  close(): Promise<void>;
}
