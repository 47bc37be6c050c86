/** Waiting for something at most so long, by the clock that was given. */
import type { Clock } from '../core/runtime.ts';
import { messageOf } from '../core/errors.ts';

export type Waited<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed'; readonly cause: string };

/** Never rejects; what loses the race leaves nothing behind, neither a timer nor an unheard rejection. */
export async function waitAtMost<T>(clock: Clock, ms: number, wanted: Promise<T>): Promise<Waited<T>> {
  const controller = new AbortController();
  const timeout = clock.sleep(ms, controller.signal).then(
    () => ({ kind: 'timeout' }) as const,
    () => ({ kind: 'timeout' }) as const,
  );
  const done = wanted.then(
    (value) => ({ kind: 'done', value }) as const,
    (error: unknown) => ({ kind: 'failed', cause: messageOf(error) }) as const,
  );
  const first = await Promise.race([done, timeout]);
  controller.abort();
  return first;
}

/** Runs with a signal that aborts after `ms`. */
export async function withDeadline<T>(clock: Clock, ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const finished = new AbortController();
  const timer = clock.sleep(ms, finished.signal).then(
    () => deadline.abort(),
    () => undefined,
  );
  try {
    return await run(deadline.signal);
  } finally {
    finished.abort();
    await timer;
  }
}
