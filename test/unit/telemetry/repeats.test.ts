/** Repeated lines: the first is said at once, then one summary a window, and silence ends the matter. */
import { describe, expect, test } from 'vitest';
import { Repeats } from '../../../src/telemetry/logs/repeats.ts';

const WINDOW = 30_000;
const repeats = (maxKeys = 10) => new Repeats<string>(WINDOW, maxKeys);

describe('lines of one kind', () => {
  test('the first is said, the next are held back and summed up with the last of them', () => {
    const held = repeats();
    expect([held.admit('k', 'one', 0), held.admit('k', 'two', 1), held.admit('k', 'three', 2)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(held.due(WINDOW - 1)).toEqual([]);
    expect(held.due(WINDOW)).toEqual([{ last: 'three', count: 2 }]);
  });

  test('go on being summed up while they repeat, and count anew in each window', () => {
    const held = repeats();
    held.admit('k', 'one', 0);
    held.admit('k', 'two', 1);
    held.due(WINDOW);
    expect(held.admit('k', 'four', WINDOW + 1)).toBe(false);
    expect(held.due(2 * WINDOW - 1)).toEqual([]);
    expect(held.due(2 * WINDOW)).toEqual([{ last: 'four', count: 1 }]);
  });

  test('are said at once again after a quiet window', () => {
    const held = repeats();
    held.admit('k', 'one', 0);
    expect(held.due(WINDOW)).toEqual([]);
    expect(held.admit('k', 'later', WINDOW + 1)).toBe(true);
  });
});

test('kinds do not hold each other back', () => {
  const held = repeats();
  held.admit('a', 'a1', 0);
  expect(held.admit('b', 'b1', 0)).toBe(true);
});

test('kinds past the bound are said each time rather than lost or remembered', () => {
  const held = repeats(1);
  held.admit('a', 'a1', 0);
  expect([held.admit('b', 'b1', 0), held.admit('b', 'b2', 1)]).toEqual([true, true]);
  expect(held.admit('a', 'a2', 1)).toBe(false);
});
