/** Promises of token buckets: never more than the rate and the burst, no debt forgiven, nobody waits for what cannot come. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BucketLimiter } from '../../../src/access/rate-limiter.ts';
import { filled, fullBucket, spent, waitMs, type Rate } from '../../../src/access/token-bucket.ts';
import type { Admission, RateLimits } from '../../../src/contracts/access.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

const RATE: Rate = { perSecond: 10, burst: 20 };

describe('a bucket', () => {
  test('fills at its rate and never over', () => {
    const empty = spent(fullBucket(RATE, 0), 20);
    expect(filled(empty, RATE, 500).tokens).toBe(5);
    expect(filled(empty, RATE, 60_000).tokens).toBe(20);
  });

  test('a clock that goes back takes nothing away', () => {
    const bucket = filled(spent(fullBucket(RATE, 1000), 5), RATE, 500);
    expect(bucket).toEqual({ tokens: 15, at: 1000 });
  });

  test('says how long to wait, debts included; for more than fits, until it is full', () => {
    const bucket = spent(fullBucket(RATE, 0), 25);
    expect(waitMs(bucket, RATE, 1)).toBe(600);
    expect(waitMs(bucket, RATE, 1000)).toBe(2500);
    expect(waitMs(fullBucket(RATE, 0), RATE, 1000)).toBe(0);
  });

  test('whatever is asked when: what is let through is at most the burst and the rate over the time, and one last large one', () => {
    const asks = fc.array(
      fc.record({ after: fc.integer({ min: 0, max: 3000 }), tokens: fc.integer({ min: 1, max: 30 }) }),
      {
        maxLength: 100,
      },
    );
    fc.assert(
      fc.property(asks, (all) => {
        let bucket = fullBucket(RATE, 0);
        let now = 0;
        let through = 0;
        for (const { after, tokens } of all) {
          now += after;
          bucket = filled(bucket, RATE, now);
          if (waitMs(bucket, RATE, tokens) > 0) continue;
          bucket = spent(bucket, tokens);
          through += tokens;
        }
        return through <= RATE.burst + (now * RATE.perSecond) / 1000 + 10 + 1e-6;
      }),
    );
  });

  test('after the wait it was told, a request is let through', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 20 }), fc.integer({ min: 1, max: 50 }), (tokens, wanted) => {
        const bucket = { tokens, at: 0 };
        const wait = waitMs(bucket, RATE, wanted);
        return waitMs(filled(bucket, RATE, wait), RATE, wanted) === 0;
      }),
    );
  });
});

describe('the limiter', () => {
  const runtime = testRuntime();
  const limiter = new BucketLimiter(runtime.clock);
  const admit = (account: string, limits: RateLimits, bytes = 0): Admission => limiter.admit(account, limits, bytes);

  test('no limits: always in, nothing shown', () => {
    expect(admit('a', {})).toMatchObject({ kind: 'admitted', allowances: [] });
  });

  test('a request larger than the bucket passes when it is full, and is paid off by those after', () => {
    const limits = { bytesPerSecond: 100 };
    expect(admit('b', limits, 1000).kind).toBe('admitted');
    expect(admit('b', limits, 1)).toMatchObject({ kind: 'limited', by: 'bytes', retryAfterMs: 8010 });
    runtime.advance(8010);
    expect(admit('b', limits, 1).kind).toBe('admitted');
  });

  test('bytes told afterwards count: a body without a length is no way around', () => {
    const limits = { bytesPerSecond: 100 };
    const first = admit('c', limits);
    if (first.kind === 'admitted') first.charge(700);
    expect(admit('c', limits)).toMatchObject({ kind: 'limited', by: 'bytes', retryAfterMs: 5010 });
  });

  test('releasing twice gives one place', () => {
    const limits = { requestsInFlight: 1 };
    const first = admit('d', limits);
    expect(admit('d', limits).kind).toBe('limited');
    if (first.kind !== 'admitted') throw new Error('limited');
    first.release?.();
    first.release?.();
    expect(admit('d', limits).kind).toBe('admitted');
    expect(admit('d', limits).kind).toBe('limited');
  });

  test('accounts are bounded, and one with requests in flight is not forgotten', () => {
    const limits = { requestsInFlight: 1 };
    admit('busy', limits);
    for (let stranger = 0; stranger < 20_000; stranger += 1) {
      const came = admit(`address:${stranger}`, limits);
      if (came.kind === 'admitted') came.release?.();
    }
    expect(admit('busy', limits).kind).toBe('limited');
  });
});
