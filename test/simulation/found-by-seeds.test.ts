/** What the simulation found in the protocol code, each as the shortest story that shows it; seeds are those of the run that found it. */
import { expect, test } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { progressKey } from '../../src/record/progress.ts';
import { playSeed } from './play.ts';
import { PIPELINE } from './world/life.ts';
import { column } from './world/records.ts';
import { Stage } from './world/stage.ts';

const never = new AbortController().signal;

const addColumn = (stage: Stage, name: string): void => {
  const table = stage.table();
  const fields = [...table.schema.fields, column(9, name)];
  stage.world.foreign(table, 'add column', { ...table, schema: { schemaId: 9, fields } });
};

test('a checkpoint is over when its records are in, though they had to be written anew (seed 15)', async () => {
  const stage = new Stage({ faults: ['encode-fails'] });
  const life = await stage.start();
  const request = await stage.append(life);
  stage.world.faults.active = true;
  const checkpoint = life.coordinator?.checkpoint(undefined, 'operator', never);
  await stage.pass(150);
  stage.world.faults.active = false;
  await stage.end(checkpoint ?? Promise.reject(new Error('no coordinator')));
  expect(stage.isIn(request)).toBe(true);
});

test('records with a new column never meet files without it (seed 90)', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const first = await stage.append(life);
  const commit = life.coordinator?.checkpoint(undefined, 'operator', never);
  const second = await stage.append(life);
  addColumn(stage, 'fresh');
  await stage.end(commit ?? Promise.reject(new Error('no coordinator')));
  expect(stage.isIn(first)).toBe(true);
  const third = await stage.append(life, 't1', ['fresh']);
  await stage.until(() => stage.isIn(second) && stage.isIn(third));
});

test('an epoch that was prepared under an older schema still gets in (seed 25)', async () => {
  const stage = new Stage({ faults: ['catalog-lost-before'] });
  const life = await stage.start();
  const request = await stage.append(life);
  stage.world.faults.active = true;
  await stage.pass(1_000);
  addColumn(stage, 'fresh');
  stage.world.faults.active = false;
  await stage.until(() => stage.isIn(request));
});

test('a column that somebody added to a quiet table can be used at once (seed 1714)', async () => {
  const stage = new Stage();
  const life = await stage.start();
  await stage.append(life);
  await stage.pass(3_000);
  addColumn(stage, 'fresh');
  const request = await stage.append(life, 't1', ['fresh']);
  await stage.until(() => stage.isIn(request));
});

test('nor does it matter that the catalog went back before (seed 10000314)', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const empty = stage.table();
  const before = await stage.append(life);
  await stage.until(() => stage.isIn(before));
  stage.world.foreign(stage.table(), 'pointer-back', empty);
  addColumn(stage, 'fresh');
  const request = await stage.append(life, 't1', ['fresh']);
  await stage.until(() => stage.isIn(request) && stage.isIn(before));
});

test('what was being appended when the daemon was told to stop is in its last checkpoint (seed 174)', async () => {
  const stage = new Stage({ tables: ['t1', 't2'] });
  const life = await stage.start();
  await stage.append(life, 't1');
  await stage.append(life, 't2');
  await stage.pass(3_000);
  const [request, answer] = stage.send(life, 't2');
  const stopped = life.stop(never);
  expect(await stage.end(stopped)).toBe('drained');
  expect((await stage.end(answer)).kind).toBe('durable');
  expect(stage.isIn(request)).toBe(true);
});

test('a daemon that stops while it writes files does not call its tables broken (seed 36)', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const request = await stage.append(life);
  life.coordinator?.checkpoint(undefined, 'operator', never).catch(() => undefined);
  expect(await stage.end(life.stop(AbortSignal.abort()))).toBe('cut short');
  await stage.start();
  await stage.until(() => stage.isIn(request));
});

test('a position is known after a restart, before anything was read back (seed 4)', async () => {
  const stage = new Stage();
  const first = await stage.start();
  const request = await stage.append(first);
  first.end();
  const second = await stage.start();
  const position = second.ingest?.position(
    { namespace: ['ns'], name: 't1' },
    request.stored?.position ?? expect.fail(),
  );
  expect(await stage.end(position ?? expect.fail())).not.toEqual({ kind: 'unknown-position' });
});

