/** The tables held against the books when nobody writes any more: two engines read every row, a third adds them up. Owns the comparison. */
import { lint } from '../engines/support-lint.ts';
import { presentFiles, reachedFiles } from '../engines/support-maintenance.ts';
import { idsOf, type Books, type TableBooks } from './books.ts';
import type { Judges } from './judges.ts';
import { mostSmall } from './small-files.ts';
import { FOREIGN_IDS, SMALL_FILES, TABLES } from './tables.ts';

/** A table that nobody writes to any more, nor to its dead letters. */
export interface SettledTable {
  readonly name: string;
  /** URI. */
  readonly location: string;
  /** Whether it has dead letters. */
  readonly letters: boolean;
}

export async function verdictOn(
  { name: table, location, letters }: SettledTable,
  books: Books,
  judges: Judges,
): Promise<readonly string[]> {
  const view = judges.current(table);
  const found = await judges.column('duckdb', view, 'id');
  const again = await judges.column('pyiceberg', view, 'id');
  const spark = await judges.spark.sql(
    judges.catalog,
    `SELECT count(*) AS rows, count(DISTINCT id) AS distinct_ids, sum(id) AS sum FROM ${judges.catalog.name}.${table}`,
  );
  const ids = found.map(Number);
  const sum = found.reduce((total, id) => total + BigInt(id), 0n);
  const refused = letters ? await lettersOf(judges, `${table}__dead_letters`) : [];
  const { wrong } = await judges.findings(view, []);
  const lost = await filesThatAreMissing(judges, table, location);
  const small = mostSmall(await judges.files(view));
  // What others wrote is theirs: a commit that Spark tries again counts some bytes twice, PyIceberg keeps manifests without live files.
  const findings = TABLES.some(({ name, shared }) => name === table && shared)
    ? []
    : await lint(view.metadata, judges.catalog);
  return [
    ...compareRows(table, ids, refused, books),
    ...(isSame(found, again)
      ? []
      : [`${table}: duckdb reads ${found.length} rows, pyiceberg ${again.length} or others`]),
    ...(Number(spark[0]?.['rows']) === ids.length && spark[0]?.['sum'] === String(sum)
      ? []
      : [`${table}: duckdb reads ${ids.length} rows, spark ${JSON.stringify(spark[0])}`]),
    ...(wrong === 0 ? [] : [`${table}: ${wrong} rows hold something else than was sent`]),
    ...lost.map((path) => `${table}: a snapshot names ${path}, which is gone`),
    ...(small <= SMALL_FILES ? [] : [`${table}: ${small} small files in a partition after compaction`]),
    ...findings.map((finding) => `${table}: ${JSON.stringify(finding)}`),
  ];
}

/** `ids`: as often as they were found. */
export function compareRows(
  table: string,
  ids: readonly number[],
  letters: readonly number[],
  books: Books,
): readonly string[] {
  const mine = books.of(table);
  const back = ids.filter((id) => mine.gone.has(id));
  const ours = ids.filter((id) => id < FOREIGN_IDS);
  // To the ledger, what others have deleted was there.
  const goneOfOurs = [...mine.gone].filter((id) => id < FOREIGN_IDS);
  return [
    ...back.map((id) => `${table}: row ${id} was deleted and is there`),
    ...books.ledger.violations(table, [...ours.filter((id) => !mine.gone.has(id)), ...goneOfOurs], letters),
    ...foreignRows(table, ids, mine),
  ];
}

function foreignRows(table: string, ids: readonly number[], mine: TableBooks): readonly string[] {
  const expected = new Set(mine.foreign.flatMap((rows) => idsOf(rows)).filter((id) => !mine.gone.has(id)));
  const faults: string[] = [];
  for (const id of ids)
    if (id >= FOREIGN_IDS && !mine.gone.has(id) && !expected.delete(id))
      faults.push(`${table}: foreign row ${id} is there twice, or was never written`);
  return [...faults, ...[...expected].map((id) => `${table}: foreign row ${id} is missing`)];
}

async function lettersOf(judges: Judges, table: string): Promise<readonly number[]> {
  const originals = await judges.column('pyiceberg', judges.current(table), 'original');
  return originals.map((hex) => (JSON.parse(Buffer.from(hex, 'hex').toString()) as { readonly id: number }).id);
}

/** Of all that any snapshot of the table reaches. */
async function filesThatAreMissing(judges: Judges, table: string, location: string): Promise<readonly string[]> {
  const present = new Set(await presentFiles(location));
  return (await reachedFiles(judges.spark, judges.catalog, table)).filter((path) => !present.has(path));
}

const isSame = (left: readonly string[], right: readonly string[]): boolean => {
  const sorted = left.toSorted();
  return left.length === right.length && right.toSorted().every((id, at) => id === sorted[at]);
};
