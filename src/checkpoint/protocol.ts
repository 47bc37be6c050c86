/**
 * The checkpoint protocol as pure decisions from observed facts (protocol §4 step 4, §6). Reads and writes nothing:
 * the commit loop asks, then acts.
 */
import { offset, type Generation, type LaneId, type Offset, type SnapshotId, type TableUuid } from '../core/ids.ts';
import type { LaneRange, TrimmedMark } from '../contracts/log.ts';
import { bornAt } from '../core/lane-id.ts';
import type { Progress } from '../record/progress.ts';

/** The records `[from, to)` of a lane that an epoch adds to a table. `from` undefined: the table has never heard of the lane. */
export interface LaneCut {
  readonly from: Offset | undefined;
  readonly to: Offset;
}

export interface CommitPlan {
  readonly table: TableUuid;
  readonly lanes: ReadonlyMap<LaneId, LaneCut>;
  readonly generation: Generation;
  /** Same over all attempts of one prepared change. */
  readonly token: SnapshotId;
  /** Where this life last saw the table stand, lanes outside the cut included. */
  readonly known: ReadonlyMap<LaneId, Offset>;
  /** Nothing may have come in since that this life knows nothing of, in any lane: its producers were told of it. */
  readonly alone: boolean;
}

export type Verdict =
  /** The base is exactly where the cut begins. */
  | { readonly kind: 'attempt' }
  /** The base holds our own earlier attempt. */
  | { readonly kind: 'ours' }
  /** Somebody else wrote for these lanes: cut again from the base's progress, with a new token. */
  | { readonly kind: 'recut' }
  /** A newer generation owns a lane of ours. */
  | { readonly kind: 'fenced'; readonly lane: LaneId; readonly generation: Generation };

/**
 * Compares a freshly loaded base with a plan. A commit is valid only where every lane of the cut stands exactly at `from`
 * and no other lane has gone back, nor moved at all where the plan stands `alone`. `landed`: the base has
 * a snapshot of our token, which says so even after a neighbour's commit has put its own token into the property.
 */
export function judge(base: Progress | undefined, plan: CommitPlan, landed: boolean): Verdict {
  for (const lane of plan.lanes.keys()) {
    const at = base?.lanes.get(lane);
    if (at !== undefined && at.generation > plan.generation) return { kind: 'fenced', lane, generation: at.generation };
  }
  const lanes = [...plan.lanes];
  const next = (lane: LaneId): Offset | undefined => base?.lanes.get(lane)?.next;
  // A neighbour that shares our lanes may have gone on behind an attempt of ours whose answer was lost.
  const reached = ([lane, cut]: (typeof lanes)[number]): boolean =>
    (next(lane) ?? -1n) >= cut.to || wasPruned(base, lane);
  const exactly = ([lane, cut]: (typeof lanes)[number]): boolean => next(lane) === cut.to;
  if (base !== undefined && (landed ? lanes.every(reached) : base.token === plan.token && lanes.every(exactly)))
    return { kind: 'ours' };
  // A pointer that went back takes records of other lanes away, too: going on would leave them out until the log has trimmed them.
  const wentBack = [...plan.known].some(([lane, known]) => (next(lane) ?? -1n) < known && !wasPruned(base, lane));
  const strayed = plan.alone && !stoodStill(base, plan.known);
  return !wentBack && !strayed && lanes.every(([lane, cut]) => next(lane) === cut.from)
    ? { kind: 'attempt' }
    : { kind: 'recut' };
}

export const lanesOf = (progress: Progress | undefined): ReadonlyMap<LaneId, Offset> =>
  new Map([...(progress?.lanes ?? [])].map(([lane, at]) => [lane, at.next]));

/**
 * Where the table stands in every lane of the log, too, that its progress does not name: at 0. A table that was put back to before a lane
 * began holds nothing of it, whatever was committed since. Lanes that were pruned are left out: the table held all of them.
 */
