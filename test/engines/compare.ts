/**
 * Decides whether engines read a table as it is meant: all rows, and the rows each filter must find.
 *
 * Owns the comparison and the treatment of known refusals. What is right comes from the expected rows alone:
 * engines are never compared with one another.
 */
import { expectedKeys, textOf, valueAt, type ExpectedKeys } from './expected.ts';
import { filtersFor, leavesOf, type Leaf } from './filters.ts';
import type { CanonicalRow, CanonicalValue, IcebergField, IcebergType, Predicate, ReaderEngine } from './harness.ts';
import type { KnownRefusal, RefusalLedger, TableUnderTest } from './known-refusals.ts';

/** One thing an engine saw differently. Empty list = every engine agrees, or is excused. */
export interface Difference {
  readonly engine: string;
  readonly check: 'table' | 'rows' | 'filter';
  readonly column: string;
  readonly predicate?: Predicate;
  readonly detail: string;
}

const SHOWN = 3;

/**
 * Asks every engine for the count, all rows and each filter of `filtersFor`. An engine's error is a difference.
 * @param ledger what is excused; the caller keeps it over its tables and then requires that `gone()` is empty
 */
export async function compareTable(
  engines: readonly ReaderEngine[],
  table: TableUnderTest,
  ledger: RefusalLedger,
): Promise<Difference[]> {
  const perEngine = await Promise.all(engines.map((engine) => new EngineComparison(engine, table, ledger).run()));
  return perEngine.flat();
}

class EngineComparison {
  readonly #engine: ReaderEngine;
  readonly #table: TableUnderTest;
  readonly #ledger: RefusalLedger;
  readonly #refusals: readonly KnownRefusal[];
  readonly #differences: Difference[] = [];

  constructor(engine: ReaderEngine, table: TableUnderTest, ledger: RefusalLedger) {
    this.#engine = engine;
    this.#table = table;
    this.#ledger = ledger;
    this.#refusals = ledger.refusals.filter((refusal) => refusal.engine === engine.name);
  }

