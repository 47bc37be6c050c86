/**
 * From the log to the open epoch of one table. Live entries are staged as they are appended; what could not be staged (replay after a
 * start, a re-cut, a full queue of sealed epochs) is read back from the log, which holds every acknowledged record anyway.
 * Owns how far the table is staged. Does not seal, write or commit.
 */
import { SluiceError } from '../core/errors.ts';
import { offset, type LaneId, type Offset, type TableUuid } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import type { Entry, Log } from '../contracts/log.ts';
import type { CanonicalLines, RecordChecker } from '../contracts/record-checker.ts';
import type { TraceContext } from '../contracts/tracing.ts';
import type { OpenEpoch } from './epoch.ts';

/** An entry's payload as it is staged, made ahead of time. Believed as long as `by` is still the table's checker. */
export interface ReadyLines {
  readonly by: RecordChecker;
  readonly lines: Uint8Array;
  /** Of the request they came with. */
  readonly trace?: TraceContext;
}

export interface FeedTarget {
  readonly table: TableUuid;
  readonly checker: () => RecordChecker;
  /** Of all that works through large payloads in this process. */
  readonly pace: Pace;
  /** The epoch that takes the next records; made when there is none. */
  readonly open: () => OpenEpoch;
  /** False: staging is full and the entry stays in the log for later. */
  readonly hasRoom: () => boolean;
  /** Resolves when there may be room again. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** Called after every staged entry: the moment to cut by size. */
  readonly onStaged: () => void;
  /** Called when everything appended so far is staged. */
  readonly onLive: () => void;
}

export class Feed {
  readonly #log: Log;
  readonly #target: FeedTarget;
  /** Next offset to stage, a lane; equals the table's progress where nothing of the lane is staged. */
  #staged = new Map<LaneId, Offset>();
  /** End of what was appended for the table in this life, a lane. */
  readonly #appended = new Map<LaneId, Offset>();
  /** Lanes of which something was staged in this life. */
  readonly #met = new Set<LaneId>();
  #mode: 'live' | 'behind' | 'held' = 'held';
  /** Raised by every rewind: a read-back that began before it stops. */
  #turn = 0;
  #wasPruned: (lane: LaneId) => boolean = () => false;
  #wake: () => void = () => undefined;
  #unstaged = { records: 0, bytes: 0 };

  constructor(log: Log, target: FeedTarget) {
    this.#log = log;
    this.#target = target;
  }

  get live(): boolean {
    return this.#mode === 'live';
  }

  /** Next offset to stage, a lane; what is below is staged or in the table. */
  get staged(): ReadonlyMap<LaneId, Offset> {
    return this.#staged;
  }

  /** Appended in this life and not staged, or given up. What earlier lives left behind is not counted until it is read back. */
  get unstaged(): { readonly records: number; readonly bytes: number } {
    return this.#unstaged;
  }

  /** Stages nothing more until `rewind`: what was staged is given up, and only in the log again. */
  hold(givenUp: { readonly records: number; readonly bytes: number }): void {
    this.#unstaged.records += givenUp.records;
    this.#unstaged.bytes += givenUp.bytes;
    this.#mode = 'held';
    this.#turn += 1;
  }

  /** Starts over from what the table holds: everything staged before is forgotten. */
  rewind(progress: ReadonlyMap<LaneId, Offset>, wasPruned: (lane: LaneId) => boolean): void {
    this.#staged = new Map(progress);
    this.#wasPruned = wasPruned;
    this.#mode = 'behind';
    this.#turn += 1;
    this.#wake();
  }

