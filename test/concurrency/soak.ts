/**
 * A concurrency soak: our daemon with maintenance without a pause and killed again and again, foreign writers and readers beside it, and the
 * books at the end. Owns the order of events; who does what is beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { exactProducers, type ExactProducer } from '../crash/exact-producers.ts';
import { Chance } from '../support/chance.ts';
import { Attempts } from './attempts.ts';
import { Books, type TableBooks } from './books.ts';
import { ForeignWriter, pyicebergHand, sparkHand } from './foreign-writers.ts';
import { JobTally } from './jobs.ts';
import { Judges } from './judges.ts';
import { KeptSnapshots } from './kept-snapshots.ts';
import { Lives, type Load } from './lives.ts';
import { linesOf, producer } from './producers.ts';
import { Readers } from './readers.ts';
import { ask, expectAnswer, NDJSON } from './requests.ts';
import { SmallFiles } from './small-files.ts';
import { FIELDS, MOST_SMALL_FILES, PROPERTIES, TABLES } from './tables.ts';
import { verdictOn, type SettledTable } from './verdict.ts';

const PRODUCERS = 4;
const LAG_LOOK_MS = 100;
const LAG_PATIENCE_MS = 60_000;
/** Of each kind of violation that may be many. */
const LISTED = 20;
export interface SoakPlan {
  readonly directory: string;
  readonly minutes: number;
  readonly seed: number;
  /** Hears a line a minute. */
  readonly onProgress?: (line: string) => void;
}

export interface SoakResult {
  readonly kills: number;
  readonly requests: number;
  readonly acknowledgedRecords: number;
  readonly foreignRows: number;
  readonly deletedRows: number;
  readonly attempts: Attempts;
  readonly jobs: JobTally;
  readonly readers: Readers;
  readonly small: SmallFiles;
  readonly keptSnapshots: number;
  readonly warnings: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

export async function soak(plan: SoakPlan): Promise<SoakResult> {
  const books = new Books();
  const lives = new Lives(plan.directory);
  const judges = new Judges(plan.directory);
  const cast = new Cast(plan, books, judges);
  await lives.orderly((url) => createTables(url, books));
  try {
    await judges.open();
    await underLoad(plan, cast, lives);
    const settledTables = await lives.orderly((url) => settled(url, cast));
    // Without the daemon nothing expires while the engines read.
    const verdicts: string[] = [];
    for (const table of settledTables) verdicts.push(...(await verdictOn(table, books, judges)).slice(0, LISTED));
    const { small } = cast;
    const many =
      small.most <= MOST_SMALL_FILES
        ? []
        : [`a partition had ${small.most} small files at once; ${MOST_SMALL_FILES} is the bound`];
    return {
      kills: lives.kills,
      requests: books.ledger.requests.length,
      acknowledgedRecords: books.ledger.acknowledgedRecords,
      foreignRows: sumOver(books, ({ foreign }) => foreign.reduce((sum, { count }) => sum + count, 0)),
      deletedRows: sumOver(books, ({ gone }) => gone.size),
      attempts: cast.attempts,
      jobs: cast.jobs,
      readers: cast.readers,
      small,
      keptSnapshots: cast.kept.all.length,
      warnings: lives.log.warnings,
      violations: [
        ...books.violations.slice(0, LISTED),
        ...cast.exact.flatMap(({ violations }) => violations).slice(0, LISTED),
        ...verdicts,
        ...many,
        ...lives.unexpected,
      ],
    };
  } finally {
    await judges.close();
  }
}

/** Everybody who takes part. */
class Cast {
  readonly books: Books;
  readonly judges: Judges;
  readonly attempts = new Attempts();
  readonly kept = new KeptSnapshots();
  readonly small = new SmallFiles();
  readonly jobs: JobTally;
  readonly readers: Readers;
  readonly exact: readonly ExactProducer[];
  /** Who needs the daemon. */
  readonly loads: readonly Load[];
  readonly foreign: readonly ForeignWriter[];

