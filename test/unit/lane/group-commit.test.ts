/** One write and one sync serve every append that arrives while another sync is in flight. */
import { expect, it } from 'vitest';
import type { SimOperation } from '../../support/sim-disk/sim-disk.ts';
import { TABLE_A, TABLE_B, append, draft, logWorld, texts } from '../../support/sim-disk/log-helpers.ts';

it('appends that arrive during a sync share the next write and sync', async () => {
  const world = logWorld();
  const log = await world.open();
  await append(log, draft(TABLE_A, 'first'));
  const operations: SimOperation['kind'][] = [];
  let release = (): void => undefined;
  world.disk.hook = async ({ kind }) => {
    operations.push(kind);
    if (kind === 'sync' && operations.filter((each) => each === 'sync').length === 1)
      await new Promise<void>((resolve) => (release = resolve));
    return undefined;
  };
  const one = append(log, draft(TABLE_A, 'alone'));
  while (operations.length < 2) await Promise.resolve();
  const rest = Array.from({ length: 50 }, (_, index) => append(log, draft(TABLE_B, `${index}`)));
  release();
  await Promise.all([one, ...rest]);
  expect(operations).toEqual(['append', 'sync', 'append', 'sync']);
});

it('nothing is answered before its sync has ended', async () => {
  const world = logWorld();
  const log = await world.open();
  await append(log, draft(TABLE_A, 'first'));
  let release = (): void => undefined;
  let reached = false;
  world.disk.hook = async ({ kind }) => {
    if (kind !== 'sync') return undefined;
    reached = true;
    await new Promise<void>((resolve) => (release = resolve));
    return undefined;
  };
  const steps: string[] = [];
  const pending = log.append([draft(TABLE_A, 'slow')], () => steps.push('staged')).then(() => steps.push('answered'));
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  expect([reached, ...steps]).toEqual([true]);
  expect(log.lanes()[0]?.end).toBe(1n);
  expect(await texts(log, TABLE_A)).toHaveLength(1);
  release();
  await pending;
  expect(steps).toEqual(['staged', 'answered']);
  expect(log.lanes()[0]?.end).toBe(2n);
});

it('payloads reach the disk as the caller gave them, without a copy in between', async () => {
  const world = logWorld();
  const given: Uint8Array[] = [];
  const disk = world.disk.mount();
  const spying = {
    ...disk,
    open: async (path: string, mode: 'create-new' | 'existing') => {
      const file = await disk.open(path, mode);
      return {
        ...file,
        append: (chunks: readonly Uint8Array[]) => {
          given.push(...chunks);
          return file.append(chunks);
        },
      };
    },
  };
  const log = await world.open({ disk: spying });
  const mine = draft(TABLE_A, 'mine', 100);
  await append(log, mine);
  expect(given).toContain(mine.payload);
});

it('what waits in memory counts against the budgets', async () => {
  const world = logWorld({ maxBytes: 1_000_000, perTableShare: 0.01, maxQueuedBytes: 5_000 });
  const log = await world.open();
  const payload = Buffer.alloc(1_000, 0x20);
  const crowd = await Promise.all(
    Array.from({ length: 8 }, () => log.append([{ table: TABLE_A, schemaId: 0, count: 1, payload }])),
  );
  expect(crowd.filter((outcome) => outcome.kind === 'appended')).toHaveLength(4);
  expect(crowd).toContainEqual({ kind: 'full', scope: 'log' });
  for (const [limits, scope, tables] of [
    [{ maxBytes: 1_000_000, perTableShare: 0.005 }, 'table', [TABLE_B]],
    [{ maxBytes: 5_000, perTableShare: 0.9 }, 'log', [TABLE_A, TABLE_B]],
  ] as const) {
    const roomy = await logWorld(limits).open();
    const drafts = Array.from({ length: 8 }, (_, index) => {
      const table = tables[index % tables.length] ?? TABLE_A;
      return { table, schemaId: 0, count: 1, payload };
    });
    const rush = await Promise.all(drafts.map((each) => roomy.append([each])));
    expect(rush.filter((outcome) => outcome.kind === 'appended')).toHaveLength(4);
    expect(rush).toContainEqual({ kind: 'full', scope });
  }
});
