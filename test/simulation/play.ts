/** Plays one seed and says how it failed; makes a failing world smaller by taking kinds of faults away while it fails in the same way. */
import { InvariantViolation } from './world/core.ts';
import { World, type WorldOptions } from './world/world.ts';

export interface SeedFailure {
  readonly seed: number;
  readonly step: number;
  readonly invariant: string;
  readonly message: string;
  readonly events: readonly string[];
  /** Faults that were on. */
  readonly kinds: ReadonlySet<string>;
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
    };
  }
}

/** The hash of everything that happened. */
export async function traceOf(seed: number): Promise<string> {
  const world = new World({ seed });
  await world.play();
  return world.scheduler.hash;
}

/** Takes kinds of faults away while the world fails in the same way. `play` plays the seed once more, without them. */
export async function shrink(
  failure: SeedFailure,
  play: (without: ReadonlySet<string>) => Promise<SeedFailure | undefined>,
): Promise<SeedFailure> {
  let smallest = failure;
  let without: ReadonlySet<string> = new Set();
  for (const kind of failure.kinds) {
    const fewer = new Set([...without, kind]);
    const again = await play(fewer);
    if (again?.invariant !== failure.invariant) continue;
    smallest = again;
    without = fewer;
  }
  return smallest;
}
