/** Plays one seed of the maintained world and says how it failed. */
import type { SeedFailure } from '../play.ts';
import { InvariantViolation } from '../world/core.ts';
import { MaintainedWorld, type MaintainedOptions } from './world.ts';

export async function playMaintained(options: MaintainedOptions): Promise<SeedFailure | undefined> {
  const world = new MaintainedWorld(options);
  try {
    await world.play();
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      seed: options.seed,
      step: world.scheduler.steps,
      invariant: error instanceof InvariantViolation ? error.invariant : 'none',
      message: error instanceof InvariantViolation ? error.message : text,
      events: world.scheduler.lastEvents(400),
      kinds: new Set([...world.faults.kinds, ...world.shape.habits]),
    };
  }
}

/** The hash of everything that happened. */
export async function maintainedTraceOf(seed: number): Promise<string> {
  const world = new MaintainedWorld({ seed });
  await world.play();
  return world.scheduler.hash;
}
