/** What was counted lately. Memory is a fixed number of buckets, however much is counted. Takes the time, reads no clock. */

export class RollingSum {
  readonly #bucketMs: number;
  /** By bucket number modulo the length. */
  readonly #buckets: { number: number; sum: number }[];

  /** Reaches back `buckets` × `bucketMs`; sums are right to a bucket. */
  constructor(bucketMs: number, buckets: number) {
    this.#bucketMs = bucketMs;
    this.#buckets = Array.from({ length: buckets }, () => ({ number: -1, sum: 0 }));
  }

  add(amount: number, nowMs: number): void {
    const number = Math.floor(nowMs / this.#bucketMs);
    const bucket = this.#buckets[number % this.#buckets.length];
    if (bucket === undefined) return;
    if (bucket.number !== number) {
      bucket.number = number;
      bucket.sum = 0;
    }
    bucket.sum += amount;
  }

  /** Of the last `overMs`, with the whole bucket in which they begin. */
  sum(nowMs: number, overMs: number): number {
    const first = Math.floor((nowMs - overMs) / this.#bucketMs);
    const last = Math.floor(nowMs / this.#bucketMs);
    return this.#buckets.reduce(
      (total, { number, sum }) => (number >= first && number <= last ? total + sum : total),
      0,
    );
  }
}
