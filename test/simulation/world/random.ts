/** Seeded chance of the simulated world. One stream a user, so that switching one fault off leaves the others' choices as they were. */
import type { Random } from '../../../src/core/runtime.ts';

export class SeededRandom implements Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#a = mix(this.#seed ^ 0x9e37_79b9);
    this.#b = mix(this.#a ^ 0x85eb_ca6b);
    this.#c = mix(this.#b ^ 0xc2b2_ae35);
    for (let warm = 0; warm < 12; warm += 1) this.uint32();
  }

  /** sfc32: small, fast, and good enough to schedule with. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  float(): number {
    return this.uint32() / 2 ** 32;
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) result[at] = this.uint32() & 0xff;
    return result;
  }

  /** Uniform in [low, high], whole numbers. */
  int(low: number, high: number): number {
    return low + Math.floor(this.float() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.float() * items.length)];
  }

  /** An independent stream that depends on the seed and the name only, not on what was drawn before. */
  fork(name: string): SeededRandom {
    let hash = 0x811c_9dc5;
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193);
    return new SeededRandom(mix(hash ^ this.#seed));
  }
}

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
