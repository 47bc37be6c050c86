/** Each bug that is planted around the real code is found within 500 seeds (protocol §10): a simulation that finds nothing proves nothing. */
import { expect, test } from 'vitest';
import { PLANTS } from './plants.ts';
import { playSeed } from './play.ts';

const WITHIN_SEEDS = 500;

test.each(PLANTS.map((plant) => [plant.name, plant] as const))('%s is found', async (_name, plant) => {
  for (let seed = 1; seed <= WITHIN_SEEDS; seed += 1) {
    const failure = await playSeed({ seed, plant });
    // A world that fails without the bug as well says nothing of it.
    if (failure === undefined || (await playSeed({ seed })) !== undefined) continue;
    process.stderr.write(`${plant.name}: found after ${seed} seeds by ${failure.invariant}\n`);
    expect(failure.invariant).toMatch(/^I\d+$/);
    return;
  }
  expect.fail(`${plant.name} was not found within ${WITHIN_SEEDS} seeds`);
});
