/**
 * `Log` on a disk: puts writer, account and keeper together. Owns budgets and the answers to callers; how bytes reach the disk is
 * `group-commit.ts`, what leaves it `keeper.ts`.
 */
import type { Disk } from '../contracts/disk.ts';
import type {
  AppendOutcome,
  Entry,
  EntryDraft,
  LaneRange,
  LateRefusal,
  Log,
  LogStatus,
  TrimmedMark,
} from '../contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Reserve } from './disk-full.ts';
import { entriesBytes, refusalsBytes, validateDraft } from './entry-codec.ts';
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
        restate: (refusals) => this.#restate(refusals),
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
  ): Promise<AppendOutcome> {
    if (drafts.length === 0) return { kind: 'appended', entries: [] };
    for (const draft of drafts) validateDraft(draft);
    const bytes = FRAME_HEADER_BYTES + entriesBytes(drafts);
    if (bytes > MAX_FRAME_BODY_BYTES)
      throw new SluiceError('invalid-input', 'one append exceeds a gibibyte', {
        context: { bytes },
        remedy: 'split the records over several requests',
      });
    return this.#admit(bytes, bytesByTable(drafts)) ?? this.#appendDrafts(drafts, bytes, onAppended);
  }

  async decide(
    refusals: readonly LateRefusal[],
    letters: EntryDraft,
    onAppended?: (entries: readonly Entry[]) => void,
  ): Promise<AppendOutcome> {
    const draft = { ...letters, decides: refusals };
    validateDraft(draft);
    const reason = this.#reason();
    if (reason !== undefined) return { kind: 'refused', reason };
    return this.#appendDrafts([draft], FRAME_HEADER_BYTES + entriesBytes([draft]), onAppended);
  }

  async #appendDrafts(
    drafts: readonly EntryDraft[],
    bytes: number,
    onAppended: ((entries: readonly Entry[]) => void) | undefined,
  ): Promise<AppendOutcome> {
    const shares = bytesByTable(drafts);
    for (const [table, share] of shares) this.#ledger.table(table).queuedBytes += share;
    try {
      return await this.#submit({ kind: 'entries', drafts }, bytes, onAppended);
    } finally {
      for (const [table, share] of shares) this.#ledger.table(table).queuedBytes -= share;
    }
  }

  /** Refusals alone, again, at the log's head; false when that failed. Small and few: no budget holds them back. */
  async #restate(refusals: readonly LateRefusal[]): Promise<boolean> {
    if (this.#reason() !== undefined) return false;
    const outcome = await this.#submit(
      { kind: 'refusals', refusals },
      FRAME_HEADER_BYTES + refusalsBytes(refusals),
      undefined,
    );
    return outcome.kind === 'appended';
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

  #submit(
    content: FrameContent,
    bytes: number,
    onAppended: ((entries: readonly Entry[]) => void) | undefined,
  ): Promise<AppendOutcome> {
    this.#queuedBytes += bytes;
    return new Promise<AppendOutcome>((settle, fail) => {
      this.#group.submit({ content, bytes, onAppended, settle, fail });
    }).finally(() => (this.#queuedBytes -= bytes));
  }
}

function bytesByTable(drafts: readonly EntryDraft[]): ReadonlyMap<TableUuid, number> {
  const shares = new Map<TableUuid, number>();
  for (const draft of drafts) shares.set(draft.table, (shares.get(draft.table) ?? 0) + entriesBytes([draft]));
  return shares;
}
