/** Slots bound how much runs at a time, in order of arrival, whatever becomes of it. */
import { expect, test } from 'vitest';
import { Slots } from '../../../src/core/slots.ts';

test('no more than its number run at a time, in order, and a failure frees its slot', async () => {
  const slots = new Slots(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      slots.use(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        for (let turn = 0; turn < 1 + (index % 4); turn += 1) await Promise.resolve();
        running -= 1;
        if (index % 5 === 0) throw new Error(String(index));
        return index;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(started).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
});
