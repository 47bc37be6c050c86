/**
 * Readers in foreign engines during the whole soak: the current table, one that was current half a minute ago, and kept snapshots. None may
 * fail, and each view holds what it held when it was read first, whoever reads it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';
import type { Books } from './books.ts';
import { restAfter, type Judges, type Totals, type View } from './judges.ts';
import type { KeptSnapshots } from './kept-snapshots.ts';
import { TABLES } from './tables.ts';

/** A reader may begin this long after it asked the catalog: half of what a snapshot stays at least. */
const STALE_MS = 30_000;
const PAUSE_MS = 200;
const SPARK_PAUSE_MS = 5_000;

export class Readers {
  readonly #judges: Judges;
  readonly #books: Books;
  readonly #kept: KeptSnapshots;
  readonly #chance: Chance;
  /** Views that DuckDB has read lately, oldest first. */
  #recent: { readonly view: View; readonly since: number }[] = [];
  /** By view, as it was read first. */
  readonly #first = new Map<string, Totals>();
  /** By table: rows that stay, as read last. */
  readonly #staying = new Map<string, number>();
  /** By engine and what was read. */
  readonly reads = new Map<string, number>();
  /** A read of the current table by DuckDB, all columns. Milliseconds. */
  readonly readMs: number[] = [];

  constructor(judges: Judges, books: Books, kept: KeptSnapshots, chance: Chance) {
    this.#judges = judges;
    this.#books = books;
    this.#kept = kept;
    this.#chance = chance;
  }

  /** All readers until the signal aborts. */
  async run(over: AbortSignal): Promise<void> {
    await Promise.all([
      this.#loop('duckdb', PAUSE_MS, over, () => this.#duckdb()),
      this.#loop('pyiceberg', PAUSE_MS, over, () => this.#pyiceberg()),
      this.#loop('spark', SPARK_PAUSE_MS, over, () => this.#spark()),
    ]);
  }

  async #loop(
    engine: string,
    pauseMs: number,
    over: AbortSignal,
    turn: () => Promise<string | undefined>,
  ): Promise<void> {
    while (!over.aborted) {
      const began = performance.now();
      try {
        const what = await turn();
        if (what !== undefined) this.reads.set(`${engine} ${what}`, (this.reads.get(`${engine} ${what}`) ?? 0) + 1);
      } catch (error) {
        this.#books.violations.push(`a reader failed: ${engine}: ${String(error).slice(0, 1_000)}`);
      }
      await sleep(restAfter(began, pauseMs), undefined, { signal: over }).catch(() => undefined);
    }
  }

  async #duckdb(): Promise<string> {
    const kept = this.#chance.oneIn(3) && this.#kept.all.length > 0 ? this.#chance.pick(this.#kept.all) : undefined;
    if (kept !== undefined) {
      const view = { ...this.#judges.current(kept.table), snapshot: kept.snapshot };
      this.#same(view, await this.#judges.findings(view, []));
      return 'kept';
    }
    const stale = this.#chance.oneIn(3) ? this.#stale() : undefined;
    if (stale !== undefined) {
      this.#same(stale, await this.#judges.findings(stale, []));
      return 'stale';
    }
    await this.#current(this.#chance.pick(TABLES).name);
    return 'current';
  }

  /** The current table holds whatever was known of it before it was looked up. */
  async #current(table: string): Promise<void> {
    const books = this.#books.of(table);
    const known = {
      staying: books.staying,
      gone: books.someGone(this.#chance),
      rows: books.anyCommitted(this.#chance),
    };
    const before = this.#staying.get(table) ?? 0;
    const view = this.#judges.current(table);
    const since = performance.now();
    const found = await this.#judges.findings(view, known.gone);
    this.readMs.push(performance.now() - since);
    this.#recent.push({ view, since });
    this.#same(view, found);
    this.#staying.set(table, found.staying);
    const missing = known.rows === undefined ? 0 : await this.#judges.missing(view, known.rows);
    const faults = {
      'rows are there twice': found.rows - found.distinct,
      'rows hold something else than was sent': found.wrong,
      'deleted rows are there': found.gone,
      'committed rows are missing': Math.max(0, known.staying - found.staying),
      'rows are missing that were there': Math.max(0, before - found.staying),
      'rows are missing in a filter': missing,
    };
    for (const [what, count] of Object.entries(faults))
      if (count !== 0) this.#books.violations.push(`duckdb, ${table}: ${count} ${what} (${view.metadata})`);
  }

  async #pyiceberg(): Promise<string | undefined> {
    const view = this.#stale();
    if (view === undefined) return undefined;
    this.#same(view, await this.#judges.pyicebergTotals(view));
    return 'stale';
  }

  async #spark(): Promise<string | undefined> {
    if (this.#kept.all.length === 0) return undefined;
    const { table, tag, snapshot } = this.#chance.pick(this.#kept.all);
    this.#same({ ...this.#judges.current(table), snapshot }, await this.#judges.sparkTotals(table, tag));
    return 'kept';
  }

  #stale(): View | undefined {
    this.#recent = this.#recent.filter(({ since }) => performance.now() - since < STALE_MS);
    return this.#recent.length === 0 ? undefined : this.#chance.pick(this.#recent).view;
  }

  #same({ table, metadata, snapshot }: View, { rows, sum }: Totals): void {
    const key = `${table} ${snapshot ?? metadata}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, { rows, sum });
    else if (first.rows !== rows || first.sum !== sum)
      this.#books.violations.push(`${key}: ${first.rows} rows at first (sum ${first.sum}), then ${rows} (sum ${sum})`);
  }
}
