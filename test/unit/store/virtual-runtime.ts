/** A clock that jumps to the end of every sleep, and chance that is always in the middle. */
import type { Runtime } from '../../../src/core/runtime.ts';

export interface VirtualRuntime extends Runtime {
  readonly sleeps: readonly number[];
}

export function virtualRuntime(): VirtualRuntime {
  let now = 1_700_000_000_000;
  const sleeps: number[] = [];
  return {
    sleeps,
    clock: {
      now: () => now,
      monotonic: () => now,
      sleep: async (ms) => {
        sleeps.push(ms);
        now += ms;
      },
    },
    random: { bytes: (length) => new Uint8Array(length).fill(7), float: () => 0.5 },
  };
}
