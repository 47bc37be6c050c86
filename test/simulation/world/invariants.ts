/**
 * The invariants of protocol §9, checked at every move of a table and at the end. Compares the truth (what producers were told) with what
 * the tables hold; knows the rules and who may excuse them, changes nothing.
 */
import type { LaneId, SnapshotId, TableUuid } from '../../../src/core/ids.ts';
import type { Field } from '../../../src/record/types.ts';
import type { Committed, Position } from '../../../src/contracts/service-ports.ts';
import type { Progress } from '../../../src/record/progress.ts';
import type { Invariant } from './core.ts';
import type { Ledger, SentRequest } from './ledger.ts';
import { PIPELINE } from './life.ts';
import { filesOf, progressOf, type Cause, type SimTable } from './model-catalog.ts';
import { markOf, requestOf } from './records.ts';
import type { Bucket } from './sim-store.ts';

interface Landed {
  readonly uuid: TableUuid;
  readonly life: string;
  /** What it added, and everything main held with it. */
  readonly requests: ReadonlySet<number>;
  readonly held: ReadonlySet<number>;
  readonly files: number;
}

interface Seen {
  /** Highest progress and generation of a lane so far. */
  readonly lanes: Map<LaneId, { readonly next: bigint; readonly generation: bigint }>;
  /** The catalog lost commits of it: gaps are to be expected. */
  wentBack: boolean;
  /** Lanes that left the progress, all of their records being in. */
  readonly pruned: Set<LaneId>;
  dropped: boolean;
  narrowed: boolean;
  /** Every column it ever had. */
  readonly columns: Map<string, Field>;
}

export class Invariants {
  readonly #ledger: Ledger;
  readonly #bucket: Bucket;
  readonly #violation: (invariant: Invariant, what: string) => void;
  readonly #seen = new Map<TableUuid, Seen>();
  /** Every snapshot of ours that ever was on a main. */
  readonly landed = new Map<SnapshotId, Landed>();
  /** Requests stored for a table, by its uuid. */
  readonly #stored = new Map<TableUuid, SentRequest[]>();

  /** A log was lost or restored older: a table and its dead letters were at different places, and producers were told to send again. */
  lettersMayRepeat = false;
  /** Records may rightly be buried twice: two logs hold them, or their table is gone and so is the next one, to which they were sent again. */
  buriedTwice = false;

  constructor(ledger: Ledger, bucket: Bucket, violation: (invariant: Invariant, what: string) => void) {
    this.#ledger = ledger;
    this.#bucket = bucket;
    this.#violation = violation;
  }

  of(uuid: TableUuid): Seen {
    let seen = this.#seen.get(uuid);
    if (seen === undefined) {
      seen = {
        lanes: new Map(),
        pruned: new Set(),
        wentBack: false,
        dropped: false,
        narrowed: false,
        columns: new Map(),
      };
      this.#seen.set(uuid, seen);
    }
    return seen;
  }

  onStored(request: SentRequest, table: TableUuid): void {
    const stored = this.#stored.get(table) ?? [];
    stored.push(request);
    this.#stored.set(table, stored);
  }

  onMove(before: SimTable | undefined, after: SimTable | undefined, cause: Cause): void {
    if (cause.kind === 'foreign') this.#excuse(before, after, cause.what);
    if (after === undefined) return;
    const seen = this.of(after.uuid);
    for (const field of after.schema.fields) seen.columns.set(field.name, field);
    seen.narrowed ||= after.schema.fields.length < seen.columns.size;
    if (cause.kind === 'ours') for (const lane of cause.update.prune ?? []) this.of(after.uuid).pruned.add(lane);
    this.filesExist(after);
    this.#progress(after);
    const held = this.requestsIn(after);
    this.#places(after, held);
    if (cause.kind !== 'ours') return;
    const base = before === undefined ? new Set<number>() : this.requestsIn(before);
    const requests = new Set([...held].filter((request) => !base.has(request)));
    const files = cause.update.lanes.size;
    this.landed.set(cause.token, { uuid: after.uuid, life: cause.life, requests, held, files });
  }

