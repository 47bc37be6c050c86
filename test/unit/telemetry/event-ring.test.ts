/** Coming back to events: everything after the id, or what is left of it and how much is missing. */
import { describe, expect, test } from 'vitest';
import type { ServiceEvent } from '../../../src/contracts/events.ts';
import { EventRing } from '../../../src/telemetry/events/event-ring.ts';
import { TableStates } from '../../../src/telemetry/events/table-states.ts';
import { readTrouble } from '../../../src/telemetry/trouble.ts';

const event: ServiceEvent = { type: 'service.ready' };

function ringOf(count: number, capacity = 4): EventRing {
  const ring = new EventRing('life', capacity);
  for (let number = 1; number <= count; number += 1) ring.add(event, number);
  return ring;
}

const numbers = (ring: EventRing, id: string) => ring.after(id).events.map(({ at }) => at);

describe('a reader that comes back', () => {
  test('gets what came after its id', () => {
    expect(ringOf(3).after('life-1')).toEqual({ events: [2, 3].map((n) => ({ id: `life-${n}`, at: n, event })) });
  });

  test('gets nothing when nothing came', () => {
    expect(ringOf(3).after('life-3')).toEqual({ events: [] });
  });

  test('hears how many are no longer there, however many there were', () => {
    for (const count of [6, 7, 8, 9, 100]) {
      const ring = ringOf(count);
      expect(numbers(ring, 'life-1')).toEqual([count - 3, count - 2, count - 1, count]);
      expect(ring.after('life-1').missed).toEqual({ count: count - 5 });
    }
    expect(ringOf(5).after('life-1').missed).toBeUndefined();
  });

  test.each(['other-1', 'life', 'life-', 'life-x', 'life-99', 'life-1-2', ''])(
    'with an id that is none of this life (%s) gets everything kept, and hears that it may have missed some',
    (id) => {
      expect(ringOf(3).after(id)).toMatchObject({
        events: [{ at: 1 }, { at: 2 }, { at: 3 }],
        missed: { count: undefined },
      });
    },
  );
});

test('a change of a table is told once', () => {
  const states = new TableStates();
  expect(states.look('a', { state: 'running' })).toBeUndefined();
  expect(states.look('a', { state: 'failing', reason: 'disk' })).toEqual({
    type: 'table.state',
    table: 'a',
    from: 'running',
    to: 'failing',
    reason: 'disk',
  });
  expect(states.look('a', { state: 'failing', reason: 'another' })).toBeUndefined();
  expect(states.troubled('a')).toBe(true);
  expect(states.look('b', { state: 'running' })).toBeUndefined();
  expect(states.troubled('b')).toBe(false);
  expect(states.look('a', { state: 'running' })).toMatchObject({ from: 'failing', to: 'running' });
  expect(states.troubled('a')).toBe(false);
});

test.each([
  ['conflict', { attempt: 'conflict', level: 'debug' }],
  ['unknown', { attempt: 'unknown', level: 'warn' }],
  ['stopped: gap', { failure: 'stopped', level: 'warn' }],
  ['write-failed', { failure: 'write_failed', level: 'warn' }],
  ['recut', { failure: 'recut', level: 'warn' }],
  ['parked', { parked: true, level: 'warn' }],
  ['resumed', { level: 'info' }],
  ['unavailable', { level: 'warn' }],
])('the trouble "%s" is read for what it is', (state, meaning) => {
  const { message, ...read } = readTrouble(state);
  expect(read).toEqual(meaning);
  expect(message).not.toBe('');
});
