/**
 * Reads a request body into bytes while it arrives, unpacking gzip and zstd on the way: bounded by the body limit, by the ratio of a
 * compressed body, and by a byte budget that is asked before each piece is kept. Owns no status codes.
 */
import type { Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ByteBudget } from '../core/byte-budget.ts';

export type Encoding = 'identity' | 'gzip' | 'zstd';

export interface BodyLimits {
  /** Bytes after decompression. */
  readonly maxBodyBytes: number;
  /** Unpacked bytes a packed byte, above the first MiB. */
  readonly decompressionRatio: number;
}

export type BodyOutcome =
  /** `bytes` of the budget are held until `release` is called (once more is harmless). */
  | { readonly kind: 'read'; readonly body: Buffer; readonly release: () => void }
  | { readonly kind: 'too-large'; readonly limit: number }
  /** It unpacks to more than the ratio allows. */
  | { readonly kind: 'ratio'; readonly ratio: number }
  | { readonly kind: 'no-budget' }
  /** The packed bytes are damaged or cut off, or something follows them. */
  | { readonly kind: 'damaged'; readonly cause: string }
  /** The client went away; nobody reads an answer. */
  | { readonly kind: 'aborted' };

type Refused = Exclude<BodyOutcome, { kind: 'read' }>;

const FREE_RATIO_BYTES = 1024 * 1024;

/** Never rejects. The stream is left where a refusal stopped it: draining or closing is the caller's. */
export async function readBody(
  stream: Readable,
  encoding: Encoding,
  contentLength: number | undefined,
  limits: BodyLimits,
  budget: ByteBudget,
): Promise<BodyOutcome> {
  const held = new Held(limits.maxBodyBytes, budget);
  const refuse = (outcome: Refused): Refused => {
    held.release();
    return outcome;
  };
  if (encoding === 'identity' && contentLength !== undefined) {
    if (contentLength > limits.maxBodyBytes) return refuse({ kind: 'too-large', limit: limits.maxBodyBytes });
    if (!held.expect(contentLength)) return refuse({ kind: 'no-budget' });
  }
  const unpacker = encoding === 'identity' ? undefined : new Unpacker(encoding, held, limits.decompressionRatio);
  const refusal = await consume(stream, (chunk) => (unpacker === undefined ? held.add(chunk) : unpacker.feed(chunk)));
  if (refusal !== undefined) {
    unpacker?.destroy();
    return refuse(refusal);
  }
  const end = await unpacker?.end();
  if (end !== undefined) return refuse(end);
  return { kind: 'read', body: held.join(), release: () => held.release() };
}

type Step = Refused | undefined | Promise<Refused | undefined>;

/** Hands over chunk by chunk, one at a time; ends with the first refusal, or undefined at the end of the stream. */
function consume(stream: Readable, take: (chunk: Buffer) => Step): Promise<Refused | undefined> {
  return new Promise((resolve) => {
    const finish = (outcome: Refused | undefined): void => {
      stream.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      if (outcome !== undefined) stream.pause();
      // A late error of an abandoned stream has nobody else to hear it.
      stream.on('error', () => undefined);
      resolve(outcome);
    };
    let busy = false;
    let ended = false;
    // The end does not wait for a paused stream: it may come while the last chunk is still worked on.
    const onEnd = (): void => {
      ended = true;
      if (!busy) finish(undefined);
    };
    const onGone = (): void => {
      if (!ended) finish({ kind: 'aborted' });
    };
    const onData = (chunk: Buffer): void => {
      const step = take(chunk);
      if (step === undefined) return;
      if (!(step instanceof Promise)) {
        finish(step);
        return;
      }
      busy = true;
      stream.pause();
      step.then(
        (outcome) => {
          busy = false;
          if (outcome !== undefined || ended) finish(outcome);
          else stream.resume();
        },
        () => finish({ kind: 'aborted' }),
      );
    };
    stream.on('data', onData).once('end', onEnd).once('close', onGone).once('error', onGone);
  });
}

/** Pieces kept so far and the bytes of the budget that stand for them. */
class Held {
  readonly #limit: number;
  readonly #budget: ByteBudget;
  readonly #pieces: Buffer[] = [];
  #reserved = 0;
  /** The body, when its length was announced and it comes in several pieces: each is copied as it arrives and let go. */
  #whole: Buffer = Buffer.alloc(0);
  #filled = 0;
  #announced = 0;
  size = 0;

