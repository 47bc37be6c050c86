/** Promises of the watch: rates and counts of lately, the last troubles and checkpoints, and clocks that were set. */
import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/telemetry/metrics/registry.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { Watch } from '../../../src/service/watch.ts';
import { checkpointRecord } from '../../support/fake-ports.ts';

class HandClock implements Clock {
  wall = 1_800_000_000_000;
  mono = 5_000;

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.mono;
  }

  sleep(): Promise<void> {
    return Promise.resolve();
  }

  pass(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }
}

const clock = new HandClock();
const watch = new Watch(clock);
const metrics = watch.beside(createMetrics({ version: '1' }));
const accept = (records: number): void =>
  metrics.ingest({ table: 'a.b', ack: 'durable', result: 'accepted', records, bytes: 1, seconds: 0 });

test('records a second are those of the last half minute, and the last arrival is kept', () => {
  accept(300);
  const at = clock.now();
  clock.pass(10_000);
  expect(watch.table('a.b').intake).toEqual({ recordsPerSecond: 30, lastAt: at });
  clock.pass(60_000);
  expect(watch.table('a.b').intake).toEqual({ recordsPerSecond: 0, lastAt: at });
  expect(watch.table('never.seen').intake).toEqual({ recordsPerSecond: 0 });
});

test('refused records are no arrivals', () => {
  metrics.ingest({ table: 'r.r', ack: 'durable', result: 'refused', records: 5, bytes: 1, seconds: 0 });
  expect(watch.table('r.r').intake).toEqual({ recordsPerSecond: 0 });
});

test('attempts and requests of the last ten minutes, by how they ended', () => {
  for (const outcome of ['committed', 'conflict', 'conflict', 'unknown'] as const)
    metrics.commitAttempt('a.b', outcome);
  for (const code of ['ok', 'absent', 'lost-race', 'unavailable', 'misconfigured'])
    metrics.storeRequest('put', code, 1);
  for (const reason of ['slow-down', 'unavailable']) metrics.storeRetry('put', reason);
  expect(watch.table('a.b').attempts).toEqual({ committed: 1, conflicts: 2, unknown: 1 });
  expect(watch.store).toEqual({ requests: 5, failed: 2, slowDowns: 1 });
  clock.pass(700_000);
  expect(watch.table('a.b').attempts).toEqual({ committed: 0, conflicts: 0, unknown: 0 });
  expect(watch.store).toEqual({ requests: 0, failed: 0, slowDowns: 0 });
});

test('the last twenty checkpoints, and the last trouble', () => {
  for (let count = 0; count < 25; count += 1) metrics.checkpoint({ ...checkpointRecord('a.b'), records: count });
  watch.trouble('a.b', 'conflict', 'lost');
  const facts = watch.table('a.b');
  expect(facts.checkpoints.map(({ records }) => records)).toEqual(Array.from({ length: 20 }, (_, at) => at + 5));
  expect(facts.trouble).toEqual({ state: 'conflict', cause: 'lost', at: clock.now() });
});

test('a clock that is set is a jump; time that passes is none', () => {
  watch.lookAtClocks();
  clock.pass(3_600_000);
  watch.lookAtClocks();
  expect(watch.clockJump).toBeUndefined();
  clock.wall -= 90_000;
  watch.lookAtClocks();
  expect(watch.clockJump).toEqual({ at: clock.now(), byMs: -90_000 });
});

test('dead letters of the last ten minutes, by code', () => {
  metrics.deadLetters('d.d', 'type_mismatch', 40);
  metrics.deadLetters('d.d', 'type_mismatch', 2);
  metrics.deadLetters('d.d', 'missing_field', 1);
  expect(watch.table('d.d').deadLetters).toEqual([
    { code: 'type_mismatch', records: 42 },
    { code: 'missing_field', records: 1 },
  ]);
});
