/** Chance from a seed: equal seeds give equal worlds. */
import type { Random } from '../../../src/core/runtime.ts';

/** xorshift32 after a splash of the seed; for simulations, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let warm = 0; warm < 8; warm++) next();
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    float: () => next() / 2 ** 32,
  };
}