export const standingIn = (
  progress: Progress | undefined,
  held: readonly Pick<LaneRange, 'lane'>[],
): ReadonlyMap<LaneId, Offset> =>
  new Map([
    ...held.filter(({ lane }) => !wasPruned(progress, lane)).map(({ lane }) => [lane, offset(0)] as const),
    ...lanesOf(progress),
  ]);

/** No lane of the base is elsewhere than where this life last saw it: nothing that was under way has come in since. */
export const stoodStill = (base: Progress | undefined, known: ReadonlyMap<LaneId, Offset>): boolean =>
  [...(base?.lanes ?? [])].every(([lane, at]) => known.get(lane) === at.next);

/** The table stands below what the log has already trimmed for it: records are nowhere. Only an operator can decide (protocol §2). */
export interface Gap {
  readonly lane: LaneId;
  /** Undefined: the table has no progress for the lane at all. */
  readonly tableAt: Offset | undefined;
  readonly logFrom: Offset;
}

export const gapText = ({ lane, tableAt, logFrom }: Gap): string =>
  `the table stands at ${tableAt === undefined ? 'no progress' : `offset ${tableAt}`} of lane ${lane}, but the log holds it only from ${logFrom}`;

/** Nothing ever starts again at 0 by itself: a lane remembered by the log but behind or absent in the table is a gap. */
export function findGap(
  table: TableUuid,
  base: Progress | undefined,
  trimmed: readonly TrimmedMark[],
): Gap | undefined {
  for (const mark of trimmed) {
    if (mark.table !== table) continue;
    const at = base?.lanes.get(mark.lane)?.next;
    if (at === undefined && wasPruned(base, mark.lane)) continue;
    if (at === undefined || at < mark.next) return { lane: mark.lane, tableAt: at, logFrom: mark.next };
  }
  return undefined;
}

/** The table held every record of the lane and has forgotten it: records that turn up with it now were restored from the past. */
export const wasPruned = (base: Pick<Progress, 'lanes' | 'prunedTo'> | undefined, lane: LaneId): boolean =>
  base?.prunedTo !== undefined && !base.lanes.has(lane) && bornAt(lane) <= base.prunedTo;

/**
 * Lanes that leave the table's progress with the next commit: nothing of them is left in the log, and their last owner began longer ago
 * than the retention (generations are at least the wall clock, `nextGeneration`). Keeps the progress property small for ever.
 */
export function lanesToPrune(
  base: Progress | undefined,
  held: readonly LaneRange[],
  nowMs: number,
  retentionMs: number,
): readonly LaneId[] {
  const kept = new Set(held.map((range) => range.lane));
  const before = BigInt(Math.trunc(nowMs - retentionMs));
  return [...(base?.lanes ?? [])]
    .filter(([lane, at]) => !kept.has(lane) && at.generation < before)
    .map(([lane]) => lane);
}

/**
 * Lanes the table names whose log is not here: the volume was lost, restored older, or the table is shared with another daemon of this
 * pipeline. Before anything is replayed an empty commit with the new generation must fence what those lives may still have in flight.
 */
export function lostLanes(
  table: TableUuid,
  base: Progress | undefined,
  held: readonly LaneRange[],
  trimmed: readonly TrimmedMark[],
): readonly LaneId[] {
  if (base === undefined) return [];
  const known = new Set<LaneId>([
    ...held.map((range) => range.lane),
    ...trimmed.filter((mark) => mark.table === table).map((mark) => mark.lane),
  ]);
  return [...base.lanes].filter(([lane, at]) => at.lost !== true && !known.has(lane)).map(([lane]) => lane);
}

/**
 * More than any owner before us: one above every progress that could be read, and at least the wall clock, which stands in for tables that
 * could not be read at start. A clock that went back can only make us believe we are fenced, never the reverse.
 */
export function nextGeneration(progresses: readonly (Progress | undefined)[], nowMs: number): Generation {
  let highest = BigInt(Math.max(0, Math.trunc(nowMs))) - 1n;
  for (const progress of progresses)
    for (const at of progress?.lanes.values() ?? []) if (at.generation > highest) highest = at.generation;
  return (highest + 1n) as Generation;
}