  constructor({ seed }: SoakPlan, books: Books, judges: Judges) {
    const chance = (number: number): Chance => new Chance(seed * 1000 + number);
    this.books = books;
    this.judges = judges;
    this.jobs = new JobTally(books, chance(1));
    this.readers = new Readers(judges, books, this.kept, chance(2));
    this.exact = exactProducers(
      TABLES.map(({ name }) => name),
      books.ledger,
      seed,
    );
    this.loads = [
      ...Array.from({ length: PRODUCERS }, (_, number) => producer(books, chance(100 + number))),
      ...this.exact.map(
        (one): Load =>
          (url, over) =>
            one.run(url, over),
      ),
      this.jobs.load,
    ];
    this.foreign = [pyicebergHand(judges), sparkHand(judges)].map(
      (hand, number) => new ForeignWriter(hand, judges, books, this.attempts, chance(10 + number)),
    );
  }
}

/** All at once for the minutes. Resolves when nobody writes or reads any more. */
async function underLoad({ minutes, onProgress }: SoakPlan, cast: Cast, lives: Lives): Promise<void> {
  const { books, judges, attempts, kept, small, readers } = cast;
  const over = new AbortController();
  const all = Promise.all([
    lives.run(async (url, life) => void (await Promise.all(cast.loads.map((load) => load(url, life)))), over.signal),
    ...cast.foreign.map((writer) => writer.run(over.signal)),
    kept.run(judges, books, attempts, minutes, over.signal),
    small.run(judges, books, over.signal),
    readers.run(over.signal),
  ]);
  for (let minute = 0; minute < minutes; minute += 1) {
    await Promise.race([sleep(Math.min(1, minutes - minute) * 60_000), all]);
    onProgress?.(
      `minute ${minute + 1}: ${lives.kills} kills, ${books.ledger.acknowledgedRecords} records acknowledged, ${small.most} small files at most (late by ${small.longestS.toFixed(0)} s), ${JSON.stringify(Object.fromEntries(attempts.counts))}, ${books.violations.length} violations`,
    );
  }
  over.abort();
  await all;
}

/** Lets everything acknowledged reach its table, and compacts each once more. */
async function settled(url: string, { jobs }: Cast): Promise<readonly SettledTable[]> {
  const tables: SettledTable[] = [];
  for (const { name } of TABLES) {
    const letters = (await ask(`${url}/api/v1/tables/${name}__dead_letters`)).status === 200;
    await drained(url, name);
    if (letters) await drained(url, `${name}__dead_letters`);
    await jobs.compacted(url, name);
    const { location } = await expectAnswer(200, `${url}/api/v1/tables/${name}`);
    tables.push({ name, location: String(location), letters });
  }
  await jobs.look(url);
  return tables;
}

/** What earlier lives left in the log is read back in the background. */
async function drained(url: string, table: string): Promise<void> {
  await expectAnswer(200, `${url}/api/v1/tables/${table}/actions/flush`, 'POST');
  const deadline = performance.now() + LAG_PATIENCE_MS;
  while (performance.now() < deadline) {
    const { status } = await expectAnswer(200, `${url}/api/v1/tables/${table}`);
    if ((status as { readonly lag_records: string }).lag_records === '0') return;
    await sleep(LAG_LOOK_MS);
  }
  throw new Error(`${table} still lags after a minute`);
}

/** Each with a snapshot, so that readers have something to read from the first moment on. */
async function createTables(url: string, books: Books): Promise<void> {
  for (const { name, partitionBy } of TABLES) {
    const table = `${url}/api/v1/tables/${name}`;
    const made = { name, schema: { fields: FIELDS }, partition_by: partitionBy, properties: PROPERTIES };
    await expectAnswer(201, `${url}/api/v1/tables`, 'POST', JSON.stringify(made));
    const sent = books.ledger.open(name, 3, () => false);
    await expectAnswer(200, `${table}/records?ack=committed&timeout=30s`, 'POST', linesOf(sent), NDJSON);
    sent.acknowledged = true;
    books.of(name).arrived(sent);
  }
}

const sumOver = (books: Books, of: (table: TableBooks) => number): number =>
  TABLES.reduce((sum, { name }) => sum + of(books.of(name)), 0);
