/** Exponential back-off with full jitter. Pure: chance is an argument. */
import type { Random } from './runtime.ts';

export interface BackoffPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Milliseconds to wait before attempt `attempt` (0 = the first retry): uniform in [half, whole] of min(max, initial·2^attempt). */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  const ceiling = Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + random.float() * (ceiling / 2);
}