  /** Called in offset order with every synced entry of the table. */
  onAppended(entry: Entry, ready?: ReadyLines): void {
    this.#appended.set(entry.lane, offset(entry.baseOffset + BigInt(entry.count)));
    if (this.#mode === 'live' && this.#target.hasRoom()) {
      this.#stage(entry, ready);
      return;
    }
    if (this.#mode === 'live') this.#mode = 'behind';
    this.#unstaged.records += entry.count;
    this.#unstaged.bytes += entry.payload.byteLength;
    this.#wake();
  }

  durableTo(lane: LaneId): Offset | undefined {
    return this.#appended.get(lane) ?? this.#log.lanes().find((range) => range.lane === lane)?.end;
  }

  /** Reads back whenever the feed is behind; ends with the signal. Throws what makes the table stop (`Entry` no longer fits). */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#mode === 'behind') await this.#catchUp(signal);
      else await this.#slept(signal);
    }
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const turn = this.#turn;
    for await (const entry of this.#log.entries(this.#target.table, new Map(this.#staged))) {
      const ready = await this.#ready(entry);
      while (!this.#target.hasRoom() && turn === this.#turn) await this.#target.room(signal);
      signal.throwIfAborted();
      if (turn !== this.#turn) return;
      this.#stage(entry, ready);
      this.#unstaged.records = Math.max(0, this.#unstaged.records - entry.count);
      this.#unstaged.bytes = Math.max(0, this.#unstaged.bytes - entry.payload.byteLength);
    }
    // Nothing is awaited between this check and the switch, so no append can slip between.
    const done = [...this.#appended].every(([lane, end]) => (this.#staged.get(lane) ?? -1n) >= end);
    if (turn === this.#turn && done) {
      this.#mode = 'live';
      this.#unstaged = { records: 0, bytes: 0 };
      this.#target.onLive();
    }
  }

  #stage(entry: Entry, ready?: ReadyLines): void {
    const at = this.#staged.get(entry.lane);
    const end = offset(entry.baseOffset + BigInt(entry.count));
    if (at !== undefined && end <= at) return;
    // The lane of this life is not from the past, whatever the clocks said when lanes were born; but once met, it can be pruned by others.
    const fresh = this.#appended.has(entry.lane) && !this.#met.has(entry.lane);
    if (at === undefined && !fresh && this.#wasPruned(entry.lane)) throw restoredFromThePast(entry);
    this.#met.add(entry.lane);
    const skip = at !== undefined && at > entry.baseOffset ? Number(at - entry.baseOffset) : 0;
    const payload = skip === 0 ? entry.payload : withoutLines(entry.payload, skip);
    const useReady = skip === 0 && ready?.by === this.#target.checker();
    const lines = useReady ? ready.lines : this.#canonical(entry, payload, skip);
    const open = this.#target.open();
    open.staging.append(lines, entry.count - skip);
    open.extend(entry.lane, at, end);
    open.requests.add(ready?.trace);
    this.#staged.set(entry.lane, end);
    this.#target.onStaged();
  }

  /** Undefined when the entry begins below what is staged: what is left of it is made when it is staged. */
  async #ready(entry: Entry): Promise<ReadyLines | undefined> {
    if ((this.#staged.get(entry.lane) ?? 0n) > entry.baseOffset) return undefined;
    const by = this.#target.checker();
    const canonical = await this.#target.pace.run(by.canonicalInSteps(entry.payload, optionsOf(entry)));
    return { by, lines: whole(entry, canonical, 0) };
  }

  #canonical(entry: Entry, payload: Uint8Array, skipped: number): Uint8Array {
    return whole(entry, this.#target.checker().canonical(payload, optionsOf(entry)), skipped);
  }

  #slept(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new SluiceError('closed', 'feed was stopped'));
      signal.addEventListener('abort', abort, { once: true });
      this.#wake = () => {
        this.#wake = () => undefined;
        signal.removeEventListener('abort', abort);
        resolve();
      };
    });
  }
}

const optionsOf = (entry: Entry) => ({ ignoreUnknownFields: entry.ignoreUnknownFields ?? false });

/** The lines, if none was refused. */
function whole(entry: Entry, { lines, refused }: CanonicalLines, skipped: number): Uint8Array {
  const [first] = refused;
  if (first === undefined) return lines;
  throw new SluiceError('unsupported', 'an acknowledged record no longer fits the table', {
    context: {
      lane: entry.lane,
      offset: entry.baseOffset + BigInt(skipped + first.index),
      cause: `${first.misfit.code} at "${first.misfit.pointer}": ${first.misfit.detail}`,
    },
    remedy: 'undo the schema change that narrowed or dropped the column; the records stay in the log until then',
  });
}

function withoutLines(payload: Uint8Array, lines: number): Uint8Array {
  let start = 0;
  for (let skipped = 0; skipped < lines; skipped += 1) start = payload.indexOf(0x0a, start) + 1;
  return payload.subarray(start);
}

const restoredFromThePast = (entry: Entry): SluiceError =>
  new SluiceError('corrupt', 'the log holds a lane that the table took in whole and has forgotten', {
    context: { lane: entry.lane, offset: entry.baseOffset },
    remedy: 'the log was restored from an old copy: remove its directory, or write its records to another table',
  });
