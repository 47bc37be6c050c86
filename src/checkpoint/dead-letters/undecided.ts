/** Which lines of an entry are still the table's: late refusals that were decided are left out, whatever the schema says by then. Pure. */
import type { Entry, LateRefusal } from '../../contracts/log.ts';
import type { CanonicalLines } from '../../contracts/record-checker.ts';

export interface Undecided {
  readonly payload: Uint8Array;
  readonly count: number;
  /** Within the entry, of a line of `payload`. */
  readonly indexOf: (index: number) => number;
}

/** A line of the entry that does not fit; `index` within the entry. */
export type LateMisfit = CanonicalLines['refused'][number];

export function undecided(entry: Entry, refusals: readonly LateRefusal[]): Undecided {
  const { baseOffset, count, lane, payload } = entry;
  const out = new Set(
    refusals
      .filter((refusal) => refusal.lane === lane && refusal.offset >= baseOffset)
      .map((refusal) => Number(refusal.offset - baseOffset))
      .filter((index) => index < count),
  );
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
