/**
 * Maintenance as foreign engines see it: our compaction and expiry of our tables and of theirs, and their maintenance of ours.
 *
 * One daemon, driven by requests: its own schedule is off, so that each test says what is done when.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { javaCatalog, pyicebergCatalog, sparkCatalog } from './catalogs.ts';
import { compareTable, type Difference } from './compare.ts';
import type { Leaf } from './filters.ts';
import type { CanonicalRow, Predicate, ReaderEngine, StructType } from './harness.ts';
import { KNOWN_REFUSALS, RefusalLedger } from './known-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import { TestDaemon, type NewTable } from './support-daemon.ts';
import { lint } from './support-lint.ts';
import { ageFiles, metadataAt, presentFiles, reachedFiles } from './support-maintenance.ts';
import { VALUES } from './support-values.ts';

const YAML = `checkpoint: { interval: 1h }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: { enabled: false, cold_after: 1s }, expiry: { enabled: false } }
`;
const KEPT = 4;
const EXPIRES_AT_ONCE = {
  'history.expire.max-snapshot-age-ms': '1',
  'history.expire.min-snapshots-to-keep': String(KEPT),
};
const REGIONS = ['north', 'süd', null];
/** Every type but time, which Spark cannot open. */
const TYPES = Object.entries(VALUES).filter(([type]) => type !== 'time');
const EVERY_TYPE = Object.fromEntries(TYPES.map(([type], index) => [`c${index}`, type]));
const ORDERS = { region: 'string', amount: 'decimal(9,2)', at: 'timestamptz', size: 'int' };

// As a type, not an interface: only so is it a CanonicalRow.
type Order = {
  readonly id: string;
  readonly region: string | null;
  readonly amount: string;
  readonly at: string;
  readonly size: string | null;
};
const rowOf = (id: number): Order => ({
  id: String(id),
  region: REGIONS[id % 3] ?? null,
  amount: `${id % 1000}.${String(id % 100).padStart(2, '0')}`,
  at: `2026-11-${String(20 + (id % 3)).padStart(2, '0')}T10:${String(id % 60).padStart(2, '0')}:00.000001+00:00`,
  size: id % 7 === 0 ? null : String(id % 50),
});
const rowsFrom = (first: number, count: number): Order[] => Array.from({ length: count }, (_, i) => rowOf(first + i));
const byId = (rows: readonly CanonicalRow[]): CanonicalRow[] =>
  rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));

/** Filters that a wrong bound or a wrong count of NULLs would show in. */
const BOUNDS: ReadonlySet<string> = new Set(['eq', 'between', 'isnull']);
const atBounds =
  (...columns: readonly string[]) =>
  ({ path }: Leaf, { op }: Predicate): boolean =>
    BOUNDS.has(op) && (columns.length === 0 || columns.includes(path));

