/**
 * From the log to the open epoch of one table. Live entries are staged as they are appended; what could not be staged (replay after a
 * start, a re-cut, a full queue of sealed epochs) is read back from the log, which holds every acknowledged record anyway.
 * Owns how far the table is staged. Does not seal, write or commit.
 */
import { SluiceError } from '../core/errors.ts';
import { offset, type LaneId, type Offset, type TableUuid } from '../core/ids.ts';
import type { Pace } from '../core/pace.ts';
import { recordsIn, type Entry, type LateRefusal, type Log } from '../contracts/log.ts';
import type { CanonicalLines, RecordChecker } from '../contracts/record-checker.ts';
import type { TraceContext } from '../contracts/tracing.ts';
import { linesOf, undecidedIn, type LateMisfit, type Undecided } from './dead-letters/undecided.ts';
import type { OpenEpoch } from './epoch.ts';
import type { EntryLines } from './poison/clearance.ts';
import type { IndexedLine } from './poison/poison-hunt.ts';

/** An entry's payload as it is staged, made ahead of time. Believed as long as `by` is still the table's checker. */
export interface ReadyLines {
  readonly by: RecordChecker;
  readonly lines: Uint8Array;
  /** Of the request they came with. */
  readonly trace?: TraceContext;
  /** Absent: every record of the entry. */
  readonly count?: number;
}

/** What happens to acknowledged records that no longer fit, or cannot be written (protocol §3). */
export interface LatePolicy {
  /** False: it stops the table. */
  readonly allowed: (misfit: LateMisfit) => boolean;
  /** Resolves true when nothing that an earlier attempt may still bring can reach the table; false when it went another way. */
  readonly fence: (signal: AbortSignal) => Promise<boolean>;
  /** Resolves when the log has the decision: `Log.refusals` covers the misfits. */
  readonly decide: (entry: Entry, misfits: readonly LateMisfit[], signal: AbortSignal) => Promise<void>;
  /** Those of the lines that the column engine does not survive; looked for only where there is reason to. `ahead`: the entry and what follows. */
  readonly poison: (
    entry: Entry,
    lines: () => readonly IndexedLine[],
    ahead: () => AsyncIterable<EntryLines>,
    signal: AbortSignal,
  ) => Promise<readonly LateMisfit[]>;
  /** Resolves when letters that stand for these may be staged. */
  readonly passed: (refusals: readonly LateRefusal[], signal: AbortSignal) => Promise<void>;
}

export interface FeedTarget {
  readonly table: TableUuid;
  readonly checker: () => RecordChecker;
  /** Of all that works through large payloads in this process. */
  readonly pace: Pace;
  readonly late: LatePolicy;
  /** The epoch that takes the next records; made when there is none. */
  readonly open: () => OpenEpoch;
  /** False: staging is full and the entry stays in the log for later. */
  readonly hasRoom: () => boolean;
  /** Resolves when there may be room again. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** Called after every staged entry: the moment to cut by size. */
  readonly onStaged: (entry: Entry) => void;
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
  /** The turn in which the table was fenced: nothing of a turn is in flight before it is staged. */
  #fenced = -1;
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