  /** I4: every file that a snapshot of the table names is there. */
  filesExist(table: SimTable): void {
    for (const snapshot of table.snapshots.values())
      for (const file of snapshot.files)
        if (!this.#bucket.objects.has(keyOf(file)))
          this.#violation('I4', `${file} of snapshot ${snapshot.id} is not there`);
  }

  /** Rows that main holds, each exactly once (I1). */
  rowsIn(table: SimTable): Set<string> {
    const rows = new Set<string>();
    for (const file of filesOf(table))
      for (const row of this.#bucket.objects.get(keyOf(file))?.rows ?? []) {
        if (rows.has(row) && !((this.lettersMayRepeat || this.buriedTwice) && isLetterTable(table)))
          this.#violation('I1', `row ${row} is in ${table.name.name} more than once`);
        rows.add(row);
      }
    return rows;
  }

  /** Requests of which main holds records: all of them, but for those that are dead letters (I2). */
  requestsIn(table: SimTable): Set<number> {
    const rows = this.rowsIn(table);
    const requests = new Set<number>();
    for (const row of rows) {
      const request = requestOf(row);
      if (request !== undefined) requests.add(request);
    }
    for (const id of isLetterTable(table) ? [] : requests) {
      const request = this.#ledger.requests[id];
      const missing = request?.rows.find((row) => !rows.has(row) && !request.letters.has(row) && !request.bad.has(row));
      if (missing !== undefined) this.#violation('I2', `request r${id} is in ${table.name.name} without ${missing}`);
    }
    return requests;
  }

  /** Rows whose dead letters are marked, or may be: what is in the log of a running replay is nobody's yet. */
  replayedIn(letters: SimTable): ReadonlySet<string> {
    const rows = this.rowsIn(letters);
    return new Set(
      [...this.#ledger.letters.values()]
        .filter(({ id }) => rows.has(markOf(id)) || this.#ledger.marks.has(id))
        .map(({ original }) => original.split(' ')[0] ?? ''),
    );
  }

  /** I1: what is in a table is not in its dead letters, too, unless it was replayed. */
  apart(table: SimTable, letters: SimTable): void {
    const own = this.rowsIn(table);
    const replayed = this.replayedIn(letters);
    // Of a table that is gone; an exact producer was told to send it to the next one.
    const buried = new Set(
      [...this.#ledger.letters.values()]
        .filter(({ id }) => id.startsWith('gone_'))
        .map(({ original }) => original.split(' ')[0] ?? ''),
    );
    for (const row of this.rowsIn(letters))
      if (
        own.has(row) &&
        !replayed.has(row) &&
        !buried.has(row) &&
        this.#ledger.requests[requestOf(row) ?? -1]?.excused === undefined
      )
        this.#violation('I1', `row ${row} is in ${table.name.name} and in ${letters.name.name}`);
  }

  /**
   * I11: a commit that was reported is one, and brought the records it was reported for. A daemon that learnt of them from a table that
   * somebody else had moved since may name the snapshot that told it so: it holds them.
   */
  reported(request: SentRequest, committed: Committed, learntLater: boolean): void {
    const landed = this.landed.get(committed.snapshot);
    // Nothing of it is in its own table: the progress passed it.
    if (landed !== undefined && request.letters.size === request.rows.length) return;
    if (landed === undefined)
      this.#violation('I11', `r${request.id} was reported in snapshot ${committed.snapshot}, which never was`);
    else if (!(learntLater ? landed.held : landed.requests).has(request.id))
      this.#violation('I11', `r${request.id} was reported in snapshot ${committed.snapshot}, which did not add it`);
  }

  // I3 and I6: no lane of a table ever goes back, in offset or in generation.
  #progress(table: SimTable): void {
    const { lanes } = this.of(table.uuid);
    const progress = progressOf(table, PIPELINE);
    for (const [lane, was] of lanes) {
      const at = progress?.lanes.get(lane);
      if (at === undefined) continue;
      if (at.next < was.next)
        this.#violation(
          'I3',
          `lane ${lane.slice(0, 6)} of ${table.name.name} went back from ${was.next} to ${at.next}`,
        );
      if (at.generation < was.generation)
        this.#violation(
          'I6',
          `generation of lane ${lane.slice(0, 6)} went back from ${was.generation} to ${at.generation}`,
        );
    }
    for (const [lane, at] of progress?.lanes ?? []) lanes.set(lane, at);
  }

  // I3: of every lane the table holds exactly what is below its progress.
  #places(table: SimTable, held: ReadonlySet<number>): void {
    const progress = progressOf(table, PIPELINE);
    for (const request of this.#stored.get(table.uuid) ?? []) {
      if (request.stored === undefined) continue;
      const own = request.stored.table === table.uuid && !isLetterTable(table);
      if (own && request.letters.size < request.rows.length)
        this.#place(table, request, request.stored.position, held.has(request.id), progress);
    }
    if (!isLetterTable(table) || this.buriedTwice) return;
    const rows = this.rowsIn(table);
    for (const request of this.#ledger.requests)
      for (const [row, letter] of request.letters)
        if (letter.table === table.uuid) this.#place(table, request, letter.position, rows.has(row), progress);
  }

  #place(
    table: SimTable,
    request: SentRequest,
    { lane, offset }: Position,
    isIn: boolean,
    progress: Progress | undefined,
  ): void {
    const at = progress?.lanes.get(lane);
    if (at === undefined && this.of(table.uuid).pruned.has(lane)) return;
    const below = at !== undefined && offset <= at.next;
    if (below && !isIn && request.excused === undefined)
      this.#violation(
        'I3',
        `r${request.id} at ${lane.slice(0, 6)}-${offset} is below the progress ${at.next} and not in ${table.name.name}`,
      );
    if (!below && isIn)
      this.#violation(
        'I3',
        `r${request.id} at ${lane.slice(0, 6)}-${offset} is in ${table.name.name}, whose progress is ${at?.next}`,
      );
  }

  #excuse(before: SimTable | undefined, after: SimTable | undefined, what: string): void {
    if (before === undefined) return;
    if (after?.uuid !== before.uuid) {
      this.of(before.uuid).dropped = true;
      const held = this.requestsIn(before);
      for (const request of this.#stored.get(before.uuid) ?? [])
        request.buriable ||=
          request.stored?.table === before.uuid &&
          request.excused === undefined &&
          !held.has(request.id) &&
          // A version of it had them, and the daemon may not have seen it go back.
          !this.of(before.uuid).wentBack;
      this.#ledger.excuse(
        (this.#stored.get(before.uuid) ?? []).map((request) => request.id),
        'table dropped',
      );
      return;
    }
    if (what === 'pointer-back') {
      const seen = this.of(before.uuid);
      seen.wentBack = true;
      seen.lanes.clear();
    }
    const now = this.requestsIn(after);
    this.#ledger.excuse(
      [...this.requestsIn(before)].filter(
        // What only the table had is gone with it; the rest comes again from the log.
        (id) => !now.has(id) && (what !== 'pointer-back' || this.#ledger.requests[id]?.unlogged === true),
      ),
      what,
    );
  }
}

export const isLetterTable = ({ name }: SimTable): boolean => name.name.endsWith('__dead_letters');

export const keyOf = (uri: string): string => uri.slice('mem://'.length);
