/**
 * Records that the process or its engine does not survive (protocol §3), one story a test: found after a few lives or failures, alone in the
 * dead letters, and everything beside them in the table, once.
 */
import { expect, test } from 'vitest';
import type { SentRequest } from './world/ledger.ts';
import type { Life } from './world/life.ts';
import { Stage } from './world/stage.ts';

function rowsOf(stage: Stage, name: string): ReadonlySet<string> {
  const table = stage.world.catalog.get({ namespace: ['ns'], name });
  return table === undefined ? new Set() : stage.world.invariants.rowsIn(table);
}

const letters = (stage: Stage): ReadonlySet<string> => rowsOf(stage, 't1__dead_letters');

const running = (stage: Stage): Life | undefined => stage.world.lives.find(({ state }) => state === 'ready');

const drained = (stage: Stage): boolean => {
  const life = running(stage);
  const all = life?.coordinator?.pipelines.every((pipeline) => pipeline.drained) === true;
  return all && life?.log?.pendingTables().length === 0;
};

/** Requests of two records each; the first record of every `every`-th is poison. */
async function poisoned(
  stage: Stage,
  how: 'kills' | 'fails',
  every = 3,
): Promise<{ readonly poison: readonly string[]; readonly rest: readonly string[] }> {
  const life = await stage.start();
  const requests: SentRequest[] = [];
  for (let at = 0; at < 6; at += 1) {
    const [request, answer] = stage.send(life);
    if (at % every === 1) stage.world.ledger.poison.set(request.rows[0] ?? '', how);
    expect((await stage.end(answer)).kind).toBe('durable');
    request.state = 'acknowledged';
    requests.push(request);
  }
  const all = requests.flatMap(({ rows }) => rows);
  const { poison } = stage.world.ledger;
  return { poison: all.filter((row) => poison.has(row)), rest: all.filter((row) => !poison.has(row)) };
}

test.each(['kills', 'fails'] as const)('a record that %s is a dead letter alone, the others land', async (how) => {
  const stage = new Stage();
  const { poison, rest } = await poisoned(stage, how);
  await stage.until(() => poison.every((row) => letters(stage).has(row)));
  await stage.until(() => rest.every((row) => rowsOf(stage, 't1').has(row)));
  expect([...letters(stage)].sort()).toEqual([...poison].sort());
  await stage.until(() => drained(stage));
  const life = running(stage);
  if (life === undefined) throw new Error('no daemon runs');
  const later = await stage.append(life);
  await stage.until(() => stage.isIn(later));
});

test('kills that have other reasons convict nobody', async () => {
  const stage = new Stage();
  const first = await stage.start();
  const request = await stage.append(first);
  first.end();
  for (let life = 0; life < 5; life += 1) {
    const next = await stage.start();
    await stage.pass(50);
    next.end();
  }
  await stage.start();
  await stage.until(() => stage.isIn(request));
  expect(letters(stage).size).toBe(0);
});

test('an engine that writes nothing at all convicts nobody, and each record lands once it writes again', async () => {
  const stage = new Stage();
  const { poison, rest } = await poisoned(stage, 'fails', 1);
  for (const row of rest) stage.world.ledger.poison.set(row, 'fails');
  await stage.pass(100_000);
  expect(letters(stage).size).toBe(0);
  stage.world.ledger.poison.clear();
  await stage.until(() => [...poison, ...rest].every((row) => rowsOf(stage, 't1').has(row)));
});

test('a kill at any moment of the search leaves each record in exactly one of the two tables', async () => {
  for (let after = 500; after < 8_000; after += 250) {
    const stage = new Stage();
    const { poison, rest } = await poisoned(stage, 'kills');
    await stage.pass(after);
    for (const life of stage.world.lives.filter(({ alive }) => alive)) stage.world.onDeath(life);
    await stage.until(() => poison.every((row) => letters(stage).has(row)) && drained(stage));
    expect([...rowsOf(stage, 't1')].sort(), `killed after ${after} ms`).toEqual([...rest].sort());
    expect([...letters(stage)].sort(), `killed after ${after} ms`).toEqual([...poison].sort());
  }
});