  /** Nothing that was given up is waited for any more. */
  letGo(): void {
    this.#unstaged = { records: 0, bytes: 0 };
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
    // What wants a decision, or stands for one, is read back: that can wait.
    const plain = this.#mode === 'live' && this.#target.hasRoom() && entry.decides === undefined;
    if (plain && this.#stage(entry, ready).length === 0) return;
    if (this.#mode === 'live') this.#mode = 'behind';
    this.#unstaged.records += recordsIn(entry);
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
      if (entry.decides !== undefined) await this.#target.late.passed(entry.decides, signal);
      const ready = await this.#decided(entry, turn, signal);
      while (!this.#target.hasRoom() && turn === this.#turn) await this.#target.room(signal);
      signal.throwIfAborted();
      if (turn !== this.#turn) return;
      const [misfit] = this.#stage(entry, ready);
      if (misfit !== undefined) throw noLongerFits(entry, misfit);
      this.#unstaged.records = Math.max(0, this.#unstaged.records - recordsIn(entry));
      this.#unstaged.bytes = Math.max(0, this.#unstaged.bytes - entry.payload.byteLength);
    }
    if (turn === this.#turn) this.#passBuried();
    // Nothing is awaited between this check and the switch, so no append can slip between.
    const done = [...this.#appended].every(([lane, end]) => (this.#staged.get(lane) ?? -1n) >= end);
    if (turn === this.#turn && done) {
      this.#mode = 'live';
      this.#unstaged = { records: 0, bytes: 0 };
      this.#target.onLive();
    }
  }

  /** A table that came back goes on behind what became dead letters meanwhile, though the log holds it no longer. */
  #passBuried(): void {
    for (const { lane, next } of this.#log.buried(this.#target.table)) {
      const at = this.#staged.get(lane);
      if ((at ?? 0n) >= next || (at === undefined && this.#wasPruned(lane))) continue;
      this.#target.open().extend(lane, at, next);
      this.#staged.set(lane, next);
    }
  }

  /** The lines that do not fit; with any, nothing is staged. */
  #stage(entry: Entry, ready?: ReadyLines): readonly LateMisfit[] {
    const at = this.#staged.get(entry.lane);
    const end = offset(entry.baseOffset + BigInt(entry.count));
    if (at !== undefined && end <= at) return [];
    // The lane of this life is not from the past, whatever the clocks said when lanes were born; but once met, it can be pruned by others.
    const fresh = this.#appended.has(entry.lane) && !this.#met.has(entry.lane);
    if (at === undefined && !fresh && this.#wasPruned(entry.lane)) throw restoredFromThePast(entry);
    const skip = at !== undefined && at > entry.baseOffset ? Number(at - entry.baseOffset) : 0;
    const checker = this.#target.checker();
    let lines = skip === 0 && ready?.by === checker ? ready : undefined;
    if (lines === undefined) {
      const rest = this.#undecided(skip === 0 ? entry : withoutLines(entry, skip));
      const canonical = checker.canonical(rest.payload, optionsOf(entry));
      if (canonical.refused.length > 0) return misfitsOf(canonical, rest, skip);
      lines = { by: checker, ...canonical };
    }
    this.#met.add(entry.lane);
    const open = this.#target.open();
    const count = lines.count ?? recordsIn(entry);
    if (count > 0) open.staging.append(lines.lines, count);
    open.extend(entry.lane, at, end);
    open.requests.add(ready?.trace);
    this.#staged.set(entry.lane, end);
    this.#target.onStaged(entry);
    return [];
  }

  /** The entry's lines once every one of them fits or is refused for good; undefined when they are made as they are staged. */
  async #decided(entry: Entry, turn: number, signal: AbortSignal): Promise<ReadyLines | undefined> {
    const { checker, late, pace } = this.#target;
    // What is left of an entry that begins below is made when it is staged.
    while (turn === this.#turn && (this.#staged.get(entry.lane) ?? 0n) <= entry.baseOffset) {
      const by = checker();
      const rest = this.#undecided(entry);
      const canonical = await pace.run(by.canonicalInSteps(rest.payload, optionsOf(entry)));
      const refused = misfitsOf(canonical, rest, 0);
      const misfits =
        refused.length > 0
          ? refused
          : await late.poison(
              entry,
              () => indexed(canonical, rest),
              () => this.#ahead(),
              signal,
            );
      const [first] = misfits;
      if (first === undefined) return { by, ...canonical };
      if (!late.allowed(first)) throw noLongerFits(entry, first);
      if (this.#fenced === turn) await late.decide(entry, misfits, signal);
      // The fence may have met another schema: what fits is asked again.
      else if (await late.fence(signal)) this.#fenced = turn;
      else if (turn === this.#turn) await this.#target.room(signal);
    }
    return undefined;
  }

  /** What comes next, as it will be staged; ends before what no longer fits. */
  async *#ahead(): AsyncGenerator<EntryLines> {
    const { table, checker, pace } = this.#target;
    for await (const entry of this.#log.entries(table, new Map(this.#staged))) {
      const { payload } = this.#undecided(entry);
      const { refused, lines, count } = await pace.run(checker().canonicalInSteps(payload, optionsOf(entry)));
      if (refused.length > 0) return;
      yield { lane: entry.lane, baseOffset: entry.baseOffset, lines, count };
    }
  }

  #undecided(entry: Entry): Undecided {
    return undecidedIn(this.#log, entry);
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

/** Their places within the entry, of which `skipped` lines were left out before. */
const misfitsOf = ({ refused }: CanonicalLines, { indexOf }: Undecided, skipped: number): readonly LateMisfit[] =>
  refused.map(({ index, misfit }) => ({ index: skipped + indexOf(index), misfit }));

/** Nothing of it was refused. */
function indexed({ lines, count }: CanonicalLines, { indexOf }: Undecided): readonly IndexedLine[] {
  const all = linesOf(lines, new Set(Array.from({ length: count }, (_, index) => index)));
  return all.map((line, index) => ({ index: indexOf(index), line }));
}

function noLongerFits(entry: Entry, { index, misfit }: LateMisfit): SluiceError {
  const place = { lane: entry.lane, offset: entry.baseOffset + BigInt(index) };
  if (misfit.code === 'poison')
    return new SluiceError('unsupported', 'an acknowledged record of a dead-letter table cannot be written', {
      context: { ...place, cause: misfit.detail },
      remedy:
        'restart the daemon with encoder: parquetjs until the table is written; the records stay in the log until then',
    });
  return new SluiceError('unsupported', 'an acknowledged record no longer fits the table', {
    context: { ...place, cause: `${misfit.code} at "${misfit.pointer}": ${misfit.detail}` },
    remedy:
      'undo the schema change that narrowed or dropped the column, or set the table property sluice.on-error to dead_letter; the records stay in the log until then',
  });
}

function withoutLines(entry: Entry, lines: number): Entry {
  let start = 0;
  for (let skipped = 0; skipped < lines; skipped += 1) start = entry.payload.indexOf(0x0a, start) + 1;
  const baseOffset = offset(entry.baseOffset + BigInt(lines));
  return { ...entry, baseOffset, count: entry.count - lines, payload: entry.payload.subarray(start) };
}

const restoredFromThePast = (entry: Entry): SluiceError =>
  new SluiceError('corrupt', 'the log holds a lane that the table took in whole and has forgotten', {
    context: { lane: entry.lane, offset: entry.baseOffset },
    remedy: 'the log was restored from an old copy: remove its directory, or write its records to another table',
  });
