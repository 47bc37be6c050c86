/** A commit has four ends, and only the table says which (design §3, protocol "Unknown"). */
import { expect, test } from 'vitest';
import { commitLoop, type Stance } from '../../../src/commit/commit-loop.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { snapshotId, tableUuid } from '../../../src/core/ids.ts';
import type { Runtime } from '../../../src/core/runtime.ts';
import type {
  CommitOutcome,
  LoadOutcome,
  PreparedChange,
  TableFormat,
  TableView,
} from '../../../src/contracts/table-format.ts';

const uuid = tableUuid('00000000-0000-4000-8000-000000000001');
const name = { namespace: ['n'], name: 't' };

const view = (sequence: number, schemaId = 0): TableView => ({
  name,
  uuid,
  location: 'mem://t',
  snapshot: undefined,
  sequenceNumber: BigInt(sequence),
  schema: { schemaId, fields: [] },
  spec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  properties: new Map(),
});

const runtime: Runtime = {
  clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() },
  random: { bytes: (length) => new Uint8Array(length), float: () => 0 },
};

interface Script {
  readonly loads: readonly (LoadOutcome<TableView> | Error)[];
  readonly attempts: readonly CommitOutcome<TableView>[];
  readonly stance?: (base: TableView, seen: number) => Stance<'ours'>;
}

async function play({ loads, attempts, stance }: Script) {
  const sent: bigint[] = [];
  const troubles: string[] = [];
  let [loaded, attempted, prepared] = [0, 0, 0];
  const format = {
    load: async () => {
      const next = loads[Math.min(loaded++, loads.length - 1)];
      if (next instanceof Error) throw next;
      return next;
    },
    attempt: async (base: TableView) => {
      sent.push(base.sequenceNumber);
      return attempts[attempted++];
    },
  } as unknown as TableFormat;
  const end = await commitLoop<TableView, PreparedChange, 'ours'>(
    format,
    { name, uuid },
    async () => {
      prepared += 1;
      return { token: snapshotId(1n) } as unknown as PreparedChange;
    },
    (base) => stance?.(base, sent.length) ?? { kind: 'attempt' },
    runtime,
    { onTrouble: (state) => troubles.push(state) },
    new AbortController().signal,
  );
  return { end, sent, troubles, prepared };
}

const loadedAt = (sequence: number, schemaId?: number): LoadOutcome<TableView> => ({
  kind: 'loaded',
  view: view(sequence, schemaId),
});
const committed: CommitOutcome<TableView> = { kind: 'committed', view: view(9) };
const conflict: CommitOutcome<TableView> = { kind: 'conflict', cause: 'moved' };
const unknown: CommitOutcome<TableView> = { kind: 'unknown', cause: new Error('reset') };

test('prepared once, attempted on each fresh base until it is in', async () => {
  const { end, sent, prepared } = await play({
    loads: [loadedAt(1), loadedAt(2), loadedAt(3)],
    attempts: [conflict, conflict, committed],
  });
  expect(end).toMatchObject({ kind: 'committed', attempts: 3 });
  expect(sent).toEqual([1n, 2n, 3n]);
  expect(prepared).toBe(1);
});

test('unknown, and then found in the table: settled without another attempt', async () => {
  const { end, sent } = await play({
    loads: [loadedAt(1), loadedAt(2)],
    attempts: [unknown],
    stance: (base) => (base.sequenceNumber === 2n ? { kind: 'settled', result: 'ours' } : { kind: 'attempt' }),
  });
  expect(end).toMatchObject({ kind: 'settled', result: 'ours' });
  expect(sent).toEqual([1n]);
});

test('unknown on a base that does not move: the same attempt is sent again', async () => {
  const { end, sent, prepared } = await play({ loads: [loadedAt(1)], attempts: [unknown, unknown, committed] });
  expect(end).toMatchObject({ kind: 'committed' });
  expect(sent).toEqual([1n, 1n, 1n]);
  expect(prepared).toBe(1);
});

test('a catalog that does not answer is asked again; nothing is attempted meanwhile', async () => {
  const { end, troubles, sent } = await play({
    loads: [new SluiceError('unavailable', 'down'), new SluiceError('unavailable', 'down'), loadedAt(1)],
    attempts: [committed],
  });
  expect(end.kind).toBe('committed');
  expect(troubles).toEqual(['unavailable', 'unavailable']);
  expect(sent).toEqual([1n]);
});

test('a base under another schema is prepared for anew', async () => {
  const { end, prepared } = await play({ loads: [loadedAt(1, 0), loadedAt(2, 1)], attempts: [conflict, committed] });
  expect(end.kind).toBe('committed');
  expect(prepared).toBe(2);
});

test('an absent table, and another one under its name, are an end of their own', async () => {
  expect((await play({ loads: [{ kind: 'absent' }], attempts: [] })).end).toEqual({
    kind: 'table-gone',
    uuidNow: undefined,
  });
  const stranger = { ...view(1), uuid: tableUuid('00000000-0000-4000-8000-000000000002') };
  expect((await play({ loads: [{ kind: 'loaded', view: stranger }], attempts: [] })).end).toEqual({
    kind: 'table-gone',
    uuidNow: stranger.uuid,
  });
});

test('what is not "unavailable" is thrown, not retried', async () => {
  await expect(play({ loads: [new SluiceError('corrupt', 'bad metadata')], attempts: [] })).rejects.toMatchObject({
    kind: 'corrupt',
  });
});

test('no storm of conflicts, lost answers and silences ends it, nor prepares twice', async () => {
  const storm = Array.from({ length: 200 }, (_, number) => (number % 3 === 0 ? unknown : conflict));
  const silence = new SluiceError('unavailable', 'no answer');
  const loads = Array.from({ length: 400 }, (_, number) => (number % 2 === 0 ? loadedAt(number) : silence));
  const { end, sent, prepared } = await play({ loads: [...loads, loadedAt(400)], attempts: [...storm, committed] });
  expect(end).toMatchObject({ kind: 'committed', attempts: 201 });
  expect(sent).toEqual(Array.from({ length: 201 }, (_, number) => BigInt(number * 2)));
  expect(prepared).toBe(1);
});

test('what the caller allowed before preparing is asked for again before the attempt (simulation, seed 10097856)', async () => {
  let asked = 0;
  const stance = (): Stance<'ours'> => {
    asked += 1;
    return asked === 1 ? { kind: 'attempt' } : { kind: 'settled', result: 'ours' };
  };
  const { end, sent, prepared } = await play({ loads: [loadedAt(1)], attempts: [committed], stance });
  expect(end).toMatchObject({ kind: 'settled', attempts: 0 });
  expect([sent.length, prepared]).toEqual([0, 1]);
});
