/** The judges judged: they agree on tables that are not ours, and they notice when they should not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { javaCatalog, pyicebergCatalog, type NewTable } from './catalogs.ts';
import { compareTable } from './compare.ts';
import { compareValues, textOf } from './expected.ts';
import type { CanonicalRow, ReaderEngine } from './harness.ts';
import { RefusalLedger, type KnownRefusal, type TableUnderTest } from './known-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import {
  manyTypes,
  manyTypesRows,
  oldDays,
  oldDaysRows,
  scratchCatalog,
  timeOfDay,
  timeOfDayRows,
  type Scratch,
} from './sample-tables.ts';

/** As our own writer does: uuids without bounds and without statistics, with which several readers lose rows. */
const UUIDS_WITHOUT_BOUNDS = {
  'write.metadata.metrics.column.ident': 'none',
  'write.parquet.stats-enabled.column.ident': 'false',
};

describe('foreign engines on tables made by PyIceberg', () => {
  const pyiceberg = pyicebergCatalog();
  const java = javaCatalog();
  let engines: ReaderEngine[] = [];
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await scratchCatalog();
    await Promise.all([pyiceberg.open(), java.open()]);
    engines = await openReaders();
  });
  afterAll(async () => {
    await closeReaders(engines);
    await Promise.all([pyiceberg.close(), java.close()]);
    await scratch.remove();
  });

  const made = async (name: string, rows: readonly CanonicalRow[], what: NewTable): Promise<TableUnderTest> => {
    const table = `made.${name}`;
    await pyiceberg.create(scratch.catalog, table, what);
    const half = Math.ceil(rows.length / 2);
    await java.append(scratch.catalog, table, rows.slice(0, half));
    const metadata = await java.append(scratch.catalog, table, rows.slice(half));
    return { metadata, fields: what.schema.fields, rows, key: 'id', partition: what.partition ?? [] };
  };
  const ledger = new RefusalLedger();

  it('agree on rows and filters of many types', async () => {
    const what = { schema: manyTypes, properties: UUIDS_WITHOUT_BOUNDS };
    expect(await compareTable(engines, await made('many_types', manyTypesRows, what), ledger)).toEqual([]);
  });

  it('agree on time', async () => {
    const table = await made('time_of_day', timeOfDayRows, { schema: timeOfDay });
    expect(await compareTable(engines, table, ledger)).toEqual([]);
  });

  it('agree on days before 1970 in day partitions', async () => {
    const table = await made('old_days', oldDaysRows, { schema: oldDays, partition: [['local', 'day']] });
    expect(await compareTable(engines, table, ledger)).toEqual([]);
  });

  it('have every known refusal, still', () => {
    expect(ledger.unprovoked()).toEqual([]);
    expect(ledger.gone()).toEqual([]);
  });

  it('notice a wrong value, a missing row and a row too many', async () => {
    const table = await made('noticed', oldDaysRows, { schema: oldDays });
    const [first = {}, ...rest] = oldDaysRows;
    const spoiled = {
      wrong: [{ ...first, local: '1969-12-31T23:59:59.999998' }, ...rest],
      missing: [...oldDaysRows, { ...first, id: '99' }],
      extra: rest,
    };
    for (const [what, rows] of Object.entries(spoiled)) {
      const differences = await compareTable(engines, { ...table, rows }, new RefusalLedger([]));
      for (const engine of engines) {
        const checks = differences.filter((one) => one.engine === engine.name).map((one) => one.check);
        expect(checks, `${engine.name} ${what}`).toEqual(expect.arrayContaining(['rows', 'filter']));
      }
    }
  });

  it('name a refusal that is gone', async () => {
    const table = await made('gone', oldDaysRows, { schema: oldDays });
    const stale: KnownRefusal = {
      engine: 'duckdb',
      name: 'stale',
      reason: 'made up',
      check: 'rows',
      covers: () => true,
    };
    const ledger = new RefusalLedger([stale]);
    const duckdb = engines.filter((engine) => engine.name === 'duckdb');
    expect(await compareTable(duckdb, table, ledger)).toEqual([]);
    expect(ledger.gone()).toEqual(['stale']);
  });

  it('agree on count, sum, least and greatest value', async () => {
    const { metadata } = await made('totals', manyTypesRows, { schema: manyTypes });
    const columns = ['small', 'big', 'single', 'price', 'wide', 'day', 'local', 'instant', 'text'];
    const expected = Object.fromEntries(columns.map((name) => [name, totalsOf(name)]));
    for (const engine of engines) {
      const answer = await engine.read({ mode: 'aggregate', metadata, columns });
      expect(answer, engine.name).toEqual({
        kind: 'aggregate',
        count: String(manyTypesRows.length),
        columns: expected,
      });
    }
  });

  it.each([
    ['java', 'fast append', java, true],
    ['java', 'merging append', java, false],
    ['pyiceberg', 'append', pyiceberg, false],
  ] as const)('%s commits a %s to a catalog file that the other reads', async (writer, _how, catalog, fast) => {
    const table = `made.shared_${writer}_${fast}`;
    // PyIceberg reads and writes a NULL list of structs as empty.
    const rows = manyTypesRows.map((row): CanonicalRow => ({ ...row, points: row['points'] ?? [] }));
    const added = rows.map((row) => ({ ...row, id: String(Number(row['id']) + 100) }));
    await pyiceberg.create(scratch.catalog, table, { schema: manyTypes, partition: [['day', 'identity']] });
    await pyiceberg.append(scratch.catalog, table, rows);
    await catalog.append(scratch.catalog, table, added, fast);
    for (const reader of [java, pyiceberg]) {
      expect(await reader.tables(scratch.catalog)).toContain(table);
      expect(byId(await reader.rows(scratch.catalog, table))).toEqual(byId([...rows, ...added]));
    }
  });
});

function totalsOf(name: string): { sum: string | null; min: string; max: string } {
  const type = manyTypes.fields.find((field) => field.name === name)?.type;
  if (typeof type !== 'string') {
    throw new Error(`${name} is not a primitive column`);
  }
  const values = manyTypesRows.map((row) => row[name] ?? null).filter((value) => value !== null && value !== 'NaN');
  const sorted = values.map((value) => textOf(value)).sort((a, b) => compareValues(type, a, b));
  const scale = type.startsWith('decimal') ? Number(/,(\d+)/.exec(type)?.[1]) : 0;
  const isSummed = type === 'int' || type === 'long' || type.startsWith('decimal');
  const sum = sorted.reduce((total, text) => (isSummed ? total + BigInt(text.replace('.', '')) : total), 0n);
  return { sum: isSummed ? plain(sum, scale) : null, min: sorted[0] ?? '', max: sorted.at(-1) ?? '' };
}

function plain(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

function byId(rows: readonly CanonicalRow[]): CanonicalRow[] {
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));
}
