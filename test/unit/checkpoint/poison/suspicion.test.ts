/** Only what may have ended lives is tried, and no longer than until it is in the table: a busy table is never tried for its visitors. */
import { beforeEach, expect, test } from 'vitest';
import { AttemptBook } from '../../../../src/checkpoint/poison/attempt-book.ts';
import { STRIKES, Suspicion } from '../../../../src/checkpoint/poison/suspicion.ts';
import type { FileLayout } from '../../../../src/contracts/column-engine.ts';
import type { TrialWriter } from '../../../../src/contracts/trial-writer.ts';
import { laneId, offset, tableUuid, type LaneId, type Offset } from '../../../../src/core/ids.ts';
import { testRuntime } from '../../../support/sim-disk/test-runtime.ts';
import { SimDisk } from '../../../support/sim-disk/sim-disk.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const [before, now] = [laneId('a'.repeat(32)), laneId('b'.repeat(32))];
const never = new AbortController().signal;
const at = (...ends: readonly (readonly [LaneId, number])[]): ReadonlyMap<LaneId, Offset> =>
  new Map(ends.map(([lane, end]) => [lane, offset(end)]));

let disk: SimDisk;
let trials = 0;
let said: string[] = [];
beforeEach(async () => {
  disk = new SimDisk();
  await disk.makeDirectory('/log');
  [trials, said] = [0, []];
});

/** Another life over the same file. */
async function life(): Promise<Suspicion> {
  const writer: TrialWriter = {
    write: () => {
      trials += 1;
      return Promise.resolve({ kind: 'written' });
    },
  };
  const attempts = await AttemptBook.open(disk, '/log/attempts');
  const context = { trials: writer, attempts, runtime: testRuntime() };
  return new Suspicion(context, table, (state) => said.push(state));
}

/** Whether an entry of a record at this place is tried. */
async function tries(suspicion: Suspicion, lane: LaneId, baseOffset: number): Promise<boolean> {
  const earlier = trials;
  const entry = { lane, baseOffset: offset(baseOffset), layout: {} as FileLayout };
  const line = Buffer.from('{}\n');
  const ahead = async function* () {
    yield await Promise.resolve({ ...entry, lines: line, count: 1 });
  };
  await suspicion.poison(entry, () => [{ index: 0, line }], ahead, never);
  return trials > earlier;
}

async function livesInVain(): Promise<void> {
  for (let each = 0; each < STRIKES; each += 1) await (await life()).begin(at([before, 10]));
}

test('lives whose table took something in are no reason, however busy it stayed', async () => {
  for (let each = 0; each < 2 * STRIKES; each += 1) {
    const suspicion = await life();
    await suspicion.begin(at([before, 10]));
    await suspicion.wrote(at([before, each + 1]));
  }
  expect(said).toEqual([]);
  expect(await tries(await life(), before, 9)).toBe(false);
});

test('what earlier lives left is tried, what comes later is not', async () => {
  await livesInVain();
  const suspicion = await life();
  await suspicion.begin(at([before, 10]));
  expect(said).toEqual(['suspicious']);
  expect([await tries(suspicion, before, 9), await tries(suspicion, before, 10)]).toEqual([true, false]);
  expect(await tries(suspicion, now, 0)).toBe(false);
});

test('the trials end once everything that was left is in the table, with later records still on their way', async () => {
  await livesInVain();
  const suspicion = await life();
  // The lane holds entries of other tables, too.
  await suspicion.begin(at([before, 10]));
  await suspicion.wrote(at([before, 4]));
  expect(await tries(suspicion, before, 5)).toBe(true);
  suspicion.readBack(at([before, 8], [now, 3]));
  await suspicion.wrote(at([before, 7]));
  expect(await tries(suspicion, before, 7)).toBe(true);
  await suspicion.wrote(at([before, 8], [now, 1]));
  expect(await tries(suspicion, before, 7)).toBe(false);
  const next = await life();
  await next.begin(at([now, 3]));
  expect(await tries(next, now, 2)).toBe(false);
});

test('files that cannot be written make suspects of what was staged', async () => {
  const suspicion = await life();
  for (let each = 0; each < STRIKES; each += 1) suspicion.failed(new Error('refused'), at([now, 5]));
  expect([await tries(suspicion, now, 4), await tries(suspicion, now, 5)]).toEqual([true, false]);
});
