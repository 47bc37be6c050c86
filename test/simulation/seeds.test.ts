/** 2,000 seeded worlds hold every invariant (protocol §9), and a seed is a whole world: the same one plays the same way twice. */
import { expect, test } from 'vitest';
import { playSeed, traceOf } from './play.ts';

const SEEDS = 2_000;
const PER_TEST = 250;

test.each(Array.from({ length: SEEDS / PER_TEST }, (_, part) => [part * PER_TEST + 1, (part + 1) * PER_TEST]))(
  'seeds %i to %i',
  async (first, last) => {
    for (let seed = first; seed <= last; seed += 1) {
      const failure = await playSeed({ seed });
      // `npm run test:sim -- --seeds 1 --from <seed>` prints the world around it.
      expect(failure && { seed, step: failure.step, message: failure.message }).toBeUndefined();
    }
  },
);

test('the same seed plays the same way twice', async () => {
  for (const seed of [1, 17, 255, 1_001_074]) expect(await traceOf(seed)).toBe(await traceOf(seed));
});

test('other seeds play otherwise', async () => {
  expect(await traceOf(1)).not.toBe(await traceOf(2));
});
