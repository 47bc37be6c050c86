/** Which lines of an entry are still the table's: what was decided about is left out, whatever the schema says by then. Pure. */
import type { Burial, Entry, LateRefusal, Log } from '../../contracts/log.ts';
import type { Misfit } from '../../contracts/record-checker.ts';

export interface Undecided {
  readonly payload: Uint8Array;
  readonly count: number;
  /** Within the entry, of a line of `payload`. */
  readonly indexOf: (index: number) => number;
}

/** A line of the entry that does not fit, that kills the process, or whose table is gone; `index` within the entry. */
export interface LateMisfit {
  readonly index: number;
  readonly misfit: Omit<Misfit, 'code'> & { readonly code: Misfit['code'] | 'poison' | 'table_gone' };
}

/** By all that the log knows of decisions. */
export const undecidedIn = (log: Pick<Log, 'refusals' | 'buried'>, entry: Entry): Undecided =>
  undecided(entry, log.refusals(entry.table), log.buried(entry.table));

export function undecided(entry: Entry, refusals: readonly LateRefusal[], burials: readonly Burial[] = []): Undecided {
  const { baseOffset, count, lane, payload } = entry;
  const out = new Set(
    refusals
      .filter((refusal) => refusal.lane === lane && refusal.offset >= baseOffset)
      .map((refusal) => Number(refusal.offset - baseOffset))
      .filter((index) => index < count),
  );
  const indexAt = (at: bigint): number => (at > baseOffset ? Number(at - baseOffset) : 0);
  for (const { from, next } of burials.filter((burial) => burial.lane === lane))
    for (let index = indexAt(from); index < Math.min(indexAt(next), count); index += 1) out.add(index);
  if (out.size === 0) return { payload, count, indexOf: (index) => index };
  const kept = Array.from({ length: count }, (_, index) => index).filter((index) => !out.has(index));
  const lines = linesOf(payload, new Set(kept));
  return { payload: Buffer.concat(lines), count: kept.length, indexOf: (index) => kept[index] ?? index };
}

/** The lines at these indexes, each with its `\n`; views. */
export function linesOf(payload: Uint8Array, indexes: ReadonlySet<number>): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0, index = 0; start < payload.length; index += 1) {
    const end = payload.indexOf(0x0a, start) + 1 || payload.length;
    if (indexes.has(index)) lines.push(payload.subarray(start, end));
    start = end;
  }
  return lines;
}
