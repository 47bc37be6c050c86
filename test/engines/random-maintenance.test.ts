/**
 * Tables that our daemon, PyIceberg, Java and Spark write to in random order, with every kind of delete and evolution, and our maintenance
 * between them. Whatever the order: every engine reads the rows that are right, under filters too, snapshots that are kept read as they
 * did, and files that were not rewritten are what they were.
 *
 * A seed is an order of steps and their values; it is in the name of the test.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseMetadata } from '../../src/iceberg/metadata-json.ts';
import { defaultSpec } from '../../src/iceberg/metadata.ts';
import { Chance } from '../support/chance.ts';
import { javaCatalog, pyicebergCatalog, sparkCatalog } from './catalogs.ts';
import { compareTable, type Difference } from './compare.ts';
import type { Leaf } from './filters.ts';
import type { CanonicalRow, IcebergField, Predicate, ReaderEngine, StructType } from './harness.ts';
import { KNOWN_REFUSALS, RefusalLedger } from './known-refusals.ts';
import { closeReaders, openReaders } from './readers.ts';
import { TestDaemon } from './support-daemon.ts';
import { lint } from './support-lint.ts';
import { metadataAt } from './support-maintenance.ts';

const YAML = `checkpoint: { interval: 1h }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: { enabled: false, cold_after: 1s }, expiry: { enabled: false } }
`;
const PROPERTIES = {
  'history.expire.max-snapshot-age-ms': '1',
  'history.expire.min-snapshots-to-keep': '5',
  'sluice.compaction.min-files': '2',
  'sluice.compaction.hot-files': '2',
  'write.delete.mode': 'merge-on-read',
  'write.update.mode': 'merge-on-read',
};
const COLUMNS = { region: 'string', amount: 'decimal(9,2)', at: 'timestamptz', size: 'int', ratio: 'double' };
/** Field ids as the daemon gives them. */
const [ID, REGION, SIZE] = [1, 2, 5];
/** By field id; columns that come later are null. */
const VALUES: Readonly<Record<number, readonly (string | null)[]>> = {
  2: ['north', 'süd', null],
  3: ['0.00', '14.20', '-0.01', '9999999.99'],
  4: ['2026-11-20T10:00:00.000001+00:00', '2026-11-21T23:59:59.999999+00:00', '1969-12-31T23:59:59.000000+00:00'],
  5: ['0', '-1', '49', null],
  6: ['0', '-0.0', '0.5', null],
};
const BOUNDS: ReadonlySet<string> = new Set(['eq', 'between', 'isnull']);
/** What other writers leave undone: Java and PyIceberg the first, PyIceberg the second, Java the third. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'header schema-id is nothing',
  'partition members must be optional with default null',
  'lower_bounds is a zero of the wrong sign',
]);
/** In random order, behind two commits of ours. */
const STEPS = [
  'ours',
  'ours',
  'pyiceberg',
  'delete by position',
  'update by position',
  'delete by equality',
  'copy on write',
  'add and rename columns',
  'widen columns',
  'partition by more',
  'partition by less',
  'compact',
  'compact',
  'expire',
  'rewrite manifests',
] as const;
type Step = (typeof STEPS)[number];
/** Values by field id: names change. */
type Values = ReadonlyMap<number, string | null>;
/** What a snapshot held when it was the current one, and whether equality deletes were in force. */
interface Past {
  readonly rows: ReadonlyMap<string, Values>;
  readonly equality: boolean;
}
type Asks = (leaf: Leaf, predicate: Predicate) => boolean;

