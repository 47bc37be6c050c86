/**
 * What each table must hold: our own requests by the ledger, rows of foreign engines, and what was deleted. Written by those who wrote,
 * when they know; owns no reading and no comparison.
 */
import { Ledger } from '../crash/ledger.ts';
import type { Chance } from '../support/chance.ts';
import { isDeletable, TABLES } from './tables.ts';

/** The ids `[first, first + count)`. */
export interface Rows {
  readonly first: number;
  readonly count: number;
}

export const idsOf = ({ first, count }: Rows): number[] => Array.from({ length: count }, (_, at) => first + at);
export const stayingOf = (rows: Rows): number => idsOf(rows).filter((id) => !isDeletable(id)).length;

/** Deleted rows that a reader looks for. */
const LOOKED_FOR = 200;

export class TableBooks {
  /** Rows of foreign engines that are in the table, or were before they were deleted. */
  readonly foreign: Rows[] = [];
  /** Deleted for good. */
  readonly gone = new Set<number>();
  /** Rows that are known to be in the table and that nobody deletes. */
  staying = 0;
  readonly #committed: Rows[] = [];
  #deletable: Rows[] = [];

  /** The rows are in the table, whoever wrote them. */
  arrived(rows: Rows): void {
    this.staying += stayingOf(rows);
    this.#committed.push(rows);
    this.#deletable.push(rows);
  }

  /** Rows that are in the table and that nobody else deletes; whoever takes them deletes them or gives them back. */
  takeDeletable(chance: Chance): Rows | undefined {
    const taken = this.#deletable.length === 0 ? undefined : chance.pick(this.#deletable);
    this.#deletable = this.#deletable.filter((rows) => rows !== taken);
    return taken;
  }

  giveBack(rows: Rows): void {
    this.#deletable.push(rows);
  }

  deleted(rows: Rows): void {
    for (const id of idsOf(rows)) if (isDeletable(id)) this.gone.add(id);
  }

  /** Any rows that are known to be in the table. */
  anyCommitted(chance: Chance): Rows | undefined {
    return this.#committed.length === 0 ? undefined : chance.pick(this.#committed);
  }

  /** The latest of the deleted and some of the others. */
  someGone(chance: Chance): readonly number[] {
    const gone = [...this.gone];
    return [
      ...gone.slice(-LOOKED_FOR / 2),
      ...Array.from({ length: gone.length === 0 ? 0 : LOOKED_FOR / 2 }, () => chance.pick(gone)),
    ];
  }
}

export class Books {
  readonly ledger = new Ledger();
  /** What broke a promise. */
  readonly violations: string[] = [];
  readonly #tables = new Map(TABLES.map(({ name }) => [name, new TableBooks()]));

  of(table: string): TableBooks {
    const books = this.#tables.get(table);
    if (books === undefined) throw new Error(`no books of ${table}`);
    return books;
  }
}