  constructor(limit: number, budget: ByteBudget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Takes the budget for an announced length. */
  expect(bytes: number): boolean {
    this.#announced = bytes;
    return this.#reserve(bytes);
  }

  #reserve(bytes: number): boolean {
    if (!this.#budget.tryTake(bytes)) return false;
    this.#reserved += bytes;
    return true;
  }

  add(piece: Buffer): Refused | undefined {
    this.size += piece.length;
    if (this.size > this.#limit) return { kind: 'too-large', limit: this.#limit };
    if (this.size > this.#reserved && !this.#reserve(this.size - this.#reserved)) return { kind: 'no-budget' };
    if (this.#filled === 0 && piece.length < this.#announced) this.#whole = Buffer.allocUnsafeSlow(this.#announced);
    if (this.#filled + piece.length > this.#whole.length) this.#pieces.push(piece);
    else {
      this.#whole.set(piece, this.#filled);
      this.#filled += piece.length;
    }
    return undefined;
  }

  /** The whole body, once; the pieces are let go, so that it is held only once while it is appended. */
  join(): Buffer {
    const pieces = [this.#whole.subarray(0, this.#filled), ...this.#pieces.splice(0)].filter(
      ({ length }) => length > 0,
    );
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, this.size);
  }

  release(): void {
    this.#budget.give(this.#reserved);
    this.#reserved = 0;
  }
}

/**
 * Feeds a native decompressor piece by piece. What it leaves untouched is looked at: Node's zstd stops after one frame, and a
 * body of several frames would lose records in silence.
 */
class Unpacker {
  readonly #encoding: 'gzip' | 'zstd';
  readonly #held: Held;
  readonly #ratio: number;
  #engine: Transform & { readonly bytesWritten: number };
  #fedToEngine = 0;
  #fed = 0;
  #refusal: Refused | undefined;
  #wake: (() => void) | undefined;

  constructor(encoding: 'gzip' | 'zstd', held: Held, ratio: number) {
    this.#encoding = encoding;
    this.#held = held;
    this.#ratio = ratio;
    this.#engine = this.#open();
  }

  async feed(chunk: Buffer): Promise<Refused | undefined> {
    let rest = chunk;
    this.#fed += chunk.length;
    while (rest.length > 0) {
      await this.#step((done) => this.#engine.write(rest, done));
      this.#fedToEngine += rest.length;
      if (this.#refusal !== undefined) return this.#refusal;
      const left = this.#fedToEngine - this.#engine.bytesWritten;
      if (left === 0) return undefined;
      // Zeros behind a gzip member are padding that some writers leave.
      const unread = rest.subarray(rest.length - left);
      if (this.#encoding === 'gzip')
        return unread.every((byte) => byte === 0)
          ? undefined
          : { kind: 'damaged', cause: 'bytes follow the gzip member' };
      rest = unread;
      this.#engine.destroy();
      this.#engine = this.#open();
    }
    return undefined;
  }

  async end(): Promise<Refused | undefined> {
    await this.#step((done) => {
      if (this.#engine.readableEnded) done();
      else this.#engine.once('end', done).end();
    });
    this.destroy();
    return this.#refusal;
  }

  destroy(): void {
    this.#engine.destroy();
  }

  /** Resolves when the step is done or the engine has refused; a failed engine never calls back. */
  #step(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      start(resolve);
      if (this.#refusal !== undefined) resolve();
    });
  }

  #open(): Transform & { readonly bytesWritten: number } {
    const engine =
      this.#encoding === 'gzip' ? createGunzip({ chunkSize: 65_536 }) : createZstdDecompress({ chunkSize: 65_536 });
    this.#fedToEngine = 0;
    const stop = (refusal: Refused): void => {
      this.#refusal ??= refusal;
      engine.destroy();
      this.#wake?.();
    };
    engine.on('error', (error) => stop({ kind: 'damaged', cause: error.message }));
    engine.on('data', (piece: Buffer) => {
      if (this.#refusal !== undefined) return;
      const size = this.#held.size + piece.length;
      const refusal =
        size > Math.max(FREE_RATIO_BYTES, this.#fed * this.#ratio)
          ? ({ kind: 'ratio', ratio: this.#ratio } as const)
          : this.#held.add(piece);
      if (refusal !== undefined) stop(refusal);
    });
    return engine;
  }
}
