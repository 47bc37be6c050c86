/**
 * Requests and bytes a second, and requests in flight, of each account. Owns the buckets of at most so many accounts; what a limit is, comes with the
 * principal. A request that is too large for a whole bucket is let in when the bucket is full and leaves a debt, so that it can pass at all.
 */
import type { Admission, Allowance, RateLimiter, RateLimits } from '../contracts/access.ts';
import type { Clock } from '../core/runtime.ts';
import { filled, fullBucket, spent, waitMs, type Bucket, type Rate } from './token-bucket.ts';

/** Seconds' worth that gathers while an account is quiet. */
const BURST_SECONDS = 2;
const MAX_ACCOUNTS = 10_000;
/** Until a request in flight has ended nobody knows; a second is the least that Retry-After can say. */
const IN_FLIGHT_RETRY_MS = 1_000;

interface Account {
  requests?: Bucket;
  bytes?: Bucket;
  inFlight: number;
}

export class BucketLimiter implements RateLimiter {
  readonly #clock: Clock;
  /** Least recently used first. */
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admit(name: string, limits: RateLimits, bytes: number): Admission {
    const { requestsPerSecond, bytesPerSecond, requestsInFlight } = limits;
    if (requestsPerSecond === undefined && bytesPerSecond === undefined && requestsInFlight === undefined)
      return UNLIMITED;
    const now = this.#clock.monotonic();
    const account = this.#account(name);
    const requestRate = rateOf(requestsPerSecond);
    const byteRate = rateOf(bytesPerSecond);
    if (requestRate !== undefined) account.requests = refilled(account.requests, requestRate, now);
    if (byteRate !== undefined) account.bytes = refilled(account.bytes, byteRate, now);
    const limited = (by: 'requests' | 'bytes' | 'in-flight', retryAfterMs: number): Admission => ({
      kind: 'limited',
      by,
      retryAfterMs,
      allowances: allowancesOf(account, requestRate, byteRate),
    });
    if (requestsInFlight !== undefined && account.inFlight >= requestsInFlight)
      return limited('in-flight', IN_FLIGHT_RETRY_MS);
    const forRequest = waitFor(account.requests, requestRate, 1);
    if (forRequest > 0) return limited('requests', forRequest);
    // Without an announced length one byte must be there: a debt is paid off first.
    const forBytes = waitFor(account.bytes, byteRate, Math.max(1, bytes));
    if (forBytes > 0) return limited('bytes', forBytes);

    if (account.requests !== undefined) account.requests = spent(account.requests, 1);
    if (account.bytes !== undefined) account.bytes = spent(account.bytes, bytes);
    return {
      kind: 'admitted',
      allowances: allowancesOf(account, requestRate, byteRate),
      charge: (more) => {
        if (account.bytes !== undefined) account.bytes = spent(account.bytes, more);
      },
      ...(requestsInFlight === undefined ? {} : { release: hold(account) }),
    };
  }

  /** An account forgotten for lack of room starts with full buckets again; one with requests in flight is never forgotten. */
  #account(name: string): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) this.#accounts.delete(name);
    else if (this.#accounts.size >= MAX_ACCOUNTS) this.#forgetOne();
    const account = known ?? { inFlight: 0 };
    this.#accounts.set(name, account);
    return account;
  }

  #forgetOne(): void {
    for (const [name, { inFlight }] of this.#accounts) {
      if (inFlight > 0) continue;
      this.#accounts.delete(name);
      return;
    }
  }
}

const UNLIMITED: Admission = {
  kind: 'admitted',
  allowances: [],
  charge: () => undefined,
};

function hold(account: Account): () => void {
  account.inFlight += 1;
  let held = true;
  return () => {
    if (held) account.inFlight -= 1;
    held = false;
  };
}

const rateOf = (perSecond: number | undefined): Rate | undefined =>
  perSecond === undefined ? undefined : { perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) };

const refilled = (bucket: Bucket | undefined, rate: Rate, now: number): Bucket =>
  bucket === undefined ? fullBucket(rate, now) : filled(bucket, rate, now);

const waitFor = (bucket: Bucket | undefined, rate: Rate | undefined, tokens: number): number =>
  bucket === undefined || rate === undefined ? 0 : waitMs(bucket, rate, tokens);

function allowancesOf(account: Account, requests: Rate | undefined, bytes: Rate | undefined): readonly Allowance[] {
  const shown = (unit: Allowance['unit'], bucket: Bucket | undefined, rate: Rate | undefined): readonly Allowance[] =>
    bucket === undefined || rate === undefined
      ? []
      : [
          {
            unit,
            quota: rate.perSecond,
            remaining: Math.max(0, Math.floor(bucket.tokens)),
            resetSeconds: Math.ceil(waitMs(bucket, rate, rate.burst) / 1000),
          },
        ];
  return [...shown('requests', account.requests, requests), ...shown('bytes', account.bytes, bytes)];
}
