/** Writers and operators beside us on the same tables, and the orphan cleaner. Each acts in one step, as a commit that won. */
import { positive63 } from '../../../src/core/runtime.ts';
import { snapshotId } from '../../../src/core/ids.ts';
import type { FaultKind } from '../world/faults.ts';
import { ancestry, filesOf, type SimTable } from '../world/model-catalog.ts';
import { keyOf } from '../world/invariants.ts';
import { column } from '../world/records.ts';
import { crash } from './chaos.ts';
import type { World } from '../world/world.ts';

type Act = (world: World, table: SimTable) => void;

const HOUR_MS = 3_600_000;
const ORPHAN_AGE_MS = 72 * HOUR_MS;

const ACTS: readonly (readonly [FaultKind, number, Act])[] = [
  ['foreign-append', 1_500, append],
  ['foreign-rewrite', 2_000, rewrite],
  ['foreign-properties', 1_200, setProperty],
  ['foreign-add-column', 5_000, addColumn],
  ['foreign-narrow', 12_000, narrow],
  ['foreign-expire', 4_000, expire],
  ['foreign-rollback', 9_000, rollback],
  ['foreign-replace', 15_000, replace],
  ['foreign-drop', 15_000, dropAndRecreate],
  ['pointer-back', 9_000, pointerBack],
  ['orphan-cleaner', 4_000, cleanOrphans],
];

export function meddle(world: World): void {
  for (const [kind, meanMs, act] of ACTS) {
    if (!world.faults.kinds.has(kind)) continue;
    const random = world.random.fork(kind);
    // A table with dead letters goes on when it is narrowed: it may be, time and again.
    const pace = kind === 'foreign-narrow' && world.lettersByDefault ? meanMs / 6 : meanMs;
    const next = (): void =>
      world.later(random.between(pace / 5, pace * 2), kind, () => {
        const name = random.pick(world.tableNames);
        const table = name === undefined ? undefined : world.catalog.get({ namespace: ['ns'], name });
        if (table !== undefined && world.faults.on(kind)) act(world, table);
        next();
      });
    next();
  }
}

const foreignId = (world: World) => snapshotId(positive63(world.random));

function newFile(world: World, table: SimTable, rows: readonly string[]): string {
  const path = `${table.location}/data/foreign-${world.nextForeign()}.parquet`;
  world.bucket.put(keyOf(path), rows, new Uint8Array(), rows.length, { kind: 'if-absent' });
  return path;
}

function append(world: World, table: SimTable): void {
  const file = newFile(world, table, [`f${world.nextForeign()}`]);
  world.foreign(
    table,
    'append',
    world.catalog.snapshot(table, foreignId(world), 'append', [...filesOf(table), file], new Map()),
  );
}

/** A compaction by somebody else: the same rows in fewer files; properties are carried, summaries are not. */
function rewrite(world: World, table: SimTable): void {
  const live = filesOf(table);
  const taken = live.filter(() => world.random.chance(0.5));
  if (taken.length < 2) return;
  const rows = taken.flatMap((file) => world.bucket.objects.get(keyOf(file))?.rows ?? []);
  const kept = live.filter((file) => !taken.includes(file));
  const file = newFile(world, table, rows);
  world.foreign(
    table,
    'rewrite',
    world.catalog.snapshot(table, foreignId(world), 'replace', [...kept, file], new Map()),
  );
}

function setProperty(world: World, table: SimTable): void {
  world.foreign(table, 'properties', {
    ...table,
    properties: new Map([...table.properties, ['owner', `o${world.nextForeign()}`]]),
  });
}

function addColumn(world: World, table: SimTable): void {
  const id = world.nextForeign() + 100;
  const schema = { schemaId: id, fields: [...table.schema.fields, column(id, `c${id}`)] };
  world.foreign(table, 'add column', { ...table, schema });
}

