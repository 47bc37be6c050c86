/** Acknowledged records whose table is gone (protocol §2), one story a test: in the dead letters of its name, once, and never too early. */
import { expect, test } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import type { SentRequest } from './world/ledger.ts';
import type { Life } from './world/life.ts';
import type { SimTable } from './world/model-catalog.ts';
import { Stage } from './world/stage.ts';
import { named } from './world/world-tables.ts';

/** More than two rounds of asking, one grace apart. */
const LONG_MS = 45_000;

const drop = (stage: Stage): SimTable => {
  const table = stage.table();
  stage.world.foreign(table, 'drop', undefined);
  return table;
};

const restore = (stage: Stage, table: SimTable): void => {
  stage.world.catalog.move(table.name, table, { kind: 'foreign', what: 'restore' });
};

function rowsOf(stage: Stage, name: string): ReadonlySet<string> {
  const table = stage.world.catalog.get(named(name));
  return table === undefined ? new Set() : stage.world.invariants.rowsIn(table);
}

const inLetters = (stage: Stage, request: SentRequest): boolean =>
  request.rows.every((row) => rowsOf(stage, 't1__dead_letters').has(row));

/** Acknowledged, and in the log only when the table goes. */
async function goneWith(
  stage: Stage,
): Promise<{ readonly life: Life; readonly request: SentRequest; readonly table: SimTable }> {
  const life = await stage.start();
  const request = await stage.append(life);
  return { life, request, table: drop(stage) };
}

test('become dead letters, by the daemon that took them and by the next one', async () => {
  for (const restarted of [false, true]) {
    const stage = new Stage();
    const { life, request } = await goneWith(stage);
    if (restarted) {
      life.end();
      await stage.start();
    }
    await stage.pass(9_000);
    expect(inLetters(stage, request), 'too early').toBe(false);
    await stage.until(() => inLetters(stage, request));
    const running = stage.world.lives.find(({ alive }) => alive);
    await stage.until(() => running?.log?.pendingTables().length === 0);
    expect(running?.coordinator?.pipelines.every(({ lag }) => lag.records === 0n)).toBe(true);
  }
});

test('what the table held when it went is no dead letter', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const before = await stage.append(life);
  await stage.until(() => stage.isIn(before));
  const after = await stage.append(life);
  drop(stage);
  await stage.until(() => inLetters(stage, after));
  expect(before.rows.some((row) => rowsOf(stage, 't1__dead_letters').has(row))).toBe(false);
});

test('a catalog that cannot answer is no absence, however long', async () => {
  const stage = new Stage({ faults: ['catalog-down'] });
  const { request, table } = await goneWith(stage);
  await stage.pass(5_000);
  restore(stage, table);
  stage.world.network.downUntil = stage.world.scheduler.now + 90_000;
  await stage.pass(80_000);
  expect(request.letters.size).toBe(0);
  await stage.until(() => stage.isIn(request));
  expect(inLetters(stage, request)).toBe(false);
});

test('a table that was missing for a moment takes its records', async () => {
  const stage = new Stage();
  const { request, table } = await goneWith(stage);
  await stage.pass(11_000);
  restore(stage, table);
  await stage.until(() => stage.isIn(request));
  await stage.pass(LONG_MS);
  expect(request.letters.size).toBe(0);
});

test('a table that was renamed is not gone: the next daemon finds it', async () => {
  const stage = new Stage();
  const { life, request, table } = await goneWith(stage);
  stage.world.catalog.move(named('t9'), { ...table, name: named('t9') }, { kind: 'foreign', what: 'rename' });
  await stage.pass(LONG_MS);
  expect(request.letters.size).toBe(0);
  life.end();
  await stage.start();
  await stage.until(() => request.rows.every((row) => rowsOf(stage, 't9').has(row)));
});

test('another table of the same name gets none of them', async () => {
  const stage = new Stage();
  const { life, request } = await goneWith(stage);
  await stage.pass(500);
  stage.world.createTable('t1');
  await stage.until(() => inLetters(stage, request));
  const later = await stage.append(life);
  await stage.until(() => stage.isIn(later));
  expect(request.rows.some((row) => rowsOf(stage, 't1').has(row))).toBe(false);
});

test('a table that comes back later goes on behind them', async () => {
  for (const restarted of [false, true]) {
    const stage = new Stage({ log: { trimGraceMs: 0 } });
    const { life, request, table } = await goneWith(stage);
    await stage.until(() => inLetters(stage, request));
    await stage.pass(5_000);
    restore(stage, table);
    if (restarted) life.end();
    const next = restarted ? await stage.start() : life;
    await stage.pass(LONG_MS);
    const later = await stage.append(next);
    await stage.until(() => stage.isIn(later));
    expect(request.rows.some((row) => rowsOf(stage, 't1').has(row))).toBe(false);
  }
});

test('while there can be no dead letters they stay in the log', async () => {
  const stage = new Stage();
  const { life, request } = await goneWith(stage);
  const { format } = life;
  if (format === undefined) throw new Error('a daemon that is ready has a catalog');
  const makeTable = format.makeTable.bind(format);
  format.makeTable = () => Promise.reject(new SluiceError('misconfigured', 'no right to make tables'));
  await stage.pass(LONG_MS);
  expect(life.log?.pendingTables()).toHaveLength(1);
  format.makeTable = makeTable;
  await stage.until(() => inLetters(stage, request));
});

test('a kill at any moment leaves one dead letter of each record', async () => {
  for (let after = 10_000; after < 31_500; after += after < 19_000 ? 1_500 : 60) {
    const stage = new Stage();
    const { life, request } = await goneWith(stage);
    await stage.pass(after);
    life.end();
    await stage.start();
    await stage.until(() => inLetters(stage, request));
    await stage.pass(LONG_MS);
    expect(rowsOf(stage, 't1__dead_letters'), `killed after ${after} ms`).toEqual(new Set(request.rows));
  }
});
