/**
 * Which records of tables that are gone have become dead letters (protocol §2), as ranges a table and lane. Owns which there are; what the
 * log still holds of them is the ledger's, and which of them are in the manifest, the keeper's. Writes nothing.
 */
import type { Burial } from '../contracts/log.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';

export class BurialBook {
  readonly #tables = new Map<TableUuid, Burial[]>();

  /** It is synced. One that is known is not told from its repetition. */
  add(burial: Burial): void {
    const { table, lane, from, next } = burial;
    const known = this.#tables.get(table) ?? [];
    const before = known.find((each) => each.lane === lane && each.from <= from && from <= each.next);
    if (before !== undefined && next <= before.next) return;
    const rest = known.filter((each) => each !== before);
    this.#tables.set(table, [...rest, { ...burial, from: before?.from ?? from }].sort(byOffset));
  }

  of(table: TableUuid): readonly Burial[] {
    return this.#tables.get(table) ?? [];
  }

  /** Behind the last of each lane. */
  ends(table: TableUuid): ReadonlyMap<LaneId, Offset> {
    return new Map(this.of(table).map(({ lane, next }) => [lane, next]));
  }

  get all(): readonly Burial[] {
    return [...this.#tables.values()].flat();
  }

  get tables(): Iterable<TableUuid> {
    return this.#tables.keys();
  }
}

const byOffset = (a: Burial, b: Burial): number => (a.from < b.from ? -1 : 1);
