/**
 * Random tables, random commits of ours and of other engines, and maintenance in random order between them. Whatever maintenance does: the
 * rows stay the same, snapshots that are kept read as they did, files outside the plan are what they were, nothing that is needed is
 * deleted, and the linter finds nothing.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Arrangement } from '../../../src/contracts/maintenance-port.ts';
import type { LiveDataFile } from '../../../src/contracts/maintenance.ts';
import { specById } from '../../../src/iceberg/metadata.ts';
import type { Field, PrimitiveType } from '../../../src/record/types.ts';
import { Chance } from '../../support/chance.ts';
import { openEngines, type Engines } from '../../support/random-table/engines.ts';
import { partitionedBy, sortedBy, withFields, type SpecParts } from '../../support/random-table/evolution.ts';
import { MaintainedTable } from '../../support/random-table/maintained-table.ts';
import type { PlacedRow, RowText } from '../../support/random-table/table-rows.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await openEngines();
});
afterAll(() => engines.close());

const column = (id: number, name: string, kind: Exclude<PrimitiveType['kind'], 'decimal' | 'fixed'>): Field => ({
  id,
  name,
  type: { kind },
  required: id === 1,
});
const ID = column(1, 'id', 'long');
const REGION = column(2, 'region', 'string');
const SIZE = column(3, 'size', 'int');
const RATIO = column(4, 'ratio', 'double');
const FIRST: readonly Field[] = [ID, REGION, SIZE, RATIO, column(5, 'day', 'date')];
/** What partitions, orders and deletes go by is never dropped. */
const NEEDED = new Set([ID, REGION, SIZE, RATIO].map(({ id }) => id));

/** Few values, so that deletes find something; both zeros among them. */
const VALUES: Readonly<Record<string, readonly (string | null)[]>> = {
  string: ['north', 'süd', '', null],
  int: ['0', '-1', '7', null],
  long: ['0', '-1', '9007199254740993', null],
  float: ['0.5', '-0.0', '0.0', null],
  double: ['0.5', '-0.0', '0.0', null],
  date: ['1969-12-31', '2026-11-25', null],
};

const SPECS: readonly SpecParts[] = [
  [],
  [[REGION, { kind: 'identity' }]],
  [[SIZE, { kind: 'identity' }]],
  [
    [REGION, { kind: 'truncate', width: 1 }],
    [ID, { kind: 'bucket', buckets: 2 }],
  ],
];

const STEPS = [
  'append',
  'delete positions',
  'delete equal',
  'overwrite',
  'evolve',
  'repartition',
  'sort',
  'compact',
  'expire',
  'rewrite manifests',
  'remove orphans',
] as const;
type Step = readonly [kind: (typeof STEPS)[number], seed: number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('append' as const) },
    { weight: 3, arbitrary: fc.constantFrom('compact' as const) },
    { weight: 8, arbitrary: fc.constantFrom(...STEPS) },
  ),
  fc.nat(1_000_000),
);

class Scenario {
  readonly #table: MaintainedTable;
  /** Rows by id, as they must be. */
  readonly #rows = new Map<string, RowText>();
  /** Of each snapshot, when it was the current one: its columns and its rows. */
  readonly #past = new Map<bigint, { readonly fields: readonly Field[]; readonly rows: readonly string[] }>();
  #fields: readonly Field[] = FIRST;
  #lastField = FIRST.length;
  #nextId = 0;

  private constructor(table: MaintainedTable) {
    this.#table = table;
  }

  static async of(): Promise<Scenario> {
    return new Scenario(await MaintainedTable.create(engines, FIRST));
  }

