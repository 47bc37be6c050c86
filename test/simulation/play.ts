/** Plays one seed and says how it failed; makes a failing world smaller by taking kinds of faults away while it fails in the same way. */
import type { Plant } from './plants.ts';
import { InvariantViolation } from './world/core.ts';
import type { FaultKind } from './world/faults.ts';
import { World, type WorldOptions } from './world/world.ts';

export interface SeedFailure {
  readonly seed: number;
  readonly step: number;
  readonly invariant: string;
  readonly message: string;
  readonly events: readonly string[];
  /** Faults that were on. */
  readonly kinds: ReadonlySet<FaultKind>;
  readonly without: ReadonlySet<FaultKind>;
}

export async function playSeed(options: WorldOptions): Promise<SeedFailure | undefined> {
  const world = new World(options);
  try {
    await world.play();
    return undefined;
  } catch (error) {
    return {
      seed: options.seed,
      step: world.scheduler.steps,
      invariant: error instanceof InvariantViolation ? error.invariant : 'none',
      message:
        error instanceof InvariantViolation
          ? error.message
          : error instanceof Error
            ? (error.stack ?? error.message)
            : String(error),
      events: world.scheduler.lastEvents(400),
      kinds: world.faults.kinds,
      without: options.without ?? new Set(),
    };
  }
}

/** The hash of everything that happened. */
export async function traceOf(seed: number): Promise<string> {
  const world = new World({ seed });
  await world.play();
  return world.scheduler.hash;
}

export async function shrink(failure: SeedFailure, plant: Plant | undefined): Promise<SeedFailure> {
  let smallest = failure;
  for (const kind of failure.kinds) {
    const without = new Set([...smallest.without, kind]);
    const again = await playSeed({ seed: failure.seed, without, ...(plant === undefined ? {} : { plant }) });
    if (again?.invariant === failure.invariant) smallest = again;
  }
  return smallest;
}
