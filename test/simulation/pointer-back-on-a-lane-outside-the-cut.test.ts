/**
 * A catalog restored from an older copy took records of an earlier lane away while the daemon committed only a later lane: the next commit
 * compared the later lane alone, and the records stayed out although the log still had them. Seed 1001074, invariant I1.
 */
import { expect, test } from 'vitest';
import { playSeed } from './play.ts';

test('a pointer that went back brings every lane in again from the log', async () => {
  expect(await playSeed({ seed: 1_001_074 })).toBeUndefined();
});
