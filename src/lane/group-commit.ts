/**
 * The log's one writer: frames that arrive while a sync is in flight share the next write and sync. Owns offsets of this life's lane,
 * segments in use, and what a failed write or sync means. Does not know budgets, trimming or who reads.
 */
import type { Admission, AppendOutcome, Entry, EntryDraft, LateRefusal, ProducerNote } from '../contracts/log.ts';
import type { Disk } from '../contracts/disk.ts';
import { messageOf } from '../core/errors.ts';
import { offset, type LaneId, type Offset } from '../core/ids.ts';
import { mintLaneId } from '../core/lane-id.ts';
import type { Runtime } from '../core/runtime.ts';
import { isDiskFull } from './disk-full.ts';
import { encodeEntries, encodeNotes, encodeRefusals } from './entry-codec.ts';
import type { FrameBody } from './frame-codec.ts';
import { frameBody, frameBytes } from './frame-codec.ts';
import type { Ledger } from './ledger.ts';
import type { OpenSegment } from './segment-file.ts';
import { createSegment, frameChunks } from './segment-file.ts';
import type { LogPosition } from './segment-header.ts';
import { segmentName } from './segment-header.ts';
import { Turns } from './turns.ts';

/** Bounds what one failed sync puts in doubt, and how long the first of a group waits for the last. */
const MAX_GROUP_BYTES = 32 << 20;

export type FrameContent =
  | { readonly kind: 'entries'; readonly drafts: readonly EntryDraft[] }
  | { readonly kind: 'refusals'; readonly refusals: readonly LateRefusal[] }
  | { readonly kind: 'notes'; readonly notes: readonly ProducerNote[] };

export interface QueuedFrame {
  readonly content: FrameContent;
  /** On disk, frame header included. */
  readonly bytes: number;
  /** Called in offset order over all frames, in the step in which the frame became durable. */
  readonly onAppended: ((entries: readonly Entry[]) => void) | undefined;
  readonly admission: Admission | undefined;
  readonly settle: (outcome: AppendOutcome) => void;
  /** `onAppended` threw: the frame is durable all the same. */
  readonly fail: (error: unknown) => void;
}

export interface GroupCommitContext {
  readonly disk: Disk;
  readonly directory: string;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
  readonly segmentBytes: number;
  /** Where the log of earlier lives ends. */
  readonly tail: LogPosition | undefined;
  readonly nextSequence: number;
}

interface PlacedFrame {
  readonly frame: QueuedFrame;
  readonly entries: readonly Entry[];
  /** Undefined: withheld. */
  readonly body: FrameBody | undefined;
}

/** `clean`: nothing of the group is in the log, or can ever turn up there. */
type WriteResult = { readonly kind: 'synced' } | { readonly kind: 'clean' | 'doubtful'; readonly cause: unknown };

export class GroupCommit {
  readonly #context: GroupCommitContext;
  readonly #turns = new Turns();
  readonly #queue: QueuedFrame[] = [];
  #pumping: Promise<void> | undefined;
  #lane: LaneId | undefined;
  #next: Offset = offset(0);
  #active: OpenSegment | undefined;
  /** Last good segment and its synced end: what a new segment names as its predecessor. */
  #tail: LogPosition | undefined;
  #nextSequence: number;
  #broken: string | undefined;

  constructor(context: GroupCommitContext) {
    this.#context = context;
    this.#tail = context.tail;
    this.#nextSequence = context.nextSequence;
  }

  get lane(): LaneId | undefined {
    return this.#lane;
  }

  /** Why nothing is accepted any more. */
  get broken(): string | undefined {
    return this.#broken;
  }