function narrow(world: World, table: SimTable): void {
  if (world.lettersByDefault && !table.schema.fields.some((field) => field.name === 'wide')) {
    widen(world, table);
    return;
  }
  if (world.aboutLateRefusals)
    world.later(world.random.between(50, 2_500), 'kill', () => {
      const life = world.anyLife();
      if (life !== undefined && world.faults.on('kill')) crash(world, life, 'kill');
    });
  const fields = table.schema.fields.filter((field) => field.name !== 'wide');
  world.foreign(table, 'narrow', { ...table, schema: { schemaId: world.nextForeign() + 100, fields } });
}

/** What an operator does when told that acknowledged records no longer fit. */
export function widen(world: World, table: SimTable): void {
  const names = new Set(table.schema.fields.map((field) => field.name));
  const missing = [...world.invariants.of(table.uuid).columns.values()].filter((field) => !names.has(field.name));
  if (missing.length === 0) return;
  const fields = [...table.schema.fields, ...missing];
  world.foreign(table, 'widen', { ...table, schema: { schemaId: world.nextForeign() + 100, fields } });
}

/** Keeps main and a few of its ancestors; files that only the others named are deleted. */
function expire(world: World, table: SimTable): void {
  const kept = ancestry(table).slice(0, world.random.int(1, 3));
  const before = new Set([...table.snapshots.values()].flatMap((snapshot) => snapshot.files));
  world.foreign(table, 'expire', { ...table, snapshots: new Map(kept.map((snapshot) => [snapshot.id, snapshot])) });
  const live = new Set(kept.flatMap((snapshot) => snapshot.files));
  world.catalog.history.set(`ns.${table.name.name}`, [world.catalog.get(table.name) ?? table]);
  for (const file of before) if (!live.has(file)) world.bucket.objects.delete(keyOf(file));
}

function rollback(world: World, table: SimTable): void {
  const target = world.random.pick(ancestry(table).slice(1, 4));
  if (target !== undefined) world.foreign(table, 'rollback', { ...table, main: target.id });
}

/** CREATE OR REPLACE: same uuid, same properties, nothing in it. */
function replace(world: World, table: SimTable): void {
  // An attempt on the empty table, sent before, would match the emptied one; see the header of `sim-format.ts`.
  world.network.loseAll();
  world.foreign(table, 'replace', {
    ...table,
    main: undefined,
    schema: { ...table.schema, schemaId: world.nextForeign() + 100 },
  });
}

function dropAndRecreate(world: World, table: SimTable): void {
  world.foreign(table, 'drop', undefined);
  world.later(world.random.between(10, 3_000), 'recreate', () => world.createTable(table.name.name));
}

/** The catalog's database was restored: it names an earlier metadata file, whose files are all still there. */
function pointerBack(world: World, table: SimTable): void {
  const earlier = (world.catalog.history.get(`ns.${table.name.name}`) ?? [])
    .filter((at) => at.uuid === table.uuid)
    .slice(-6, -1);
  const target = world.random.pick(earlier);
  const there = (at: SimTable): boolean =>
    [...at.snapshots.values()].every((snapshot) =>
      snapshot.files.every((file) => world.bucket.objects.has(keyOf(file))),
    );
  if (target !== undefined && there(target)) world.foreign(table, 'pointer-back', target);
}

/** Deletes what no metadata reaches and is older than three days. */
function cleanOrphans(world: World, _table: SimTable): void {
  const live = new Set(
    [...world.catalog.history.values()]
      .flat()
      .flatMap((table) => [...table.snapshots.values()].flatMap((snapshot) => snapshot.files.map(keyOf))),
  );
  const old = world.time.now() - ORPHAN_AGE_MS;
  for (const [key, object] of world.bucket.objects)
    if (key.startsWith('tables/') && object.modifiedAt < old && !live.has(key)) {
      world.scheduler.note(`orphan cleaner removes ${key}`);
      world.bucket.objects.delete(key);
    }
}
