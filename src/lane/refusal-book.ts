/**
 * Late refusals (protocol §3): decisions about positions that the log still holds, and in which segment each is stored last. They outlive
 * the progress that passed them: a table that is put back meets the same records again. Owns which there are. Writes nothing.
 */
import type { LateRefusal } from '../contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';

interface Kept {
  readonly refusal: LateRefusal;
  readonly sequence: number;
}

export class RefusalBook {
  readonly #tables = new Map<TableUuid, Map<string, Kept>>();
  readonly #progress = new Map<TableUuid, Map<LaneId, Offset>>();

  /** The frame of these is synced in that segment. The same position again takes the place of the former. */
  add(refusals: readonly LateRefusal[], sequence: number): void {
    for (const refusal of refusals) {
      const kept = this.#tables.get(refusal.table) ?? new Map<string, Kept>();
      this.#tables.set(refusal.table, kept);
      kept.set(`${refusal.lane}-${refusal.offset}`, { refusal, sequence });
    }
  }

  of(table: TableUuid): readonly LateRefusal[] {
    return [...(this.#tables.get(table)?.values() ?? [])].map((kept) => kept.refusal);
  }

  /** What lies below is not needed while the table stays where it is. */
  committed(table: TableUuid, progress: ReadonlyMap<LaneId, Offset>): void {
    const known = this.#progress.get(table) ?? new Map<LaneId, Offset>();
    this.#progress.set(table, known);
    for (const [lane, next] of progress) known.set(lane, next);
  }

  /** The log no longer holds `[first, end)` of the lane for the table. */
  forget(table: TableUuid, lane: LaneId, first: Offset, end: Offset): void {
    const kept = this.#tables.get(table);
    if (kept === undefined) return;
    for (const [key, { refusal }] of kept)
      if (refusal.lane === lane && refusal.offset >= first && refusal.offset < end) kept.delete(key);
    if (kept.size === 0) this.#tables.delete(table);
  }

  /** Those still needed whose only frame is in a segment up to this one. */
  storedUpTo(sequence: number): readonly LateRefusal[] {
    return [...this.#tables].flatMap(([table, kept]) =>
      [...kept.values()]
        .filter(({ refusal, sequence: at }) => at <= sequence && !this.#passed(table, refusal))
        .map(({ refusal }) => refusal),
    );
  }

  #passed(table: TableUuid, { lane, offset }: LateRefusal): boolean {
    return offset < (this.#progress.get(table)?.get(lane) ?? 0n);
  }
}
