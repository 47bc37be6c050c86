/** A runtime whose clock moves only when told, and whose chance comes from a seed. */
import type { Runtime } from '../../../src/core/runtime.ts';
import { seededRandom } from './seeded-random.ts';

export interface TestRuntime extends Runtime {
  /** Time passes, on both clocks. */
  advance(ms: number): void;
  /** The wall clock jumps; monotonic time does not. */
  jump(ms: number): void;
}

export function testRuntime(seed = 1): TestRuntime {
  let wall = 1_700_000_000_000;
  let monotonic = 0;
  return {
    clock: {
      now: () => wall,
      monotonic: () => monotonic,
      sleep: () => Promise.resolve(),
    },
    random: seededRandom(seed),
    advance: (ms) => {
      wall += ms;
      monotonic += ms;
    },
    jump: (ms) => {
      wall += ms;
    },
  };
}
