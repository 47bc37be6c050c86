/** Work in steps leaves the event loop to others in between, however many works there are. */
import { expect, test } from 'vitest';
import { Pace } from '../../../src/core/pace.ts';
import type { Clock } from '../../../src/core/runtime.ts';

/** Time stands still until `turn`, which ends the sleeps that were asked for before. */
class TurnClock implements Clock {
  #sleeping: (() => void)[] = [];
  now = (): number => 0;
  monotonic = (): number => 0;
  sleep = (): Promise<void> => new Promise((resolve) => this.#sleeping.push(resolve));

  async turn(): Promise<void> {
    await settled();
    for (const wake of this.#sleeping.splice(0)) wake();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let step = 0; step < 10; step += 1) await Promise.resolve();
}

function* counting(taken: string[], name: string, steps: number): Generator<void, string> {
  for (let step = 1; step <= steps; step += 1) {
    taken.push(`${name}${step}`);
    if (step < steps) yield;
  }
  return name;
}

test('each turn of the event loop takes one step, whoever asks', async () => {
  const clock = new TurnClock();
  const pace = new Pace(clock);
  const taken: string[] = [];
  const answers = Promise.all(['a', 'b'].map((name) => pace.run(counting(taken, name, 3))));
  const perTurn: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const before = taken.length;
    await clock.turn();
    perTurn.push(taken.length - before);
  }
  expect(taken).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(perTurn).toEqual([1, 1, 1, 1]);
  expect(await answers).toEqual(['a', 'b']);
});

test('what one work throws is its own affair', async () => {
  const clock = new TurnClock();
  const pace = new Pace(clock);
  const failing = (function* (): Generator<void, never> {
    yield;
    throw new Error('no');
  })();
  const failed = expect(pace.run(failing)).rejects.toThrow('no');
  const other = pace.run(counting([], 'b', 2));
  await clock.turn();
  await clock.turn();
  await failed;
  expect(await other).toBe('b');
});
