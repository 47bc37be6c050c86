/** A token bucket as a value: filled at a rate, emptied by use, allowed to owe. Owns the arithmetic; time is an argument. */

export interface Bucket {
  /** Below zero is a debt: what was used was known only afterwards. */
  readonly tokens: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface Rate {
  readonly perSecond: number;
  /** Most that gathers while nobody asks. */
  readonly burst: number;
}

export const fullBucket = ({ burst }: Rate, now: number): Bucket => ({ tokens: burst, at: now });

export const filled = (bucket: Bucket, { perSecond, burst }: Rate, now: number): Bucket => ({
  tokens: Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1000),
  at: Math.max(now, bucket.at),
});

/** Without asking whether they are there. */
export const spent = (bucket: Bucket, tokens: number): Bucket => ({ ...bucket, tokens: bucket.tokens - tokens });

/** Milliseconds until there are `tokens`; 0 when they are there. More than a full bucket is never waited for: a full one will do. */
export function waitMs(bucket: Bucket, { perSecond, burst }: Rate, tokens: number): number {
  const missing = Math.min(tokens, burst) - bucket.tokens;
  return missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1000);
}
