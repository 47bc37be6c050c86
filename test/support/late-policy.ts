/** Feeds of tables that stop at what no longer fits. */
import type { LatePolicy } from '../../src/checkpoint/feed.ts';

export const STOPS: LatePolicy = {
  allowed: () => false,
  fence: () => Promise.reject(new Error('nothing is decided here')),
  decide: () => Promise.reject(new Error('nothing is decided here')),
  poison: () => Promise.resolve([]),
  passed: () => Promise.resolve(),
};
