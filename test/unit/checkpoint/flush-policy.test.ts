/** When an epoch is cut, and when a table is parked. */
import { describe, expect, test } from 'vitest';
import { flushTrigger } from '../../../src/checkpoint/flush-policy.ts';
import { tablesToPark } from '../../../src/checkpoint/parking.ts';
import { tableUuid } from '../../../src/core/ids.ts';

const limits = { intervalMs: 1_000, maxBytes: 100, maxRows: 10 };

describe('an epoch', () => {
  test('whose records were all refused late is cut by age: the progress must pass them', () => {
    expect(flushTrigger({ rows: 0, bytes: 0, firstAt: 0 }, limits, 999)).toBeUndefined();
    expect(flushTrigger({ rows: 0, bytes: 0, firstAt: 0 }, limits, 1_000)).toBe('interval');
  });
  test('is cut by bytes, then rows, then age, and not before', () => {
    expect(flushTrigger({ rows: 10, bytes: 100, firstAt: 0 }, limits, 0)).toBe('bytes');
    expect(flushTrigger({ rows: 10, bytes: 99, firstAt: 0 }, limits, 0)).toBe('rows');
    expect(flushTrigger({ rows: 9, bytes: 99, firstAt: 0 }, limits, 1_000)).toBe('interval');
    expect(flushTrigger({ rows: 9, bytes: 99, firstAt: 0 }, limits, 999)).toBeUndefined();
  });
});

describe('parking', () => {
  const [broken, fine] = [tableUuid('b'), tableUuid('f')];
  const status = { accepting: true, bytes: 60, maxBytes: 100, maxTableBytes: 50, parked: [] };
  const views = [
    { table: broken, committing: false },
    { table: fine, committing: true },
  ];
  test('takes the table that cannot commit once the log wants room', () => {
    expect(tablesToPark(status, views, true)).toEqual([broken]);
  });
  test('leaves everything alone with room, with nobody committing, or when it is parked already', () => {
    expect(tablesToPark({ ...status, bytes: 49 }, views, true)).toEqual([]);
    expect(tablesToPark(status, views, false)).toEqual([]);
    expect(tablesToPark({ ...status, parked: [broken] }, views, true)).toEqual([]);
  });
});
