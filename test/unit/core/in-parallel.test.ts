/** Works side by side: bounded, in order, and none still at work once the whole has failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from '../../../src/core/in-parallel.ts';

test('answers in the order of the items, so many at a time', async () => {
  let [running, most] = [0, 0];
  const answers = await inParallel([30, 1, 20, 2, 10], 2, async (ms) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(ms);
    running -= 1;
    return ms * 2;
  });
  expect(answers).toEqual([60, 2, 40, 4, 20]);
  expect(most).toBe(2);
});

test('the first failure is told when nothing is under way, and nothing begins after it', async () => {
  const begun: number[] = [];
  let running = 0;
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    running += 1;
    await sleep(item === 0 ? 1 : 20);
    running -= 1;
    if (item < 2) throw new Error(`item ${item}`);
  };
  await expect(inParallel([0, 1, 2, 3, 4], 3, work)).rejects.toThrow('item 0');
  expect(running).toBe(0);
  expect(begun).toEqual([0, 1, 2]);
});
