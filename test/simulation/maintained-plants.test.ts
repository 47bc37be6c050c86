/** The classic bugs of maintenance, planted around the real code, are each found within 500 seeds, by the rule they break. */
import { expect, test } from 'vitest';
import { MAINTENANCE_PLANTS } from './maintained/maintenance-plants.ts';
import { playMaintained } from './maintained/play.ts';

const WITHIN_SEEDS = 500;

test.each(MAINTENANCE_PLANTS.map((plant) => [plant.name, plant] as const))('%s is found', async (_name, plant) => {
  for (let seed = 1; seed <= WITHIN_SEEDS; seed += 1) {
    const failure = await playMaintained({ seed, plant });
    // A world that fails without the bug as well says nothing of it.
    if (failure === undefined || (await playMaintained({ seed })) !== undefined) continue;
    process.stderr.write(`${plant.name}: found after ${seed} seeds by ${failure.invariant}\n`);
    expect(failure.message).toMatch(plant.breaks);
    return;
  }
  expect.fail(`${plant.name} was not found within ${WITHIN_SEEDS} seeds`);
});
