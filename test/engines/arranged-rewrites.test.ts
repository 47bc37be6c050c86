/**
 * Tables whose rows were sorted or put along a Z-curve on request, as foreign engines see them: the same rows, files whose bounds overlap
 * less, and a sort order named only where it is the table's own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sparkCatalog } from './catalogs.ts';
import { compareTable } from './compare.ts';
import type { ReaderEngine, StructType } from './harness.ts';
import { KNOWN_REFUSALS, RefusalLedger } from './known-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import { TestDaemon } from './support-daemon.ts';
import { lint } from './support-lint.ts';

const YAML = `checkpoint: { interval: 1h }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: { enabled: false }, expiry: { enabled: false } }
`;
const COLUMNS = { amount: 'decimal(9,2)', size: 'int', place: 'struct<city: string>' };
const COMMITS = 8;
const ROWS = 16_384;
const AMOUNTS = 1_000_000;
const SIZES = 5_000;

/** Of each column every commit holds all of its range. */
const rowOf = (id: number) => ({
  id: String(id),
  amount: (((id * 104_729) % AMOUNTS) / 100).toFixed(2),
  size: id % 11 === 0 ? null : String((id * 7_919) % SIZES),
  place: { city: `city-${String((id * 31) % 997).padStart(3, '0')}` },
});
const ALL = Array.from({ length: ROWS }, (_, id) => rowOf(id));

describe('rows that were arranged on request', () => {
  const spark = sparkCatalog();
  const ledger = new RefusalLedger(KNOWN_REFUSALS);
  let engines: ReaderEngine[] = [];
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await TestDaemon.start(YAML);
    await spark.open();
    engines = await openReaders();
  });
  afterAll(async () => {
    await closeReaders(engines);
    await spark.close();
    await daemon.stop();
  });

  const filled = async (name: string): Promise<StructType> => {
    // Files of some two thousand rows.
    await daemon.create({ name, columns: COLUMNS, properties: { 'write.target-file-size-bytes': '24000' } });
    const { schema } = await daemon.describe(name);
    for (let at = 0; at < COMMITS; at += 1) {
      await daemon.send(
        name,
        schema,
        ALL.filter((_, id) => id % COMMITS === at),
      );
      await daemon.flush(name);
    }
    return schema;
  };
  const sameRows = async (name: string): Promise<void> => {
    const { metadata, schema } = await daemon.describe(name);
    const asks = (_leaf: unknown, { op }: { readonly op: string }): boolean => op === 'eq' || op === 'between';
    expect(
      await compareTable(engines, { metadata, fields: schema.fields, rows: ALL, key: 'id', asks }, ledger),
    ).toEqual([]);
    expect(await lint(metadata, daemon.catalog)).toEqual([]);
  };
  /** How much of the range of a column lies within the bounds of a file, by Spark's reading of them: the mean over files. */
  const spanned = async (name: string, column: 'amount' | 'size'): Promise<number> => {
    const range = column === 'amount' ? AMOUNTS / 100 : SIZES;
    const bound = (which: string): string => `CAST(readable_metrics.${column}.${which}_bound AS DOUBLE)`;
    const [row] = await spark.sql(
      daemon.catalog,
      `SELECT avg(${bound('upper')} - ${bound('lower')}) / ${range} AS spanned FROM ${daemon.catalog.name}.${name}.files`,
    );
    return Number(row?.['spanned']);
  };
  const ordersOf = async (name: string): Promise<readonly (string | null | undefined)[]> =>
    (
      await spark.sql(
        daemon.catalog,
        `SELECT DISTINCT CAST(sort_order_id AS STRING) AS id FROM ${daemon.catalog.name}.${name}.files`,
      )
    ).map((row) => row['id']);

  it('by columns that are not the order of the table, then by its own: bounds follow, and only its own is named', async () => {
    const name = 'arranged.sorted';
    await filled(name);
    expect(await spanned(name, 'amount')).toBeGreaterThan(0.9);
    const first = await daemon.maintain(name, 'compact', '?strategy=sort&columns=amount:desc,place.city');
    expect(first.result).toMatchObject({ files_removed: COMMITS, groups_failed: 0, rows_deleted: '0' });
    expect(await spanned(name, 'amount')).toBeLessThan(0.4);
    expect(await spanned(name, 'size')).toBeGreaterThan(0.9);
    expect(await ordersOf(name)).toEqual([null]);
    await sameRows(name);

    await spark.sql(daemon.catalog, `ALTER TABLE ${daemon.catalog.name}.${name} WRITE ORDERED BY size DESC NULLS LAST`);
    await daemon.maintain(name, 'compact', '?strategy=sort');
    expect(await spanned(name, 'size')).toBeLessThan(0.4);
    expect(await ordersOf(name)).toEqual(['1']);
    await sameRows(name);
  });

  it('along a Z-curve: bounds of every column of it are narrower', async () => {
    const name = 'arranged.curve';
    await filled(name);
    const { result } = await daemon.maintain(name, 'compact', '?strategy=z-order&columns=amount,size');
    expect(result).toMatchObject({ files_removed: COMMITS, groups_failed: 0 });
    expect((await daemon.files(name)).length).toBeGreaterThan(3);
    for (const column of ['amount', 'size'] as const) expect(await spanned(name, column)).toBeLessThan(0.75);
    expect(await ordersOf(name)).toEqual([null]);
    await sameRows(name);
  });
});