describe('maintenance in the eyes of foreign engines', () => {
  const java = javaCatalog();
  const pyiceberg = pyicebergCatalog();
  const spark = sparkCatalog();
  const ledger = new RefusalLedger(KNOWN_REFUSALS);
  let engines: ReaderEngine[] = [];
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await TestDaemon.start(YAML);
    await Promise.all([java.open(), pyiceberg.open(), spark.open()]);
    engines = await openReaders();
  });
  afterAll(async () => {
    await closeReaders(engines);
    await Promise.all([java.close(), pyiceberg.close(), spark.close()]);
    await daemon.stop();
  });

  /** A statement on a table of the daemon, written `{table}` in it; a procedure's argument is `{name}`. */
  const sql = (table: string, statement: string): ReturnType<typeof spark.sql> =>
    spark.sql(
      daemon.catalog,
      statement
        .replaceAll('{table}', `${daemon.catalog.name}.${table}`)
        .replaceAll('{system}', `${daemon.catalog.name}.system`)
        .replaceAll('{name}', `'${table}'`),
    );
  const make = async (table: NewTable): Promise<StructType> => {
    await daemon.create(table);
    return (await daemon.describe(table.name)).schema;
  };
  /** A commit of its own. */
  const commit = async (table: string, schema: StructType, rows: readonly CanonicalRow[]): Promise<void> => {
    await daemon.send(table, schema, rows);
    await daemon.flush(table);
  };
  const compare = async (
    table: string,
    rows: readonly CanonicalRow[],
    asks: (leaf: Leaf, predicate: Predicate) => boolean,
    judges = engines,
  ): Promise<Difference[]> => {
    const { metadata, schema } = await daemon.describe(table);
    return compareTable(judges, { metadata, fields: schema.fields, rows, key: 'id', asks }, ledger);
  };
  const deletesOf = async (table: string): Promise<readonly string[]> =>
    (await sql(table, 'SELECT content FROM {table}.delete_files')).map((row) =>
      row['content'] === '1' ? 'position' : 'equality',
    );
  const specsOf = async (table: string): Promise<readonly (string | null | undefined)[]> =>
    (await sql(table, 'SELECT DISTINCT spec_id FROM {table}.files ORDER BY 1')).map((row) => row['spec_id']);
  /** Of equality deletes PyIceberg reads none; of those with a NULL, ClickHouse applies none and DuckDB 1.5.5 dies. */
  const readersOfEqualityDeletes = (): ReaderEngine[] =>
    engines.filter(({ name }) => name === 'iceberg-java' || name === 'spark');

  it('merges hundreds of small files of every type into a few and forgets old snapshots, and no engine sees another row', async () => {
    const name = 'kept.every_type';
    const schema = await make({
      name,
      columns: { region: 'string', ...EVERY_TYPE },
      partitionBy: ['region'],
      properties: EXPIRES_AT_ONCE,
    });
    const valueOf = (column: string, id: number): CanonicalRow[string] => {
      const values = VALUES[EVERY_TYPE[column] ?? ''] ?? [];
      return values[id % values.length] ?? null;
    };
    const rows = Array.from({ length: 330 }, (_, id) => ({
      id: String(id),
      region: REGIONS[id % 3] ?? null,
      ...Object.fromEntries(Object.keys(EVERY_TYPE).map((column) => [column, valueOf(column, id)])),
    }));
    const small = rows.slice(0, -3 * KEPT);
    for (let start = 0; start < small.length; start += 3) await commit(name, schema, small.slice(start, start + 3));
    expect(await daemon.files(name)).toHaveLength(small.length);
    expect(await compare(name, small, atBounds('id'))).toEqual([]);

    await sleep(1_000); // the last commit is cold after a second
    const merged = await daemon.maintain(name, 'compact');
    expect(merged.result).toMatchObject({ files_removed: 318, files_added: 3, groups_dropped: 0, groups_failed: 0 });
    for (let start = small.length; start < rows.length; start += 3)
      await commit(name, schema, rows.slice(start, start + 3));
    const expired = await daemon.maintain(name, 'expire-snapshots');
    expect(expired.result).toMatchObject({ snapshots_expired: 106 + 3, objects_left: 0 });

    expect(await daemon.files(name)).toHaveLength(3 + 3 * KEPT);
    expect(await compare(name, rows, atBounds())).toEqual([]);
    const { metadata, location } = await daemon.describe(name);
    expect(await lint(metadata, daemon.catalog)).toEqual([]);
    const present = await presentFiles(location);
    expect(present).toEqual(await reachedFiles(spark, daemon.catalog, name));
    expect(present).toHaveLength(3 + 3 * KEPT);
    const snapshots = await daemon.snapshots(name);
    expect(snapshots.length).toBe(KEPT);
    for (const { snapshot_id, summary } of snapshots) {
      const then = await metadataAt(metadata, snapshot_id);
      const past = rows.slice(0, Number(summary['total-records']));
      const table = { metadata: then, fields: schema.fields, rows: past, key: 'id', asks: () => false };
      expect(await compareTable(engines, table, ledger)).toEqual([]);
    }
    expect(ledger.gone()).toEqual([]);
  });

  it("applies Spark's position deletes and updates, after which no delete file is left and ingestion goes on", async () => {
    const name = 'foreign.positions';
    const properties = {
      'write.delete.mode': 'merge-on-read',
      'write.update.mode': 'merge-on-read',
      'write.merge.mode': 'merge-on-read',
    };
    const schema = await make({ name, columns: ORDERS, partitionBy: ['region', 'day(at)'], properties });
    for (let start = 0; start < 120; start += 30) await commit(name, schema, rowsFrom(start, 30));
    await sql(name, 'DELETE FROM {table} WHERE id % 5 = 0');
    await commit(name, schema, rowsFrom(120, 30));
    await sql(name, 'UPDATE {table} SET size = 1000 WHERE id % 7 = 1');
    const expected = rowsFrom(0, 150)
      .filter(({ id }) => Number(id) >= 120 || Number(id) % 5 !== 0)
      .map((row) => (Number(row['id']) % 7 === 1 ? { ...row, size: '1000' } : row));
    expect(await deletesOf(name)).toContain('position');
    expect(await compare(name, expected, atBounds('size'))).toEqual([]);

    await sleep(1_000);
    const { result } = await daemon.maintain(name, 'compact');
    expect(result).toMatchObject({ groups_dropped: 0, groups_failed: 0 });
    expect(await deletesOf(name)).toEqual([]);
    expect(await compare(name, expected, atBounds('region', 'size'))).toEqual([]);
    await commit(name, schema, rowsFrom(150, 30));
    expect(await compare(name, [...expected, ...rowsFrom(150, 30)], atBounds('id'))).toEqual([]);
  });

  it('applies equality deletes of Java under two partition specs, and rows that came after them stay', async () => {
    const name = 'foreign.equalities';
    const schema = await make({ name, columns: ORDERS, partitionBy: ['region'] });
    for (let start = 0; start < 60; start += 15) await commit(name, schema, rowsFrom(start, 15));
    const gone = rowsFrom(0, 60).filter(({ id }) => Number(id) % 4 === 0);
    await java.deleteEqual(daemon.catalog, name, ['id'], gone);
    // A key that comes again after its delete is a row again.
    await commit(name, schema, rowsFrom(0, 1));
    await sql(name, 'ALTER TABLE {table} ADD PARTITION FIELD days(at)');
    // The commit that finds the new spec is still of the old one.
    await commit(name, schema, rowsFrom(60, 6));
    await commit(name, schema, rowsFrom(66, 24));
    expect(await specsOf(name)).toEqual(['0', '1']);
    await java.deleteEqual(
      daemon.catalog,
      name,
      ['size', 'region'],
      rowsFrom(66, 24).filter(({ size }) => size === null),
    );
    await commit(name, schema, rowsFrom(90, 10));
    const expected = [
      ...rowsFrom(0, 60).filter(({ id }) => Number(id) % 4 !== 0),
      rowOf(0),
      // The second delete is of the second spec: it is about files of that one alone.
      ...rowsFrom(60, 6),
      ...rowsFrom(66, 24).filter(({ size }) => size !== null),
      ...rowsFrom(90, 10),
    ];
    expect(await deletesOf(name)).toContain('equality');
    expect(await compare(name, expected, atBounds('size'), readersOfEqualityDeletes())).toEqual([]);

    await sleep(1_000);
    const { result } = await daemon.maintain(name, 'compact');
    expect(result).toMatchObject({ groups_dropped: 0, groups_failed: 0 });
    expect(await deletesOf(name)).toEqual([]);
    expect(await compare(name, expected, atBounds('region', 'size'))).toEqual([]);
    await commit(name, schema, rowsFrom(100, 20));
    expect(await compare(name, [...expected, ...rowsFrom(100, 20)], atBounds('id'))).toEqual([]);
  });

  it('applies an equality delete of all partitions to each of them, after which it leaves the table', async () => {
    const name = 'foreign.everywhere';
    const schema = await make({ name, columns: ORDERS, partitionBy: ['region'] });
    for (let start = 0; start < 60; start += 15) await commit(name, schema, rowsFrom(start, 15));
    await sql(name, 'ALTER TABLE {table} DROP PARTITION FIELD region');
    await commit(name, schema, rowsFrom(60, 15));
    await commit(name, schema, rowsFrom(75, 15));
    expect(await specsOf(name)).toEqual(['0', '1']);
    const gone = rowsFrom(0, 90).filter(({ id }) => Number(id) % 4 === 1);
    await java.deleteEqual(daemon.catalog, name, ['id'], gone);
    const expected = rowsFrom(0, 90).filter(({ id }) => Number(id) % 4 !== 1);
    expect(await compare(name, expected, atBounds('region'), readersOfEqualityDeletes())).toEqual([]);

    await sleep(1_000);
    const { result } = await daemon.maintain(name, 'compact');
    expect(result).toMatchObject({ groups_committed: 4, groups_dropped: 0, groups_failed: 0 });
    expect(await deletesOf(name)).toEqual([]);
    expect(await compare(name, expected, atBounds('region', 'size'))).toEqual([]);
  });

  it('goes on exactly once while Spark expires, rewrites files and manifests and removes orphans of our live table', async () => {
    const name = 'live.orders';
    // Spark gives up after four lost races by default, and we commit all the time.
    const properties = { 'commit.retry.num-retries': '50', 'commit.retry.min-wait-ms': '10' };
    const schema = await make({ name, columns: ORDERS, partitionBy: ['region'], properties });
    const rows: CanonicalRow[] = [];
    const send = async (): Promise<void> => {
      const batch = rowsFrom(rows.length, 9);
      rows.push(...batch);
      await commit(name, schema, batch);
    };
    const between = async (statement: string): Promise<Readonly<Record<string, string | null>>> => {
      const foreign = { isAtWork: true };
      const ingesting = (async () => {
        while (foreign.isAtWork) {
          await send();
          await sleep(100);
        }
      })();
      try {
        return (await sql(name, statement))[0] ?? {};
      } finally {
        foreign.isAtWork = false;
        await ingesting;
      }
    };
    for (let round = 0; round < 10; round += 1) await send();
    const now = "TIMESTAMP '2100-01-01 00:00:00'";
    const rewritten = await between(
      "CALL {system}.rewrite_data_files(table => {name}, options => map('min-input-files', '2'))",
    );
    expect(Number(rewritten['rewritten_data_files_count'])).toBeGreaterThan(10);
    const manifests = await between('CALL {system}.rewrite_manifests(table => {name})');
    expect(Number(manifests['rewritten_manifests_count'])).toBeGreaterThan(0);
    const expired = await between(
      `CALL {system}.expire_snapshots(table => {name}, older_than => ${now}, retain_last => 1)`,
    );
    expect(Number(expired['deleted_manifest_lists_count'])).toBeGreaterThan(0);

    await daemon.crash();
    await send();
    const { location } = await daemon.describe(name);
    const orphan = join(fileURLToPath(`${location}/`), 'data', 'orphan.parquet');
    await writeFile(orphan, 'nobody names it');
    await ageFiles(location);
    const removed = await sql(name, 'CALL {system}.remove_orphan_files(table => {name})');
    expect(removed.map((row) => row['orphan_file_location'])).toContainEqual(expect.stringContaining('orphan.parquet'));

    await between('CALL {system}.rewrite_manifests(table => {name})');
    await daemon.maintain(name, 'compact');
    await send();
    expect(await compare(name, rows, atBounds('region', 'amount'))).toEqual([]);
    const { metadata } = await daemon.describe(name);
    const findings = (await lint(metadata, daemon.catalog)).filter(
      (one) => one.problem !== 'header schema-id is nothing',
    );
    expect(findings).toEqual([]);
  });

  it('merges and expires a table that PyIceberg, Java and Spark append to', async () => {
    const name = 'shared.orders';
    const schema = await make({ name, columns: ORDERS, partitionBy: ['region'], properties: EXPIRES_AT_ONCE });
    let next = 0;
    const batch = (): Order[] => rowsFrom((next += 6) - 6, 6);
    for (let round = 0; round < 6; round += 1) {
      await commit(name, schema, batch());
      await pyiceberg.append(daemon.catalog, name, batch());
      await java.append(daemon.catalog, name, batch(), round % 2 === 0);
      const values = batch().map(
        ({ id, region, amount, at, size }) =>
          `(${id}, ${region === null ? 'NULL' : `'${region}'`}, ${amount}, TIMESTAMP '${at.replace('T', ' ')}', ${size ?? 'NULL'})`,
      );
      await sql(name, `INSERT INTO {table} VALUES ${values.join(', ')}`);
    }
    const rows = rowsFrom(0, next);
    expect(await compare(name, rows, atBounds('amount'))).toEqual([]);

    await sleep(1_000);
    const merged = await daemon.maintain(name, 'compact');
    expect(merged.result).toMatchObject({ files_removed: 72, files_added: 3, groups_dropped: 0, groups_failed: 0 });
    for (let round = 0; round < KEPT; round += 1) {
      const late = batch();
      rows.push(...late);
      await commit(name, schema, late);
    }
    const expired = await daemon.maintain(name, 'expire-snapshots');
    expect(expired.result).toMatchObject({ objects_left: 0 });
    expect(await compare(name, rows, atBounds('region', 'at'))).toEqual([]);
    const { location } = await daemon.describe(name);
    const present = await presentFiles(location);
    expect(present).toEqual(await reachedFiles(spark, daemon.catalog, name));
    expect(present).toHaveLength(3 + 3 * KEPT);
    expect(byId(await pyiceberg.rows(daemon.catalog, name))).toEqual(byId(rows));
    await pyiceberg.append(daemon.catalog, name, rowsFrom(next, 3));
    await commit(name, schema, rowsFrom(next + 3, 3));
    expect(await compare(name, rowsFrom(0, next + 6), atBounds('region'))).toEqual([]);
  });
});
