/** Entries that are written together need no trial of their own; those of a batch that is not written are tried alone, and no others. */
import { expect, test } from 'vitest';
import { Clearance, type EntryLines } from '../../../../src/checkpoint/poison/clearance.ts';
import { PoisonHunt } from '../../../../src/checkpoint/poison/poison-hunt.ts';
import type { FileLayout } from '../../../../src/contracts/column-engine.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { laneId, offset, type LaneId } from '../../../../src/core/ids.ts';

const never = new AbortController().signal;
const layout = {} as FileLayout;
const [lane, other] = [laneId('a'.repeat(32)), laneId('b'.repeat(32))];

const entry = (at: number, letter = 'a', of: LaneId = lane): EntryLines => ({
  lane: of,
  baseOffset: offset(at),
  lines: Buffer.from(`${letter}\n`),
  count: 1,
});

/** The entries, asked about one after the other. */
function rig(entries: readonly EntryLines[], poison = 'x') {
  const trials: number[] = [];
  const clearance = new Clearance(
    new PoisonHunt({
      write: (_layout, lines, count) => {
        trials.push(count);
        const harmless = !Buffer.from(lines).toString().includes(poison);
        return Promise.resolve(harmless ? { kind: 'written' } : { kind: 'failed', killed: true, cause: 'ended' });
      },
    }),
  );
  const from = async function* (place: number): AsyncGenerator<EntryLines> {
    yield* await Promise.resolve(entries.slice(place));
  };
  const ask = (place: number): Promise<boolean> =>
    clearance.clears(entries[place] ?? entry(place), from(place), layout, never);
  return { trials, ask };
}

const askAll = async (entries: readonly EntryLines[]) => {
  const { trials, ask } = rig(entries);
  const cleared: boolean[] = [];
  for (let place = 0; place < entries.length; place += 1) cleared.push(await ask(place));
  return { trials, cleared };
};

test('a thousand entries are cleared by four trials', async () => {
  const { trials, cleared } = await askAll(Array.from({ length: 1_000 }, (_, at) => entry(at)));
  expect(cleared.every(Boolean)).toBe(true);
  expect(trials).toEqual([256, 256, 256, 232]);
});

test('entries of many bytes are cleared by a few each', async () => {
  const large = { lines: Buffer.alloc(3 * 2 ** 20, 'a') };
  const { trials } = await askAll(Array.from({ length: 4 }, (_, at) => ({ ...entry(at), ...large })));
  expect(trials).toEqual([2, 2]);
});

test('those beside one that is not written are tried alone, those before and behind are not', async () => {
  const entries = Array.from({ length: 600 }, (_, at) => entry(at, at === 300 ? 'x' : 'a'));
  const { trials, cleared } = await askAll(entries);
  expect(trials).toEqual([256, 256, 88]);
  expect(cleared.flatMap((is, at) => (is ? [] : [at]))).toEqual(Array.from({ length: 256 }, (_, at) => 256 + at));
});

test('what is known of one lane says nothing of another', async () => {
  const entries = [entry(5), entry(3, 'x', other)];
  const { trials, ask } = rig(entries.slice(0, 1));
  expect(await ask(0)).toBe(true);
  const second = rig(entries);
  expect([await second.ask(0), await second.ask(1)]).toEqual([false, false]);
  expect([trials, second.trials]).toEqual([[1], [2]]);
});

test('an entry without lines is cleared without a trial', async () => {
  const { trials, ask } = rig([{ ...entry(0), lines: new Uint8Array(), count: 0 }]);
  expect(await ask(0)).toBe(true);
  expect(trials).toEqual([]);
});

test('nothing is known when the trial was prevented, and the next question asks again', async () => {
  let prevented = true;
  const clearance = new Clearance(
    new PoisonHunt({
      write: () =>
        prevented ? Promise.reject(new SluiceError('unavailable', 'full')) : Promise.resolve({ kind: 'written' }),
    }),
  );
  const ahead = async function* () {
    yield await Promise.resolve(entry(0));
  };
  await expect(clearance.clears(entry(0), ahead(), layout, never)).rejects.toMatchObject({ kind: 'unavailable' });
  prevented = false;
  expect(await clearance.clears(entry(0), ahead(), layout, never)).toBe(true);
});