test('a log full of one stopped table is given room, though no other table has committed yet (seed 229)', async () => {
  const stage = new Stage({
    tables: ['t1', 't2'],
    log: { maxBytes: 12_000, segmentBytes: 1_000, perTableShare: 1, trimGraceMs: 0 },
  });
  const first = await stage.start();
  await stage.append(first, 't1', ['wide']);
  const table = stage.table('t1');
  const fields = table.schema.fields.filter((field) => field.name !== 'wide');
  stage.world.foreign(table, 'narrow', { ...table, schema: { schemaId: 9, fields } });
  stage.world.network.downUntil = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const [, answer] = stage.send(first, 't1', ['wide']);
    if ((await stage.end(answer)).kind !== 'durable') break;
  }
  first.end();
  stage.world.network.downUntil = 0;
  const second = await stage.start();
  await stage.until(() => second.coordinator?.pipelines[0]?.state.kind === 'stopped');
  let stored = false;
  for (let attempt = 0; attempt < 20 && !stored; attempt += 1) {
    const [, answer] = stage.send(second, 't2');
    stored = (await stage.end(answer)).kind === 'durable';
    await stage.pass(500);
  }
  expect(stored).toBe(true);
});

test('a table that stopped over a narrowed schema goes on by itself once that is undone (seed 300042)', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const before = stage.table();
  const request = await stage.append(life, 't1', ['wide']);
  const fields = before.schema.fields.filter((field) => field.name !== 'wide');
  stage.world.foreign(before, 'narrow', { ...before, schema: { schemaId: 8, fields } });
  life.end();
  const second = await stage.start();
  await stage.until(() => second.coordinator?.pipelines[0]?.state.kind === 'stopped');
  await stage.pass(15_000);
  expect(second.coordinator?.pipelines[0]?.state.kind).toBe('stopped');
  const narrowed = stage.table();
  stage.world.foreign(narrowed, 'widen', { ...narrowed, schema: { ...before.schema, schemaId: 9 } });
  await stage.until(() => stage.isIn(request));
  expect((await stage.append(second, 't1', ['wide'])).state).toBe('acknowledged');
});

test('a table made anew under a dropped name takes records again', async () => {
  const stage = new Stage();
  const life = await stage.start();
  await stage.append(life);
  await stage.pass(2_000);
  stage.world.foreign(stage.table(), 'drop', undefined);
  stage.world.createTable('t1');
  // Whether a name is gone is known only when a commit asks for it.
  await stage.append(life);
  await stage.until(() => life.coordinator?.pipelines[0]?.state.kind === 'stopped');
  await stage.pass(40_000);
  const request = await stage.append(life);
  await stage.until(() => stage.isIn(request));
});

test('a table whose progress cannot be read is its own affair', async () => {
  const stage = new Stage({ tables: ['t1', 't2'] });
  const first = await stage.start();
  await stage.append(first, 't1');
  first.end();
  const table = stage.table('t1');
  const properties = new Map([...table.properties, [progressKey(PIPELINE), 'scribble']]);
  stage.world.catalog.put({ ...table, properties });
  const second = await stage.start();
  const request = await stage.append(second, 't2');
  await stage.until(() => stage.isIn(request));
  // It is asked for again and again, and nothing of the daemon ends over it.
  await stage.pass(30_000);
  expect((await stage.append(second, 't2')).state).toBe('acknowledged');
});

test('a clock that went back fences nobody from a table that could not be read at the start', async () => {
  let unreadable = false;
  const stage = new Stage({
    tables: ['t1', 't2'],
    plant: {
      name: 'none',
      format: (format) => ({
        load: (name) =>
          unreadable && name.name === 't1'
            ? Promise.reject(new SluiceError('unavailable', 'not now'))
            : format.load(name),
        progress: format.progress.bind(format),
        prepare: format.prepare.bind(format),
        attempt: format.attempt.bind(format),
        landed: format.landed.bind(format),
      }),
    },
  });
  const first = await stage.start();
  await stage.append(first, 't2');
  await stage.end(first.stop(never));
  const second = await stage.start((life) => {
    life.clock.skewMs = 7_200_000;
  });
  await stage.append(second, 't1');
  await stage.pass(2_000);
  const waiting = [await stage.append(second, 't1'), await stage.append(second, 't2')];
  second.end();
  unreadable = true;
  await stage.start();
  unreadable = false;
  await stage.until(() => waiting.every((request) => stage.isIn(request)));
});

// Worlds in which something was found once; the stories above, and tests beside the code, say what.
test.each([
  15, 36, 90, 174, 229, 423, 450, 1714, 101_410, 102_974, 105_969, 106_622, 300_042, 301_088, 10_000_314, 10_016_885,
  10_091_979, 10_097_473, 10_097_856, 30_063_904, 30_026_549, 80_006_458,
])('seed %i holds', async (seed) => {
  expect(await playSeed({ seed })).toBeUndefined();
});
