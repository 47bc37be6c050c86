/**
 * Producers' notes that are in the log: of each table and key the one that counts, in which segment it is stored last, and whether the
 * table's own commits hold it. Writes nothing.
 */
import type { ProducerNote } from '../contracts/log.ts';
import type { TableUuid } from '../core/ids.ts';

interface Kept {
  readonly note: ProducerNote;
  readonly sequence: number;
}

export class NoteBook {
  readonly #tables = new Map<TableUuid, Map<string, Kept>>();
  readonly #covered = new Map<TableUuid, bigint>();

  /** The frame of these is synced in that segment. */
  add(notes: readonly ProducerNote[], sequence: number): void {
    for (const note of notes) {
      const kept = this.#tables.get(note.table) ?? new Map<string, Kept>();
      this.#tables.set(note.table, kept);
      // A note that was stored again stands behind younger ones of its key.
      if ((kept.get(note.key)?.note.order ?? -1n) <= note.order) kept.set(note.key, { note, sequence });
    }
  }

  of(table: TableUuid): readonly ProducerNote[] {
    return [...(this.#tables.get(table)?.values() ?? [])]
      .map((kept) => kept.note)
      .sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  covered(table: TableUuid, order: bigint): void {
    if (order > (this.#covered.get(table) ?? -1n)) this.#covered.set(table, order);
  }

  /** Those that only a segment up to this one holds. */
  storedUpTo(sequence: number): readonly ProducerNote[] {
    return [...this.#tables].flatMap(([table, kept]) =>
      [...kept.values()]
        .filter((each) => each.sequence <= sequence && !this.#isCovered(table, each))
        .map((each) => each.note),
    );
  }

  /** The segments up to this one are gone. */
  dropUpTo(sequence: number): void {
    for (const [table, kept] of this.#tables) {
      for (const [key, each] of kept) if (each.sequence <= sequence && this.#isCovered(table, each)) kept.delete(key);
      if (kept.size === 0) this.#tables.delete(table);
    }
  }

  #isCovered(table: TableUuid, { note }: Kept): boolean {
    return note.order <= (this.#covered.get(table) ?? -1n);
  }
}
