/** The order and the grace of a stop: appends are refused after the drain delay, which the grace of the last checkpoint has in it. */
import { expect, test } from 'vitest';
import type { Clock } from '../../../src/core/runtime.ts';
import { LateIngest } from '../../../src/service/late-ingest.ts';
import { drain } from '../../../src/service/stopping.ts';

type Coordinator = NonNullable<ReturnType<Parameters<typeof drain>[1]>>;

/** Waits take no time but move the clock. */
function world(openIngest: boolean, drainTables: (signal: AbortSignal) => Promise<void>) {
  const events: string[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (ms) => {
      events.push(`wait ${ms}`);
      now += ms;
      return Promise.resolve();
    },
  };
  const ingest = new LateIngest();
  if (openIngest)
    ingest.attach({ close: () => Promise.resolve(void events.push('refuse appends')) } as unknown as Parameters<
      LateIngest['attach']
    >[0]);
  const coordinator = {
    pipelines: [],
    drain: (_trigger: string, signal: AbortSignal) => {
      events.push('checkpoint');
      return drainTables(signal);
    },
  } as unknown as Coordinator;
  return { events, ingest, clock, coordinator: () => coordinator };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('too late')), { once: true }),
  );

test('serve for the delay, refuse appends, then the last checkpoint', async () => {
  const { events, ingest, clock, coordinator } = world(true, () => Promise.resolve());
  const result = await drain(
    ingest,
    coordinator,
    { drainDelayMs: 5_000, shutdownGraceMs: 45_000 },
    clock,
    () => undefined,
  );
  expect(result).toEqual({ checkpointed: true });
  expect(events).toEqual(['wait 5000', 'refuse appends', 'checkpoint']);
});

test('a daemon that never took records has nobody to wait for', async () => {
  const { events, ingest, clock, coordinator } = world(false, () => Promise.resolve());
  await drain(ingest, coordinator, { drainDelayMs: 5_000, shutdownGraceMs: 45_000 }, clock, () => undefined);
  expect(events).toEqual(['checkpoint']);
});

test('the checkpoint gets what the delay has left of the grace; what it does not reach waits in the log', async () => {
  const { ingest, clock, coordinator } = world(true, untilAborted);
  const warned: string[] = [];
  const limits = { drainDelayMs: 3_600_000, shutdownGraceMs: 3_600_001 };
  const result = await drain(ingest, coordinator, limits, clock, (_facts, message) => void warned.push(message));
  expect(result).toMatchObject({ checkpointed: false, reason: expect.stringContaining('in the log') });
  expect(warned).toHaveLength(1);
});
