/** Acknowledged records that no longer fit (protocol §3), one story a test: in the dead letters instead, once, whatever ends in between. */
import { expect, test } from 'vitest';
import { ON_ERROR_PROPERTY } from '../../src/record/on-error.ts';
import { widen } from './actors/foreign.ts';
import type { SentRequest } from './world/ledger.ts';
import type { Life } from './world/life.ts';
import type { SimTable } from './world/model-catalog.ts';
import { Stage } from './world/stage.ts';
import { plantNamed, type Plant } from './plants.ts';

const never = new AbortController().signal;

/** Somebody drops the column `wide`. */
function narrow(stage: Stage): void {
  const table = stage.table();
  const fields = table.schema.fields.filter((field) => field.name !== 'wide');
  stage.world.foreign(table, 'narrow', { ...table, schema: { schemaId: 7, fields } });
}

const inLetters = (stage: Stage, request: SentRequest): boolean => {
  const letters = stage.world.catalog.get({ namespace: ['ns'], name: 't1__dead_letters' });
  const rows = letters === undefined ? new Set() : stage.world.invariants.rowsIn(letters);
  return request.rows.every((row) => rows.has(row));
};

const inTable = (stage: Stage, request: SentRequest): boolean =>
  request.rows.some((row) => stage.world.invariants.rowsIn(stage.table()).has(row));

/** Acknowledged under the wide schema, in the log only when the column goes: the daemon was killed in between. */
async function lateRefusal(stage: Stage): Promise<{ readonly request: SentRequest; readonly life: Life }> {
  const first = await stage.start();
  const request = await stage.append(first, 't1', ['wide']);
  first.end();
  narrow(stage);
  return { request, life: await stage.start() };
}

test('a table that says so puts them into its dead letters, and its progress passes them', async () => {
  const stage = new Stage({ lettersByDefault: true });
  const { request, life } = await lateRefusal(stage);
  const after = await stage.append(life);
  await stage.until(() => inLetters(stage, request) && stage.isIn(after));
  expect(inTable(stage, request)).toBe(false);
  const pipelines = life.coordinator?.pipelines ?? [];
  await stage.until(() => pipelines.every(({ state, drained }) => state.kind === 'running' && drained));
});

test('any other table stops, and goes on when the operator says so', async () => {
  const stage = new Stage();
  const { request, life } = await lateRefusal(stage);
  await stage.until(() => life.coordinator?.pipelines.some(({ state }) => state.kind === 'stopped') === true);
  const table: SimTable = stage.table();
  const properties = new Map([...table.properties, [ON_ERROR_PROPERTY, 'dead_letter']]);
  stage.world.foreign(table, 'properties', { ...table, properties });
  await stage.until(() => inLetters(stage, request));
});

test('a decision stands when the schema is mended before the daemon is back', async () => {
  const stage = new Stage({ lettersByDefault: true });
  const { request, life } = await lateRefusal(stage);
  await stage.until(() => request.letters.size > 0);
  life.end();
  widen(stage.world, stage.table());
  await stage.start();
  await stage.until(() => inLetters(stage, request));
  expect(inTable(stage, request)).toBe(false);
});

test('a kill at any moment leaves each record in exactly one of the two tables', async () => {
  for (let after = 5; after < 900; after += 15) {
    const stage = new Stage({ lettersByDefault: true });
    const { request, life } = await lateRefusal(stage);
    await stage.pass(after);
    life.end();
    await stage.start();
    await stage.until(() => stage.isIn(request));
    expect([inLetters(stage, request), inTable(stage, request)], `killed after ${after} ms`).toEqual([true, false]);
  }
});

/** Lives whose attempts to take the record in are still under way when the next life finds that it does not fit. Rejects with what broke. */
async function lateAttempts(plant?: Plant): Promise<void> {
  for (let after = 400; after < 3_000; after += 50) {
    const stage = new Stage({
      lettersByDefault: true,
      faults: ['catalog-late'],
      ...(plant === undefined ? {} : { plant }),
    });
    const first = await stage.start();
    const request = await stage.append(first, 't1', ['wide']);
    await stage.pass(350);
    narrow(stage);
    stage.world.faults.active = true;
    await stage.pass(after);
    first.end();
    await stage.start();
    await stage.pass(8_000);
    stage.world.faults.active = false;
    await stage.until(() => stage.isIn(request));
    await stage.pass(30_000);
    expect(inLetters(stage, request), `killed after ${after} ms`).not.toBe(inTable(stage, request));
  }
}

test('an attempt of an earlier life that lands late takes nothing of what was decided', () => lateAttempts());

test('and would, if the dead letters came before the progress of the table', async () => {
  const plant = plantNamed('dead-letters-before-the-tables-progress');
  await expect(lateAttempts(plant)).rejects.toThrow('I1: row r0.0 is in t1 and in t1__dead_letters');
});

test('letters wait until the table has passed what it refused', async () => {
  const stage = new Stage({ lettersByDefault: true, faults: ['encode-fails'] });
  const { request, life } = await lateRefusal(stage);
  const after = await stage.append(life);
  stage.world.faults.active = true;
  await stage.until(() => request.letters.size > 0);
  await stage.pass(2_000);
  stage.world.faults.active = false;
  await stage.end(life.coordinator?.checkpoint(undefined, 'operator', never) ?? Promise.reject(new Error('none')));
  expect(stage.isIn(request) && stage.isIn(after)).toBe(true);
});