  submit(frame: QueuedFrame): void {
    this.#queue.push(frame);
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined));
  }

  /** Ends the segment in use between two groups: the next frame begins a new one. */
  seal(): Promise<void> {
    return this.#turns.take(() => this.#release());
  }

  isActive(name: string): boolean {
    return this.#active?.account.name === name;
  }

  /** Resolves when everything submitted is settled and the files are closed. */
  async close(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
    await this.seal();
  }

  async #pump(): Promise<void> {
    // One step later, so that calls made together are one group from the start.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#turns.take(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const frames = this.#takeGroup();
    try {
      await this.#commitGroup(frames);
    } catch (error) {
      // No failure of the disk ends here: what does is a defect, and nothing may be written after it.
      this.#broken ??= `the log stopped on an unexpected error: ${messageOf(error)}`;
      retract(frames);
      for (const frame of frames) frame.fail(error);
    }
  }

  async #commitGroup(frames: readonly QueuedFrame[]): Promise<void> {
    if (this.#broken !== undefined) return refuse(frames, this.#broken);
    const lane = (this.#lane ??= mintLaneId(this.#context.runtime));
    const group = place(frames, lane, this.#next);
    const bodies = group.map((each) => each.body).filter((body) => body !== undefined);
    if (bodies.length === 0) {
      // What each of them was compared with is synced: it was placed in an earlier group.
      for (const frame of frames) frame.settle({ kind: 'withheld' });
      return;
    }
    const first = await this.#write(lane, bodies);
    if (first.kind === 'synced') return this.#settle(group);
    if (first.kind === 'clean') {
      retract(frames);
      for (const frame of frames) frame.settle({ kind: 'full', scope: 'log' });
      return;
    }
    const second = await this.#write(lane, bodies);
    if (second.kind === 'synced') return this.#settle(group);
    retract(frames);
    this.#broken = `the log could not be written: ${messageOf(first.cause)}; then, in a new segment: ${messageOf(second.cause)}`;
    refuse(frames, this.#broken);
  }

  #takeGroup(): readonly QueuedFrame[] {
    let bytes = 0;
    let count = 0;
    for (const frame of this.#queue) {
      if (count > 0 && bytes + frame.bytes > Math.min(MAX_GROUP_BYTES, this.#context.segmentBytes)) break;
      bytes += frame.bytes;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #write(lane: LaneId, bodies: readonly FrameBody[]): Promise<WriteResult> {
    if (this.#active !== undefined && this.#active.account.end >= this.#context.segmentBytes) await this.#release();
    const active = this.#active ?? (await this.#create(lane));
    if ('kind' in active) return active;
    this.#active = active;
    const { account, file } = active;
    const chunks = frameChunks(account, bodies, this.#context.runtime.clock.now());
    try {
      await file.append(chunks);
    } catch (cause) {
      // Cut and synced, the frames can not turn up later: callers may be told that nothing was written.
      const cut = isDiskFull(cause) && (await succeeds(() => this.#cut(active)));
      if (!cut) await this.#release();
      return { kind: cut ? 'clean' : 'doubtful', cause };
    }
    try {
      await file.sync();
    } catch (cause) {
      // Never again on this file: the kernel may have dropped the pages and would call the next sync a success.
      await this.#release();
      return { kind: 'doubtful', cause };
    }
    return { kind: 'synced' };
  }

  async #create(lane: LaneId): Promise<OpenSegment | WriteResult> {
    const { disk, directory, runtime, ledger } = this.#context;
    const sequence = this.#nextSequence++;
    const predecessor = this.#tail;
    try {
      const segment = await createSegment(disk, directory, runtime, {
        lane,
        sequence,
        baseOffset: this.#next,
        ...(predecessor === undefined ? {} : { predecessor }),
      });
      ledger.addFile(segment.account);
      this.#tail = { sequence, byte: segment.account.end };
      return segment;
    } catch (cause) {
      const removed = await succeeds(async () => {
        await disk.remove(`${directory}/${segmentName(sequence)}`);
        await disk.syncDirectory(directory);
      });
      return { kind: isDiskFull(cause) && removed ? 'clean' : 'doubtful', cause };
    }
  }

  async #cut({ account, file }: OpenSegment): Promise<void> {
    await file.truncate(account.end);
    await file.sync();
  }

  async #release(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined) await succeeds(() => active.file.close());
  }

  #settle(group: readonly PlacedFrame[]): void {
    const { ledger, runtime } = this.#context;
    const account = this.#active?.account;
    if (account === undefined) return;
    const now = runtime.clock.monotonic();
    account.firstAt ??= runtime.clock.now();
    for (const { frame, entries, body } of group) {
      if (body === undefined) {
        frame.settle({ kind: 'withheld' });
        continue;
      }
      const start = account.end;
      account.end += frameBytes(body);
      if (frame.content.kind === 'refusals') ledger.refusals.add(frame.content.refusals, account.sequence);
      else if (frame.content.kind === 'notes') ledger.notes.add(frame.content.notes, account.sequence);
      else {
        ledger.addDecisions(account, entries);
        ledger.addEntries(account, entries, start, account.end, now);
      }
      // Account and callback in one step: whoever cuts at the lane's end has seen every entry below it.
      try {
        frame.onAppended?.(entries);
        frame.settle({ kind: 'appended', entries });
      } catch (error) {
        frame.fail(error);
      }
    }
    this.#tail = { sequence: account.sequence, byte: account.end };
    this.#next = ledger.laneEnd(account.lane) ?? this.#next;
  }
}

function refuse(frames: readonly QueuedFrame[], reason: string): void {
  for (const frame of frames) frame.settle({ kind: 'refused', reason });
}

function retract(frames: readonly QueuedFrame[]): void {
  for (const frame of frames) frame.admission?.retract();
}

/**
 * Gives each admitted frame its offsets. They count only once the group is synced: a group that failed leaves them to the next, and
 * what was admitted for it is retracted before the next is placed.
 */
function place(frames: readonly QueuedFrame[], lane: LaneId, first: Offset): readonly PlacedFrame[] {
  let next: bigint = first;
  return frames.map((frame) => {
    if (frame.admission?.admit() === false) return { frame, entries: [], body: undefined };
    if (frame.content.kind === 'refusals')
      return { frame, entries: [], body: frameBody('refusals', encodeRefusals(frame.content.refusals)) };
    if (frame.content.kind === 'notes')
      return { frame, entries: [], body: frameBody('producer-state', encodeNotes(frame.content.notes)) };
    const entries = frame.content.drafts.map((draft): Entry => {
      const baseOffset = offset(next);
      next += BigInt(draft.count);
      return { ...draft, lane, baseOffset };
    });
    return { frame, entries, body: frameBody('entries', encodeEntries(entries)) };
  });
}

const succeeds = async (work: () => Promise<void>): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
};
