/**
 * Who waits for which position of a table, and which snapshot holds it. Owns waiters and a short memory of recent commits.
 * A position `(lane, offset)` is committed when the table's progress of the lane has reached the offset.
 */
import type { SluiceError } from '../core/errors.ts';
import type { LaneId, Offset, SnapshotId } from '../core/ids.ts';
import type { Committed, Position, PositionState } from '../contracts/service-ports.ts';

interface Waiter {
  readonly position: Position;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: SluiceError) => void;
}

interface RecentCommit {
  /** Positions above `from` up to `to` came with it. */
  readonly lanes: ReadonlyMap<LaneId, { readonly from: bigint; readonly to: Offset }>;
  readonly committed: Committed;
}

/** Snapshot ids are answered for this many commits back; older positions are still known to be committed. */
const RECENT_COMMITS = 1024;

export class Positions {
  readonly #progress = new Map<LaneId, Offset>();
  #recent: RecentCommit[] = [];
  #waiters: Waiter[] = [];
  /** The snapshot that last said where the table stands: it holds every position below. */
  #last: Committed | undefined;
  #closed: SluiceError | undefined;

  /**
   * What the table says, at a start or after somebody else moved it; whatever was believed before is forgotten where it differs.
   * `last` is the snapshot that said so: it holds every position below, though it need not have brought them.
   */
  restore(lanes: ReadonlyMap<LaneId, Offset>, last: Committed | undefined): void {
    this.#recent = this.#recent.filter((commit) =>
      [...commit.lanes].every(([lane, { to }]) => (lanes.get(lane) ?? 0n) >= to),
    );
    this.#progress.clear();
    for (const [lane, next] of lanes) this.#progress.set(lane, next);
    this.#closed = undefined;
    this.#last = last;
    if (last !== undefined) this.#wake(last);
  }

  committed(lanes: ReadonlyMap<LaneId, Offset>, snapshot: SnapshotId, at: number): void {
    const covered = [...lanes].map(([lane, to]) => [lane, { from: this.#progress.get(lane) ?? 0n, to }] as const);
    const commit: RecentCommit = { lanes: new Map(covered), committed: { snapshot, at } };
    this.#recent.push(commit);
    if (this.#recent.length > RECENT_COMMITS) this.#recent.shift();
    for (const [lane, next] of lanes) this.#progress.set(lane, next);
    this.#last = commit.committed;
    this.#wake(commit.committed);
  }

  /** Those of the ends that the table has not reached. */
  beyond(ends: ReadonlyMap<LaneId, Offset>): ReadonlyMap<LaneId, Offset> {
    return new Map([...ends].filter(([lane, end]) => (this.#progress.get(lane) ?? 0n) < end));
  }

  /** Where the table stood when this life last saw it. */
  get progress(): ReadonlyMap<LaneId, Offset> {
    return this.#progress;
  }

  /** `durableTo` answers how far the log of this daemon holds the lane for this table. */
  stateOf(position: Position, durableTo: Offset | undefined): PositionState {
    if (this.#holds(position)) {
      const commit = this.#commitOf(position);
      return commit === undefined
        ? { kind: 'committed' }
        : { kind: 'committed', snapshot: commit.snapshot, at: commit.at };
    }
    return durableTo !== undefined && position.offset <= durableTo ? { kind: 'durable' } : { kind: 'unknown-position' };
  }

  /** Rejects with kind `closed` or `fenced` when this process will not learn it: the record is durable all the same. */
  wait(position: Position): Promise<Committed> {
    const commit = this.#holds(position) ? (this.#commitOf(position) ?? this.#last) : undefined;
    if (commit !== undefined) return Promise.resolve(commit);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  /** The table will not learn it any more: whoever waits is told now; `restore` takes it back. */
  close(error: SluiceError): void {
    this.#closed = error;
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
  }

  #holds(position: Position): boolean {
    const next = this.#progress.get(position.lane);
    return next !== undefined && position.offset <= next;
  }

  #wake(otherwise: Committed): void {
    const still: Waiter[] = [];
    for (const waiter of this.#waiters)
      if (this.#holds(waiter.position)) waiter.resolve(this.#commitOf(waiter.position) ?? otherwise);
      else still.push(waiter);
    this.#waiters = still;
  }

  /** The commit that brought the position, if it was one of the recent. */
  #commitOf(position: Position): Committed | undefined {
    const brought = (commit: RecentCommit): boolean => {
      const covered = commit.lanes.get(position.lane);
      return covered !== undefined && covered.from < position.offset && position.offset <= covered.to;
    };
    return this.#recent.find(brought)?.committed;
  }
}
