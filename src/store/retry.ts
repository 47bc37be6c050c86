/** Repeats what may be repeated. Owns when to wait and when to give up; what a repetition means is the caller's to know. */
import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import { type SluiceError, isSluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';

export interface RetryPolicy extends BackoffPolicy {
  /** No attempt is begun later than this after the first. */
  readonly budgetMs: number;
}

export interface Retrying {
  readonly policy: RetryPolicy;
  readonly runtime: Runtime;
  readonly signal?: AbortSignal | undefined;
  /** Hears of every failure that is followed by another attempt. */
  readonly onRetry?: (error: SluiceError) => void;
}

/** The first answer of `attempt`, or its last error. Only errors of kind `unavailable` are followed by another attempt. */
export async function retry<T>(attempt: () => Promise<T>, { policy, runtime, signal, onRetry }: Retrying): Promise<T> {
  const start = runtime.clock.monotonic();
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isSluiceError(error, 'unavailable')) throw error;
      const wait = backoffMs(policy, failures, runtime.random);
      if (runtime.clock.monotonic() - start + wait > policy.budgetMs) throw error;
      onRetry?.(error);
      await runtime.clock.sleep(wait, signal);
    }
  }
}