  async take([kind, seed]: Step): Promise<void> {
    const chance = new Chance(seed);
    this.#table.runtime.advance(chance.pick([1_000, 120_000]));
    switch (kind) {
      case 'append':
        return this.#append(chance);
      case 'delete positions':
        return this.#deletePositions(chance);
      case 'delete equal':
        return this.#deleteEqual(chance);
      case 'overwrite':
        return this.#overwrite(chance);
      case 'evolve':
        return this.#evolve(chance);
      case 'repartition':
        return this.#table.evolve(partitionedBy(chance.pick(SPECS)));
      case 'sort':
        return this.#table.evolve(
          sortedBy(chance.pick(this.#fields.filter(({ id }) => NEEDED.has(id))), chance.pick(['asc', 'desc'])),
        );
      case 'compact':
        return this.#compact(chance);
      case 'expire':
        await this.#table.expire(chance.between(1, 4));
        return this.checkPast();
      case 'rewrite manifests':
        await this.#table.rewriteManifests();
        return undefined;
      case 'remove orphans':
        await this.#table.removeOrphans();
        return this.checkPast();
    }
  }

  /** The current rows are those that were written and not deleted. */
  async check(): Promise<void> {
    const { snapshot } = await this.#table.load();
    const rows = printed(
      this.#fields,
      (await this.#table.rows()).map(({ values }) => values),
    );
    expect(rows).toEqual(printed(this.#fields, [...this.#rows.values()]));
    if (snapshot !== undefined) this.#past.set(snapshot, { fields: this.#fields, rows });
  }

  async checkPast(): Promise<void> {
    for (const { snapshotId } of (await this.#table.load()).metadata.snapshots) {
      const then = this.#past.get(snapshotId);
      // Between two groups of one compaction, and within a commit of several steps.
      if (then === undefined) continue;
      const rows = await this.#table.rowsAt(snapshotId, then.fields);
      expect(
        printed(
          then.fields,
          rows.map(({ values }) => values),
        ),
        `snapshot ${snapshotId}`,
      ).toEqual(then.rows);
    }
  }

  async checkWhole(): Promise<void> {
    await this.checkPast();
    expect(await this.#table.lint()).toEqual([]);
  }

  async #append(chance: Chance): Promise<void> {
    const rows = Array.from({ length: chance.between(1, 5) }, () => this.#newRow(chance));
    await this.#table.append(rows);
    for (const row of rows) this.#rows.set(row[1] ?? '', row);
  }

  #newRow(chance: Chance): RowText {
    this.#nextId += 1;
    const values = this.#fields.map(({ id, type }) => [id, chance.pick(VALUES[type.kind] ?? [null])] as const);
    return { ...Object.fromEntries(values), 1: String(this.#nextId) };
  }

  async #deletePositions(chance: Chance): Promise<void> {
    const rows = await this.#table.rows();
    if (rows.length === 0) return;
    const { place } = chance.pick(rows).file;
    const there = rows.filter(({ file }) => file.place === place);
    const gone = there.filter((_, at) => at === 0 || chance.oneIn(3));
    await this.#table.deletePositions(gone, chance.oneIn(2));
    this.#forget(gone);
  }

  async #deleteEqual(chance: Chance): Promise<void> {
    const rows = await this.#table.rows();
    if (rows.length === 0) return;
    const { metadata } = await this.#table.load();
    const isEverywhere = (row: PlacedRow): boolean => specById(metadata, row.file.specId).fields.length === 0;
    // Where there is a choice, under the spec without fields every other time: its deletes are about all partitions.
    const everywhere = rows.filter(isEverywhere);
    const written = chance.pick(everywhere.length > 0 && chance.oneIn(2) ? everywhere : rows);
    const { file } = written;
    const key = chance.pick([[ID], [REGION], [SIZE], [REGION, SIZE]]).map(({ id }) => this.#fieldOf(id));
    const inScope = rows.filter((row) => isEverywhere(written) || row.file.place === file.place);
    const keys = [chance.pick(inScope).values, chance.pick(rows).values];
    const same = (a: RowText, b: RowText): boolean => key.every(({ id }) => (a[id] ?? null) === (b[id] ?? null));
    await this.#table.deleteEqual(key, keys, { specId: file.specId, partition: file.file.partition });
    this.#forget(inScope.filter(({ values }) => keys.some((each) => same(each, values))));
  }

  async #overwrite(chance: Chance): Promise<void> {
    const live = await this.#table.live();
    if (live.length === 0) return;
    const { filePath } = chance.pick(live);
    const there = (await this.#table.rows()).filter(({ file }) => file.file.filePath === filePath);
    const kept = there.filter(() => chance.oneIn(2));
    await this.#table.overwrite(
      filePath,
      kept.map(({ values }) => values),
    );
    this.#forget(there.filter((row) => !kept.includes(row)));
  }

  async #evolve(chance: Chance): Promise<void> {
    const [kept, others] = [
      this.#fields.filter(({ id }) => NEEDED.has(id)),
      this.#fields.filter(({ id }) => !NEEDED.has(id)),
    ];
    switch (chance.below(4)) {
      case 0:
        this.#lastField += 1;
        this.#fields = [
          column(this.#lastField, `added_${this.#lastField}`, chance.pick(['long', 'float', 'string'])),
          ...this.#fields,
        ];
        break;
      case 1:
        this.#fields = this.#fields.map((field) =>
          field.id === 1 || chance.oneIn(2) ? field : { ...field, name: `${field.name}_x` },
        );
        break;
      case 2:
        this.#fields = [...kept, ...others.slice(1)];
        break;
      case 3:
        this.#fields = this.#fields.map((field) => ({ ...field, type: widened(field.type) }));
        break;
    }
    await this.#table.evolve(withFields(this.#fields));
  }

  async #compact(chance: Chance): Promise<void> {
    const before = await this.#table.live();
    const plan = await this.#table.plan(this.#arrangement(chance));
    const planned = new Set(plan.groups.flatMap(({ files }) => files.map(({ filePath }) => filePath)));
    const result = await this.#table.compact(plan);
    expect(result).toMatchObject({ groupsCommitted: plan.groups.length, groupsDropped: 0, groupsFailed: 0 });
    const after = new Map((await this.#table.live()).map((file) => [file.filePath, facts(file)]));
    for (const file of before)
      expect(after.get(file.filePath), file.filePath).toEqual(planned.has(file.filePath) ? undefined : facts(file));
    // What no row needs is gone at the latest when it is looked at again.
    await this.#table.compact();
    const needed = new Set(
      (await this.#table.live()).flatMap(({ deletes }) => deletes.map(({ filePath }) => filePath)),
    );
    expect((await this.#table.deletes()).filter((uri) => !needed.has(uri))).toEqual([]);
  }

  /** Most often what is due; else all rows sorted, or along a curve. */
  #arrangement(chance: Chance): Arrangement | undefined {
    const [first, second] = [chance.pick([ID, RATIO]), chance.pick([REGION, SIZE])].map(
      ({ id }) => this.#fieldOf(id).name,
    );
    const columns = [first ?? '', second ?? ''];
    switch (chance.below(4)) {
      case 0:
        return { strategy: 'z-order', columns };
      case 1:
        return {
          strategy: 'sort',
          columns: columns.map((name) => ({ name, direction: chance.pick(['asc', 'desc']), nullOrder: 'nulls-last' })),
        };
      default:
        return undefined;
    }
  }

  #forget(rows: readonly PlacedRow[]): void {
    for (const { values } of rows) this.#rows.delete(values[1] ?? '');
  }

  #fieldOf(id: number): Field {
    const found = this.#fields.find((field) => field.id === id);
    if (found === undefined) throw new Error(`no column ${id}`);
    return found;
  }
}

const widened = (type: Field['type']): Field['type'] =>
  type.kind === 'int' ? { kind: 'long' } : type.kind === 'float' ? { kind: 'double' } : type;

const printed = (fields: readonly Field[], rows: readonly RowText[]): readonly string[] =>
  rows.map((row) => fields.map(({ id, name }) => `${name}=${row[id] ?? 'null'}`).join(' ')).toSorted();

/** What must not change of a file that is not rewritten, but for the deletes that apply to it. */
const facts = ({ deletes: _deletes, foundIn: _manifest, ...file }: LiveDataFile) => file;

test('maintenance in any order between commits of any kind changes no row and loses no file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 12 }), async (steps) => {
      const scenario = await Scenario.of();
      // Two specs from the beginning on.
      for (const each of [['append', 1], ['repartition', 2], ['append', 2], ...steps] as const) {
        await scenario.take(each);
        await scenario.check();
      }
      await scenario.checkWhole();
    }),
    { numRuns: 60 },
  );
}, 120_000);
