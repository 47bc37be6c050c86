/**
 * PyIceberg and Spark at work beside us: appends, deletes in both ways, compaction, expiry, manifests, orphans. Owns their turns; a statement that lost
 * its race is counted and, where rows depend on it, tried again. What became of it goes to the books.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';
import { LostRace, type Attempts } from './attempts.ts';
import { idsOf, type Books, type Rows } from './books.ts';
import { deletableIds, type Judges } from './judges.ts';
import { isThere, strayAmong } from './stray-file.ts';
import {
  dayOf,
  DELETABLE,
  FOREIGN_IDS,
  SNAPSHOTS_STAY,
  SNAPSHOTS_STAY_S,
  SPARK_IDS,
  TABLES,
  textOf,
} from './tables.ts';

const SHARED = TABLES.filter(({ shared }) => shared).map(({ name }) => name);
/** Of one statement; whoever loses so often gives up, which is no fault. */
const MOST_ATTEMPTS = 30;
const MEAN_PAUSE_MS = 400;
const MOST_ROWS = 60;

/** How one engine does it. Each is one commit, or rejects with the engine's error. */
interface Hand {
  readonly name: string;
  readonly firstId: number;
  append(table: string, rows: Rows): Promise<void>;
  deleteSome(table: string, rows: Rows): Promise<void>;
  /** What else it does to a table, of which no row depends. */
  readonly chores: Readonly<Record<string, (table: string) => Promise<unknown>>>;
}

export function pyicebergHand({ pyiceberg, catalog }: Judges): Hand {
  return {
    name: 'pyiceberg',
    firstId: FOREIGN_IDS,
    append: async (table, rows) => {
      const batch = idsOf(rows).map((id) => ({ id: String(id), day: dayOf(id), text: textOf(id) }));
      await pyiceberg.append(catalog, table, batch);
    },
    deleteSome: (table, rows) => pyiceberg.deleteIn(catalog, table, 'id', deletableIds(rows)),
    chores: {},
  };
}

export function sparkHand(judges: Judges): Hand {
  const { spark, catalog } = judges;
  const sql = async (statement: string): Promise<void> => void (await spark.sql(catalog, statement));
  const nameOf = (table: string): string => `${catalog.name}.${table}`;
  return {
    name: 'spark',
    firstId: SPARK_IDS,
    append: (table, { first, count }) =>
      sql(
        `INSERT INTO ${nameOf(table)} SELECT id, date_add(DATE '2026-11-01', CAST(id % 3 AS INT)), concat('r', CAST(id % 97 AS STRING)) FROM range(${first}, ${first + count})`,
      ),
    deleteSome: (table, { first, count }) =>
      sql(`DELETE FROM ${nameOf(table)} WHERE id BETWEEN ${first} AND ${first + count - 1} AND id % ${DELETABLE} = 0`),
    chores: {
      rewrite: (table) =>
        sql(
          `CALL ${catalog.name}.system.rewrite_data_files(table => '${table}', options => map('min-input-files', '2', 'max-concurrent-file-group-rewrites', '1'))`,
        ),
      expire: (table) =>
        sql(
          `CALL ${catalog.name}.system.expire_snapshots(table => '${table}', older_than => TIMESTAMP '${secondsAgo(SNAPSHOTS_STAY_S)}', retain_last => ${SNAPSHOTS_STAY})`,
        ).catch(expiredMeanwhile),
      manifests: (table) => sql(`CALL ${catalog.name}.system.rewrite_manifests(table => '${table}')`),
      orphans: async (table) => {
        const stray = await strayAmong(await judges.files(judges.current(table)));
        await sql(`CALL ${catalog.name}.system.remove_orphan_files(table => '${table}')`).catch(expiredMeanwhile);
        if (await isThere(stray)) throw new Error(`${stray} is still there`);
      },
    },
  };
}

/**
 * Both walk what all snapshots reach, and the daemon may expire some of them meanwhile. Whether it took what a kept snapshot reaches is for
 * readers and for the verdict to see.
 */
function expiredMeanwhile(error: unknown): never {
  throw String(error).includes('NotFoundException') ? new LostRace(String(error)) : error;
}

export class ForeignWriter {
  readonly #hand: Hand;
  readonly #judges: Judges;
  readonly #books: Books;
  readonly #attempts: Attempts;
  readonly #chance: Chance;
  #next: number;

  constructor(hand: Hand, judges: Judges, books: Books, attempts: Attempts, chance: Chance) {
    this.#hand = hand;
    this.#judges = judges;
    this.#books = books;
    this.#attempts = attempts;
    this.#chance = chance;
    this.#next = hand.firstId;
  }

  /** Turn after turn until the signal aborts; a turn that has begun comes to its end. */
  async run(over: AbortSignal): Promise<void> {
    const chores = Object.keys(this.#hand.chores);
    while (!over.aborted) {
      const table = this.#chance.pick(SHARED);
      const turn = this.#chance.below(5 + chores.length);
      if (turn < 3) await this.#append(table);
      else if (turn < 5) await this.#delete(table);
      else await this.#chore(table, chores[turn - 5] ?? '');
      await sleep(this.#chance.below(2 * MEAN_PAUSE_MS));
    }
  }

  async #append(table: string): Promise<void> {
    const rows = { first: this.#next, count: this.#chance.between(1, MOST_ROWS) };
    this.#next += rows.count;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const end = await this.#attempts.of(`${this.#hand.name} append`, () => this.#hand.append(table, rows));
      if (end.kind === 'failed') return this.#fault(table, 'append', end.why);
      // Whoever does not know asks the table before it sends again.
      const there = end.kind === 'done' ? rows.count : await this.#judges.present(table, rows);
      if (there === rows.count) {
        this.#books.of(table).foreign.push(rows);
        this.#books.of(table).arrived(rows);
        return;
      }
      if (there > 0) return this.#fault(table, 'append', `${there} of ${rows.count} rows are there`);
    }
  }

  /** Undone it would be done by the next attempt: only a delete whose end is known is in the books. */
  async #delete(table: string): Promise<void> {
    const books = this.#books.of(table);
    const rows = books.takeDeletable(this.#chance);
    if (rows === undefined) return;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const end = await this.#attempts.of(`${this.#hand.name} delete`, () => this.#hand.deleteSome(table, rows));
      if (end.kind === 'failed') return this.#fault(table, 'delete', end.why);
      if (end.kind === 'done' || (end.kind === 'doubtful' && (await this.#judges.present(table, rows, true)) === 0))
        return books.deleted(rows);
    }
    books.giveBack(rows);
  }

  async #chore(table: string, chore: string): Promise<void> {
    const work = this.#hand.chores[chore] ?? (() => Promise.resolve());
    const end = await this.#attempts.of(`${this.#hand.name} ${chore}`, () => work(table));
    if (end.kind === 'failed') this.#fault(table, chore, end.why);
  }

  #fault(table: string, what: string, why: string): void {
    this.#books.violations.push(`${this.#hand.name}, ${what} ${table}: ${why.slice(0, 1_000)}`);
  }
}

/** As Spark reads a time in UTC: it does not take an expression that it would have to fold. */
const secondsAgo = (seconds: number): string =>
  new Date(Date.now() - seconds * 1000).toISOString().replace(/T|Z/g, ' ').trim();
