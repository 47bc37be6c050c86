/**
 * `Log` on a disk: puts writer, account and keeper together. Owns budgets and the answers to callers; how bytes reach the disk is
 * `group-commit.ts`, what leaves it `keeper.ts`.
 */
import type { Disk } from '../contracts/disk.ts';
import type {
  Admission,
  AppendOutcome,
  Burial,
  Entry,
  EntryDraft,
  LaneRange,
  LateRefusal,
  Log,
  LogStatus,
  ProducerNote,
  TrimmedMark,
} from '../contracts/log.ts';
import type { LaneId, Offset, TableName, TableUuid } from '../core/ids.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Reserve } from './disk-full.ts';
import { encodeNotes, encodeRefusals, entriesBytes, validateDraft } from './entry-codec.ts';
import { streamEntries } from './entry-stream.ts';
import { FRAME_HEADER_BYTES, MAX_FRAME_BODY_BYTES } from './frame-codec.ts';
import type { FrameContent } from './group-commit.ts';
import { GroupCommit } from './group-commit.ts';
import { Keeper } from './keeper.ts';
import type { Ledger } from './ledger.ts';
import type { Manifest } from './manifest.ts';
import type { LogPosition } from './segment-header.ts';

export interface LogLimits {
  readonly segmentBytes: number;
  readonly maxBytes: number;
  readonly maxTableBytes: number;
  readonly maxQueuedBytes: number;
  readonly graceMs: number;
  readonly graceBytes: number;
}

/** What opening found. */
export interface OpenedLog {
  readonly disk: Disk;
  readonly directory: string;
  readonly runtime: Runtime;
  readonly limits: LogLimits;
  readonly ledger: Ledger;
  readonly manifest: Manifest;
  readonly tail: LogPosition | undefined;
  readonly nextSequence: number;
  readonly reserve: Reserve;
}

export class DiskLog implements Log {
  readonly #disk: Disk;
  readonly #runtime: Runtime;
  readonly #limits: LogLimits;
  readonly #ledger: Ledger;
  readonly #group: GroupCommit;
  readonly #keeper: Keeper;
  #queuedBytes = 0;
  #closing: Promise<void> | undefined;

