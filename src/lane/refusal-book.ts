/**
 * Late refusals that are still needed (protocol §3): decisions about positions which their table's progress has not passed.
 * Owns which there are and in which segment each is stored last. Writes nothing.
 */
import type { LateRefusal } from '../contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';

interface Kept {
  readonly refusal: LateRefusal;
  readonly sequence: number;
}

export class RefusalBook {
  readonly #tables = new Map<TableUuid, Map<string, Kept>>();

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

  /** Forgets what the progress has passed. */
  committed(table: TableUuid, progress: ReadonlyMap<LaneId, Offset>): void {
    const kept = this.#tables.get(table);
    if (kept === undefined) return;
    for (const [key, { refusal }] of kept) if (refusal.offset < (progress.get(refusal.lane) ?? 0n)) kept.delete(key);
    if (kept.size === 0) this.#tables.delete(table);
  }

  /** Those whose only frame is in a segment up to this one. */
  storedUpTo(sequence: number): readonly LateRefusal[] {
    return [...this.#tables.values()].flatMap((kept) =>
      [...kept.values()].filter((each) => each.sequence <= sequence).map((each) => each.refusal),
    );
  }
}