  async run(): Promise<Difference[]> {
    if (await this.#isReadable()) {
      await this.#compareRows();
      for (const leaf of leavesOf(this.#table.fields)) {
        for (const predicate of filtersFor(leaf, this.#table.rows)) {
          if (this.#table.asks?.(leaf, predicate) ?? true) {
            await this.#compareFilter(leaf, predicate);
          }
        }
      }
    }
    return this.#differences;
  }

  /** Counts the rows; an engine that cannot even do that is asked nothing more. */
  async #isReadable(): Promise<boolean> {
    const covering = this.#refusals.filter((one) => one.check === 'table' && one.covers(this.#table));
    const answer = await this.#engine.read({ mode: 'count', metadata: this.#table.metadata });
    const expected = String(this.#table.rows.length);
    const isRight = answer.kind === 'count' && answer.count === expected;
    this.#report('table', '', undefined, isRight ? undefined : `${expected} rows: ${JSON.stringify(answer)}`, covering);
    return answer.kind !== 'error';
  }

  async #compareRows(): Promise<void> {
    const { metadata, fields, key } = this.#table;
    const whole = await this.#engine.read({ mode: 'rows', metadata });
    for (const field of fields) {
      // One column an engine cannot read must not hide the others.
      const columns = field.name === key ? [key] : [key, field.name];
      const answer = whole.kind === 'rows' ? whole : await this.#engine.read({ mode: 'rows', metadata, columns });
      const covering = this.#refusals.filter((one) => one.check === 'rows' && one.covers(this.#table, field));
      const detail = answer.kind === 'rows' ? this.#columnDetail(field, answer.rows) : JSON.stringify(answer);
      this.#report('rows', field.name, undefined, detail, covering);
    }
  }

  async #compareFilter(leaf: Leaf, predicate: Predicate): Promise<void> {
    const { metadata, rows, key } = this.#table;
    const answer = await this.#engine.read({ mode: 'filter', metadata, key, predicate });
    const detailOf = (expected: ExpectedKeys): string | undefined =>
      answer.kind === 'filter' ? keysDetail(expected, answer.keys) : JSON.stringify(answer);
    const expected = expectedKeys(rows, key, predicate);
    let detail = detailOf(expected);
    const covering: KnownRefusal[] = [];
    for (const refusal of this.#refusals) {
      if (refusal.check !== 'filter' || !refusal.covers(this.#table, leaf, predicate)) {
        continue;
      }
      const { mayFind } = refusal;
      if (mayFind === undefined) {
        covering.push(refusal);
        continue;
      }
      this.#ledger.note(refusal, detail !== undefined);
      const excused = rows.filter((row) => mayFind(valueAt(row, leaf.path))).map((row) => row[key] as string);
      detail = detailOf({ ...expected, may: new Set([...expected.may, ...excused]) });
    }
    this.#report('filter', leaf.path, predicate, detail, covering);
  }

  #columnDetail(field: IcebergField, rows: readonly CanonicalRow[]): string | undefined {
    const { key } = this.#table;
    if (rows.length !== this.#table.rows.length) {
      return `${rows.length} rows instead of ${this.#table.rows.length}`;
    }
    const got = new Map(rows.map((row) => [row[key], row[field.name] ?? null]));
    const wrong = this.#table.rows.flatMap((row) => {
      const want = comparable(row[field.name] ?? null, field.type);
      const seen = got.has(row[key] ?? null)
        ? comparable(got.get(row[key] ?? null) ?? null, field.type)
        : 'no such row';
      return want === seen ? [] : [`${key} ${textOf(row[key] ?? null)}: ${seen} instead of ${want}`];
    });
    return wrong.length === 0 ? undefined : `${wrong.length} values: ${wrong.slice(0, SHOWN).join('; ')}`;
  }

  #report(
    check: 'table' | 'rows' | 'filter',
    column: string,
    predicate: Predicate | undefined,
    detail: string | undefined,
    covering: readonly KnownRefusal[],
  ): void {
    for (const refusal of covering) {
      this.#ledger.note(refusal, detail !== undefined);
    }
    if (detail !== undefined && covering.length === 0) {
      const found = predicate === undefined ? {} : { predicate };
      this.#differences.push({ engine: this.#engine.name, check, column, ...found, detail });
    }
  }
}

function keysDetail(expected: ExpectedKeys, got: readonly string[]): string | undefined {
  const found = new Set(got);
  const wanted = new Set(expected.must);
  const missing = expected.must.filter((key) => !found.has(key));
  const extra = got.filter((key) => !wanted.has(key) && !expected.may.has(key));
  const doubled = got.length - found.size;
  if (missing.length === 0 && extra.length === 0 && doubled === 0) {
    return undefined;
  }
  const show = (keys: readonly string[]): string => `${keys.length} (${keys.slice(0, SHOWN).join(', ')})`;
  return `missing ${show(missing)}, extra ${show(extra)}, doubled ${doubled}, of ${expected.must.length} expected`;
}

/** Text that is equal for equal values: map entries have no order. */
function comparable(value: CanonicalValue, type: IcebergType): string {
  return JSON.stringify(ordered(value, type));
}

function ordered(value: CanonicalValue, type: IcebergType): CanonicalValue {
  if (value === null || typeof type === 'string') {
    return value;
  }
  switch (type.type) {
    case 'struct': {
      const struct = value as CanonicalRow;
      return type.fields.map((field) => ordered(struct[field.name] ?? null, field.type));
    }
    case 'list':
      return (value as CanonicalValue[]).map((item) => ordered(item, type.element));
    case 'map':
      return (value as CanonicalValue[][])
        .map(([key = null, item = null]) => [ordered(key, type.key), ordered(item, type.value)])
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}