  constructor(opened: OpenedLog) {
    const { disk, runtime, limits, ledger } = opened;
    this.#disk = disk;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#ledger = ledger;
    this.#group = new GroupCommit({ ...opened, segmentBytes: limits.segmentBytes });
    this.#keeper = new Keeper(
      {
        ...opened,
        group: this.#group,
        restate: async (refusals, notes) =>
          (await this.#restate({ kind: 'refusals', refusals }, refusals.length, encodeRefusals(refusals))) &&
          (await this.#restate({ kind: 'notes', notes }, notes.length, encodeNotes(notes))),
        graceMs: limits.graceMs,
        graceBytes: limits.graceBytes,
      },
      opened.manifest,
    );
  }

  lanes(): readonly LaneRange[] {
    return this.#ledger.lanes(this.#group.lane);
  }

  async append(
    drafts: readonly EntryDraft[],
    onAppended?: (entries: readonly Entry[]) => void,
    admission?: Admission,
  ): Promise<AppendOutcome> {
    if (drafts.length === 0) return { kind: 'appended', entries: [] };
    for (const draft of drafts) validateDraft(draft);
    const bytes = FRAME_HEADER_BYTES + entriesBytes(drafts);
    if (bytes > MAX_FRAME_BODY_BYTES)
      throw new SluiceError('invalid-input', 'one append exceeds a gibibyte', {
        context: { bytes },
        remedy: 'split the records over several requests',
      });
    return this.#admit(bytes, bytesByTable(drafts)) ?? this.#appendDrafts(drafts, bytes, onAppended, admission);
  }

  async decide(
    refusals: readonly LateRefusal[],
    letters: EntryDraft,
    onAppended?: (entries: readonly Entry[]) => void,
  ): Promise<AppendOutcome> {
    return this.#appendDecision({ ...letters, decides: refusals }, onAppended);
  }

  async bury(
    burial: Burial,
    letters: EntryDraft,
    onAppended?: (entries: readonly Entry[]) => void,
  ): Promise<AppendOutcome> {
    return this.#appendDecision({ ...letters, buries: burial }, (entries) => {
      this.committed(burial.table, new Map([[burial.lane, burial.next]]));
      onAppended?.(entries);
    });
  }

  buried(table: TableUuid): readonly Burial[] {
    return this.#ledger.burials.of(table);
  }

  remember(table: TableUuid, name: TableName): Promise<void> {
    return this.#keeper.remember(table, name);
  }

  nameOf(table: TableUuid): TableName | undefined {
    return this.#keeper.nameOf(table);
  }

  async #appendDecision(
    draft: EntryDraft,
    onAppended: ((entries: readonly Entry[]) => void) | undefined,
  ): Promise<AppendOutcome> {
    validateDraft(draft);
    const reason = this.#reason();
    if (reason !== undefined) return { kind: 'refused', reason };
    return this.#appendDrafts([draft], FRAME_HEADER_BYTES + entriesBytes([draft]), onAppended, undefined);
  }

  async #appendDrafts(
    drafts: readonly EntryDraft[],
    bytes: number,
    onAppended: ((entries: readonly Entry[]) => void) | undefined,
    admission: Admission | undefined,
  ): Promise<AppendOutcome> {
    const shares = bytesByTable(drafts);
    for (const [table, share] of shares) this.#ledger.table(table).queuedBytes += share;
    try {
      return await this.#submit({ kind: 'entries', drafts }, bytes, onAppended, admission);
    } finally {
      for (const [table, share] of shares) this.#ledger.table(table).queuedBytes -= share;
    }
  }

  async note(note: ProducerNote, onStored: () => void, admission?: Admission): Promise<AppendOutcome> {
    return await this.#state({ kind: 'notes', notes: [note] }, encodeNotes([note]), onStored, admission);
  }

  notes(table: TableUuid): readonly ProducerNote[] {
    return this.#ledger.notes.of(table);
  }

  covered(table: TableUuid, order: bigint): void {
    this.#ledger.notes.covered(table, order);
  }

  /** What is still needed of the log's tail, again, at its head; false when that failed. */
  async #restate(content: FrameContent, count: number, chunks: readonly Uint8Array[]): Promise<boolean> {
    return count === 0 || (await this.#state(content, chunks)).kind === 'appended';
  }

  refusals(table: TableUuid): readonly LateRefusal[] {
    return this.#ledger.refusals.of(table);
  }

  async *entries(
    table: TableUuid,
    from: ReadonlyMap<LaneId, Offset>,
    to?: ReadonlyMap<LaneId, Offset>,
  ): AsyncGenerator<Entry, void> {
    yield* streamEntries(this.#disk, this.#ledger.find(table)?.chunks ?? [], from, to);
  }

  async *stamped(table: TableUuid, from: ReadonlyMap<LaneId, Offset>): AsyncGenerator<Entry, void> {
    const chunks = this.#ledger.find(table)?.chunks.filter((chunk) => chunk.stamped) ?? [];
    for await (const entry of streamEntries(this.#disk, chunks, from, undefined))
      if (entry.producer !== undefined) yield entry;
  }

  pendingTables(): readonly TableUuid[] {
    return [...this.#ledger.tables].filter((table) => table.pending.length > 0).map((table) => table.uuid);
  }

  pendingBytes(table: TableUuid): number {
    return this.#ledger.find(table)?.pendingBytes ?? 0;
  }

  trimmed(): readonly TrimmedMark[] {
    return this.#keeper.trimmed;
  }

  committed(table: TableUuid, progress: ReadonlyMap<LaneId, Offset>): void {
    this.#ledger.table(table).committed(progress, this.#runtime.clock.monotonic());
    this.#ledger.refusals.committed(table, progress);
  }

  trim(): Promise<void> {
    return this.#keeper.trim();
  }

  park(table: TableUuid): Promise<void> {
    return this.#keeper.park(table);
  }

  status(): LogStatus {
    const reason = this.#reason();
    const oldest = [...this.#ledger.parked, ...this.#ledger.segments]
      .map((file) => file.firstAt)
      .filter((at) => at !== undefined);
    return {
      accepting: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      bytes: this.#ledger.bytes,
      maxBytes: this.#limits.maxBytes,
      maxTableBytes: this.#limits.maxTableBytes,
      ...(oldest.length === 0 ? {} : { oldestAt: Math.min(...oldest) }),
      parked: this.#ledger.parkedTables(),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#keeper.idle().then(() => this.#group.close());
    return this.#closing;
  }

  #reason(): string | undefined {
    return this.#group.broken ?? (this.#closing === undefined ? undefined : 'the log is closing');
  }

  #admit(bytes: number, shares: ReadonlyMap<TableUuid, number>): AppendOutcome | undefined {
    const reason = this.#reason();
    if (reason !== undefined) return { kind: 'refused', reason };
    for (const [uuid, share] of shares) {
      const table = this.#ledger.table(uuid);
      if (table.pendingBytes + table.queuedBytes + share > this.#limits.maxTableBytes)
        return { kind: 'full', scope: 'table' };
    }
    const { maxBytes, maxQueuedBytes } = this.#limits;
    const crowded = this.#queuedBytes > 0 && this.#queuedBytes + bytes > maxQueuedBytes;
    if (crowded || this.#ledger.bytes + this.#queuedBytes + bytes > maxBytes) return { kind: 'full', scope: 'log' };
    return undefined;
  }

  /** State frames are small and few, and a log that is full needs them to become empty: no budget holds them back. */
  #state(
    content: FrameContent,
    chunks: readonly Uint8Array[],
    onStored?: () => void,
    admission?: Admission,
  ): Promise<AppendOutcome> {
    const reason = this.#reason();
    if (reason !== undefined) return Promise.resolve({ kind: 'refused', reason });
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, FRAME_HEADER_BYTES);
    return this.#submit(content, bytes, onStored, admission);
  }

  #submit(
    content: FrameContent,
    bytes: number,
    onAppended: ((entries: readonly Entry[]) => void) | undefined,
    admission: Admission | undefined,
  ): Promise<AppendOutcome> {
    this.#queuedBytes += bytes;
    return new Promise<AppendOutcome>((settle, fail) => {
      this.#group.submit({ content, bytes, onAppended, admission, settle, fail });
    }).finally(() => (this.#queuedBytes -= bytes));
  }
}

function bytesByTable(drafts: readonly EntryDraft[]): ReadonlyMap<TableUuid, number> {
  const shares = new Map<TableUuid, number>();
  for (const draft of drafts) shares.set(draft.table, (shares.get(draft.table) ?? 0) + entriesBytes([draft]));
  return shares;
}
