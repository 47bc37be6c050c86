/** Promises of a rolling sum: what is older than the span does not count, and what lies long back does not come again. */
import { expect, test } from 'vitest';
import { RollingSum } from '../../../src/core/rolling-sum.ts';

test('counts what lies in the span, and forgets it afterwards', () => {
  const sum = new RollingSum(1_000, 11);
  sum.add(5, 100);
  sum.add(2, 4_500);
  expect(sum.sum(4_600, 10_000)).toBe(7);
  expect(sum.sum(4_600, 2_000)).toBe(2);
  expect(sum.sum(12_000, 10_000)).toBe(2);
  expect(sum.sum(60_000, 10_000)).toBe(0);
});

test('a bucket that is used again holds only what is new', () => {
  const sum = new RollingSum(1_000, 3);
  sum.add(1, 500);
  sum.add(10, 3_500);
  expect(sum.sum(3_600, 2_000)).toBe(10);
});
