/** Time and chance as arguments. The only file that touches the ambient clock, timers and randomness. */
import { randomBytes } from 'node:crypto';
import { v4, v7 } from 'uuid';
import { SluiceError } from './errors.ts';

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never goes back. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with kind `closed` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Uniform bytes. */
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  float(): number;
}

/** What decisions may not take from the environment by themselves. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new SluiceError('closed', 'wait was cancelled', { cause: signal.reason }));
        return;
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(new SluiceError('closed', 'wait was cancelled', { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  float: () => randomBytes(4).readUInt32BE(0) / 2 ** 32,
};

export const systemRuntime: Runtime = { clock: systemClock, random: systemRandom };

/** A time-ordered UUID (version 7), lower-case. */
export const uuidV7 = (runtime: Runtime): string =>
  v7({ msecs: runtime.clock.now(), random: runtime.random.bytes(16), seq: seqOf(runtime.random.bytes(4)) });

/** A random UUID (version 4), lower-case. */
export const uuidV4 = (random: Random): string => v4({ random: random.bytes(16) });

const seqOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);

/** A uniform positive 63-bit integer. */
export function positive63(random: Random): bigint {
  const bytes = random.bytes(8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) & 0x7fff_ffff_ffff_ffffn;
  return value === 0n ? 1n : value;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