describe('random maintenance in the eyes of foreign engines', () => {
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

  it.each([1, 2])('changes no row and no file that it did not plan to, seed %i', async (seed) => {
    await new Scenario(seed).run();
  });

  class Scenario {
    readonly #name: string;
    readonly #chance: Chance;
    readonly #rows = new Map<string, Values>();
    readonly #past = new Map<string, Past>();
    #next = 0;

    constructor(seed: number) {
      this.#name = `random.seed_${seed}`;
      this.#chance = new Chance(seed);
    }

    async run(): Promise<void> {
      await daemon.create({ name: this.#name, columns: COLUMNS, partitionBy: ['region'], properties: PROPERTIES });
      const taken: Step[] = [];
      for (const step of ['ours', 'ours', ...this.#shuffled(STEPS), 'compact'] as const) {
        taken.push(step);
        try {
          await this.#take(step);
        } catch (error) {
          throw new Error(`after ${taken.join(', ')}`, { cause: error });
        }
        await this.#remember();
      }
      expect(await this.#differences(({ path }, { op }) => BOUNDS.has(op) && path !== 'ratio')).toEqual([]);
      await this.#checkPast();
      const { metadata } = await daemon.describe(this.#name);
      const findings = await lint(metadata, daemon.catalog);
      expect(findings.filter(({ problem }) => !OF_OTHERS.has(problem))).toEqual([]);
    }

    async #take(step: Step): Promise<void> {
      switch (step) {
        case 'ours':
          return this.#ours();
        case 'pyiceberg':
          return this.#pyiceberg();
        case 'delete by position':
          return this.#deleteWhere('merge-on-read');
        case 'copy on write':
          return this.#deleteWhere('copy-on-write');
        case 'update by position':
          return this.#update();
        case 'delete by equality':
          return this.#deleteEqual();
        case 'add and rename columns':
          return this.#evolve('ADD COLUMN added STRING FIRST', 'RENAME COLUMN at TO seen_at');
        case 'widen columns':
          return this.#evolve('ALTER COLUMN amount TYPE DECIMAL(12, 2)', 'ALTER COLUMN size TYPE BIGINT');
        case 'partition by more':
          return this.#evolve('ADD PARTITION FIELD bucket(2, id)');
        case 'partition by less':
          return this.#evolve('DROP PARTITION FIELD region');
        case 'compact':
          return this.#compact();
        case 'expire':
          await daemon.maintain(this.#name, 'expire-snapshots');
          return this.#check();
        case 'rewrite manifests':
          await daemon.maintain(this.#name, 'rewrite-manifests');
          return this.#check();
      }
    }

    async #ours(): Promise<void> {
      const schema = await this.#schema();
      const rows = this.#newRows(schema.fields);
      await daemon.send(
        this.#name,
        schema,
        rows.map((values) => named(schema.fields, values)),
      );
      await daemon.flush(this.#name);
      this.#keep(rows);
    }

    async #pyiceberg(): Promise<void> {
      const { fields } = await this.#schema();
      const rows = this.#newRows(fields);
      await pyiceberg.append(
        daemon.catalog,
        this.#name,
        rows.map((values) => named(fields, values)),
      );
      this.#keep(rows);
    }

    async #deleteWhere(mode: 'merge-on-read' | 'copy-on-write'): Promise<void> {
      const rest = this.#chance.below(3);
      await this.#sql(`ALTER TABLE {table} SET TBLPROPERTIES ('write.delete.mode' = '${mode}')`);
      await this.#sql(`DELETE FROM {table} WHERE id % 3 = ${rest}`);
      for (const id of this.#rows.keys()) if (Number(id) % 3 === rest) this.#rows.delete(id);
    }

    async #update(): Promise<void> {
      const rest = this.#chance.below(3);
      await this.#sql(`UPDATE {table} SET size = 1000 WHERE id % 3 = ${rest}`);
      for (const [id, values] of this.#rows)
        if (Number(id) % 3 === rest) this.#rows.set(id, new Map(values).set(SIZE, '1000'));
    }

    /** By id, of some rows; a delete is about files of the spec it was written under, and of all if that has no fields. */
    async #deleteEqual(): Promise<void> {
      const { fields } = await this.#schema();
      const picked = [...this.#rows.keys()].filter(() => this.#chance.oneIn(3));
      if (picked.length === 0) return;
      const places = await this.#sql('SELECT CAST(id AS STRING) AS id, _spec_id FROM {table}');
      const specOf = new Map(places.map((row) => [row['id'], row['_spec_id']]));
      const spec = await this.#spec();
      const rows = picked.map((id) => named(fields, this.#rows.get(id) ?? new Map()));
      await java.deleteEqual(daemon.catalog, this.#name, ['id'], rows);
      for (const id of picked) if (spec.isEverywhere || specOf.get(id) === spec.id) this.#rows.delete(id);
    }

    /** Another engine changes the table; the next commit of ours, of what both states have in common, finds it. */
    async #evolve(...changes: readonly string[]): Promise<void> {
      for (const change of changes) await this.#sql(`ALTER TABLE {table} ${change}`);
      const { fields } = await this.#schema();
      const common = fields.filter(({ id }) => id === ID || id === REGION);
      const rows = this.#newRows(common);
      const schema: StructType = { type: 'struct', fields: common };
      await daemon.send(
        this.#name,
        schema,
        rows.map((values) => named(common, values)),
      );
      await daemon.flush(this.#name);
      this.#keep(rows);
    }

    async #compact(): Promise<void> {
      const before = await this.#files();
      const { result } = await daemon.maintain(this.#name, 'compact');
      expect(result).toMatchObject({ groups_dropped: 0, groups_failed: 0 });
      const after = await this.#files();
      const stayed = [...before.keys()].filter((path) => after.has(path));
      expect(before.size - stayed.length).toBe(result['files_removed']);
      expect(after.size - stayed.length).toBe(result['files_added']);
      for (const path of stayed) expect(after.get(path), path).toBe(before.get(path));
      await this.#check();
    }

    /** Size, sequence number and spec of every live data file, by path. */
    async #files(): Promise<ReadonlyMap<string, string>> {
      const rows = await this.#sql(
        'SELECT data_file.file_path, data_file.file_size_in_bytes AS size, sequence_number, data_file.spec_id ' +
          'FROM {table}.entries WHERE status < 2 AND data_file.content = 0',
      );
      return new Map(
        rows.map((row) => [row['file_path'] ?? '', `${row['size']} ${row['sequence_number']} ${row['spec_id']}`]),
      );
    }

    async #check(): Promise<void> {
      expect(await this.#differences(() => false)).toEqual([]);
    }

    async #differences(asks: Asks): Promise<readonly Difference[]> {
      const { metadata, schema } = await daemon.describe(this.#name);
      const rows = [...this.#rows.values()].map((values) => named(schema.fields, values));
      const table = { metadata, fields: schema.fields, rows, key: 'id', asks };
      return compareTable(judges(await this.#hasEqualityDeletes()), table, ledger);
    }

    async #remember(): Promise<void> {
      const snapshot = (await daemon.snapshots(this.#name)).at(-1)?.snapshot_id ?? '';
      this.#past.set(snapshot, { rows: new Map(this.#rows), equality: await this.#hasEqualityDeletes() });
    }

    /** By the current schema, as time travel is. */
    async #checkPast(): Promise<void> {
      const { metadata, schema } = await daemon.describe(this.#name);
      for (const { snapshot_id } of await daemon.snapshots(this.#name)) {
        const past = this.#past.get(snapshot_id);
        // Between two groups of one compaction.
        if (past === undefined) continue;
        const rows = [...past.rows.values()].map((values) => named(schema.fields, values));
        const then = await metadataAt(metadata, snapshot_id);
        const table = { metadata: then, fields: schema.fields, rows, key: 'id', asks: () => false };
        expect(await compareTable(judges(past.equality), table, ledger), `snapshot ${snapshot_id}`).toEqual([]);
      }
    }

    async #hasEqualityDeletes(): Promise<boolean> {
      return (await this.#sql('SELECT 1 FROM {table}.delete_files WHERE content = 2 LIMIT 1')).length > 0;
    }

    #sql(statement: string): ReturnType<typeof spark.sql> {
      return spark.sql(daemon.catalog, statement.replaceAll('{table}', `${daemon.catalog.name}.${this.#name}`));
    }

    async #schema(): Promise<StructType> {
      return (await daemon.describe(this.#name)).schema;
    }

    /** The spec that engines write under now. */
    async #spec(): Promise<{ readonly id: string; readonly isEverywhere: boolean }> {
      const { metadata } = await daemon.describe(this.#name);
      const table = parseMetadata(await readFile(fileURLToPath(metadata), 'utf8'), metadata);
      return { id: String(table.defaultSpecId), isEverywhere: defaultSpec(table).fields.length === 0 };
    }

    #newRows(fields: readonly IcebergField[]): readonly Values[] {
      return Array.from({ length: this.#chance.between(2, 6) }, () => {
        this.#next += 1;
        const values = fields.map(({ id }) => [id, this.#chance.pick(VALUES[id] ?? [null])] as const);
        return new Map([...values, [ID, String(this.#next)]]);
      });
    }

    #keep(rows: readonly Values[]): void {
      for (const values of rows) this.#rows.set(values.get(ID) ?? '', values);
    }

    #shuffled<T>(items: readonly T[]): readonly T[] {
      const left = [...items];
      return items.map(() => left.splice(this.#chance.below(left.length), 1)[0] as T);
    }
  }

  /** Of equality deletes PyIceberg reads none, and DuckDB and ClickHouse not all. */
  const judges = (equality: boolean): readonly ReaderEngine[] =>
    equality ? engines.filter(({ name }) => name === 'iceberg-java' || name === 'spark') : engines;
});

function named(fields: readonly IcebergField[], values: Values): CanonicalRow {
  return Object.fromEntries(fields.map(({ id, name }) => [name, values.get(id) ?? null]));
}
