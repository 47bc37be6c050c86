/** Chores as jobs: which begin with an estimate, and which find out by themselves. */
import { expect, test } from 'vitest';
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import type { Job } from '../../../src/contracts/maintenance-port.ts';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { Upkeep, type Chore } from '../../../src/maintenance/upkeep.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

const TABLE = { namespace: ['web'], name: 'clicks' };
const UUID = tableUuid('0193f7a0-0000-7000-8000-00000000000a');

function upkeepWith(beginsUnseen: boolean, held: Promise<unknown> = Promise.resolve()) {
  const estimates: string[] = [];
  const ended = Promise.withResolvers<Job>();
  const chore: Chore<TableView> = {
    duty: undefined,
    unit: 'bytes',
    nothing: { files: 0 },
    ...(beginsUnseen ? { beginsUnseen: true } : {}),
    estimate: () => {
      estimates.push('asked');
      return Promise.resolve(undefined);
    },
    run: () => held.then(() => ({ done: 1 })),
  };
  const upkeep = new Upkeep<TableView>({
    chores: { compact: chore, 'expire-snapshots': chore, 'rewrite-manifests': chore, 'remove-orphans': chore },
    place: ({ name }) =>
      Promise.resolve(
        name === TABLE.name
          ? { target: { name: TABLE, uuid: UUID, queue: new CommitQueue() }, view: {} as TableView }
          : undefined,
      ),
    rollback: {
      tables: { load: () => Promise.resolve({ kind: 'absent' }) },
      format: { rollBack: () => Promise.resolve({ kind: 'conflict', cause: 'not asked for' }) },
      history: () => [],
      onTrouble: () => undefined,
    },
    tables: () => [],
    levelsOf: () => undefined,
    window: { timeZone: 'UTC', windows: [] },
    runtime: testRuntime(),
    known: [],
    onStart: () => undefined,
    onEnd: (job) => ended.resolve(job),
    onTrouble: () => undefined,
  });
  return { upkeep, estimates, ended: ended.promise };
}

test('a job begins with its estimate, unless that costs as much as the work', async () => {
  const seen = upkeepWith(false);
  expect((await seen.upkeep.start('compact', TABLE))?.estimate).toEqual({ files: 0 });
  expect(seen.estimates).toEqual(['asked']);
  const unseen = upkeepWith(true);
  expect((await unseen.upkeep.start('remove-orphans', TABLE))?.estimate).toEqual({});
  expect(unseen.estimates).toEqual([]);
  expect(await unseen.ended).toMatchObject({ state: 'done', result: { done: 1 } });
});

test('a dry run is an estimate all the same, and a table that is not there gets no job', async () => {
  const { upkeep, estimates } = upkeepWith(true);
  expect(await upkeep.estimate('remove-orphans', TABLE)).toEqual({ files: 0 });
  expect(estimates).toEqual(['asked']);
  expect(await upkeep.start('remove-orphans', { namespace: ['web'], name: 'absent' })).toBeUndefined();
});

test('a job is answered in place of another only if it arranges rows alike', async () => {
  const held = Promise.withResolvers<undefined>();
  const { upkeep } = upkeepWith(false, held.promise);
  const byCurve = { strategy: 'z-order', columns: ['a', 'b'] } as const;
  const plain = await upkeep.start('compact', TABLE);
  const curve = await upkeep.start('compact', TABLE, byCurve);
  expect(curve).toMatchObject({ arrangement: byCurve });
  expect(curve?.id).not.toBe(plain?.id);
  expect((await upkeep.start('compact', TABLE, { ...byCurve, columns: ['a', 'b'] }))?.id).toBe(curve?.id);
  expect((await upkeep.start('compact', TABLE, { ...byCurve, columns: ['b', 'a'] }))?.id).not.toBe(curve?.id);
  expect((await upkeep.start('compact', TABLE))?.id).toBe(plain?.id);
  held.resolve(undefined);
});
