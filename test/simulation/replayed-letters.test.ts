/** Dead letters that are replayed land once, whatever ends in between, and as often as somebody asks for it. */
import { expect, test } from 'vitest';
import { column, NO_COLUMN } from './world/records.ts';
import type { Life } from './world/life.ts';
import { Stage } from './world/stage.ts';

const T1 = { namespace: ['ns'], name: 't1' };

const deskOf = ({ desk }: Life) => desk ?? expect.fail('the daemon is not ready');

/** The column that was missing. */
function mend(stage: Stage): void {
  const table = stage.table();
  const fields = [...table.schema.fields, column(9, NO_COLUMN)];
  stage.world.foreign(table, 'add column', { ...table, schema: { schemaId: 9, fields } });
}

const replayAll = (life: Life) => deskOf(life).settle(T1, { kind: 'replay' }, {});

test('what fits by now goes into the table, the rest stays and says why', async () => {
  const stage = new Stage();
  const life = await stage.start();
  const request = await stage.append(life, 't1', [], 1);
  expect(await stage.end(replayAll(life))).toMatchObject({
    done: 0,
    keptTotal: 1,
    kept: [{ code: 'unknown_field' }],
  });
  mend(stage);
  await stage.pass(2_000);
  expect(await stage.end(replayAll(life))).toMatchObject({ done: 1, keptTotal: 0 });
  await stage.until(() => request.rows.every((row) => stage.world.invariants.rowsIn(stage.table()).has(row)));
  expect(await stage.end(replayAll(life))).toMatchObject({ done: 0, keptTotal: 0 });
});

test('two at once do the work of one', async () => {
  const stage = new Stage();
  const life = await stage.start();
  await stage.append(life, 't1', [], 2);
  mend(stage);
  await stage.pass(2_000);
  const desk = deskOf(life);
  const both = await stage.end(Promise.all([1, 2].map(() => desk.settle(T1, { kind: 'replay' }, {}))));
  expect(both.map((settled) => settled !== undefined && 'done' in settled && settled.done)).toEqual([2, 0]);
});

test('killed at any moment and asked again, each record is there once', async () => {
  for (let after = 1; after < 700; after += 7) {
    const stage = new Stage();
    const life = await stage.start();
    const request = await stage.append(life, 't1', [], 2);
    mend(stage);
    await stage.pass(2_000);
    replayAll(life).catch(() => undefined);
    await stage.pass(after);
    life.end();
    const again = await stage.start();
    await stage.end(replayAll(again));
    // Twice in one table breaks I1 on the way.
    await stage.until(() => request.rows.every((row) => stage.world.invariants.rowsIn(stage.table()).has(row)));
    await stage.pass(2_000);
    expect(await stage.end(replayAll(again)), `killed after ${after} ms`).toMatchObject({
      done: 0,
      keptTotal: 0,
    });
  }
});
