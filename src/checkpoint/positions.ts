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
  readonly lanes: ReadonlyMap<LaneId, Offset>;
  readonly committed: Committed;
}

/** Snapshot ids are answered for this many commits back; older positions are still known to be committed. */
const RECENT_COMMITS = 1024;

export class Positions {
  readonly #progress = new Map<LaneId, Offset>();
  readonly #recent: RecentCommit[] = [];
  #waiters: Waiter[] = [];
  #closed: SluiceError | undefined;

  /** What the table says at start; no snapshot is known for it. */
  restore(lanes: ReadonlyMap<LaneId, Offset>): void {
    for (const [lane, next] of lanes) this.#progress.set(lane, next);
  }

  committed(lanes: ReadonlyMap<LaneId, Offset>, snapshot: SnapshotId, at: number): void {
    const commit: RecentCommit = { lanes, committed: { snapshot, at } };
    this.#recent.push(commit);
    if (this.#recent.length > RECENT_COMMITS) this.#recent.shift();
    this.restore(lanes);
    const still: Waiter[] = [];
    for (const waiter of this.#waiters)
      if (this.#holds(waiter.position)) waiter.resolve(this.#commitOf(waiter.position) ?? commit.committed);
      else still.push(waiter);
    this.#waiters = still;
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
    const commit = this.#holds(position) ? this.#commitOf(position) : undefined;
    if (commit !== undefined) return Promise.resolve(commit);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  close(error: SluiceError): void {
    this.#closed = error;
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
  }

  #holds(position: Position): boolean {
    const next = this.#progress.get(position.lane);
    return next !== undefined && position.offset <= next;
  }

  /** The first commit whose cut reached the position. */
  #commitOf(position: Position): Committed | undefined {
    const reaches = (commit: RecentCommit): boolean => {
      const next = commit.lanes.get(position.lane);
      return next !== undefined && position.offset <= next;
    };
    return this.#recent.find(reaches)?.committed;
  }
}
