/**
 * Which tables have series of their own: the first so many, in the order they were met; the others share one. Owns the bound on the
 * number of series; does not know metrics.
 */

/** Stands for every table past the cap. Not a table name: those have a namespace. */
export const OTHER_TABLES = '_other';

export class TableLabels {
  readonly #cap: number;
  readonly #known = new Set<string>();

  constructor(cap: number) {
    this.#cap = cap;
  }

  /** The value of the `table` label. */
  of(table: string): string {
    if (this.#known.has(table)) return table;
    if (this.#known.size >= this.#cap) return OTHER_TABLES;
    this.#known.add(table);
    return table;
  }

  /** Forgets the tables that are gone, which makes room for others, and answers which they were. */
  retain(present: ReadonlySet<string>): readonly string[] {
    const gone = [...this.#known].filter((table) => !present.has(table));
    for (const table of gone) this.#known.delete(table);
    return gone;
  }
}
