/** Seeded worlds in which a table is kept by the real maintenance: rows, files, refs and progress are what they should be, and no orphan stays. */
import { expect, test } from 'vitest';
import { maintainedTraceOf, playMaintained } from './maintained/play.ts';

const SEEDS = 150;
const PER_TEST = 50;

test.each(Array.from({ length: SEEDS / PER_TEST }, (_, part) => [part * PER_TEST + 1, (part + 1) * PER_TEST]))(
  'maintained seeds %i to %i',
  async (first, last) => {
    for (let seed = first; seed <= last; seed += 1) {
      const failure = await playMaintained({ seed });
      // `npm run test:sim -- --world maintained --seeds 1 --from <seed>` prints the world around it.
      expect(failure && { seed, step: failure.step, message: failure.message }).toBeUndefined();
    }
  },
);

test('the same seed plays the same way twice, another one otherwise', async () => {
  expect(await maintainedTraceOf(7)).toBe(await maintainedTraceOf(7));
  expect(await maintainedTraceOf(7)).not.toBe(await maintainedTraceOf(8));
});
