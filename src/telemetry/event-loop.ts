/** How late the event loop comes back, measured by asking. Owns the rhythm; a stall longer than it shows in one sample. */
import type { Clock } from '../core/runtime.ts';

const EVERY_MS = 20;

/** Observes seconds until the signal aborts; rejects with kind `closed` then. */
export async function watchEventLoop(
  clock: Clock,
  observe: (seconds: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const asked = clock.monotonic();
    await clock.sleep(EVERY_MS, signal);
    observe(Math.max(0, clock.monotonic() - asked - EVERY_MS) / 1000);
  }
}
