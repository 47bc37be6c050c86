/**
 * One piece of an epoch as a local file of NDJSON: written behind, never synced (the log is what is durable). Small pieces stay in memory
 * until they are sealed. Does not decode.
 */
import { closeSync, openSync, unlinkSync, write, writeSync } from 'node:fs';
import { SluiceError, messageOf } from '../../core/errors.ts';

/** Of a piece that has not filled it yet: a thousand tables with a few rows each must not cost a thousand full blocks. */
const SMALL_BLOCK_BYTES = 64 * 1024;
const BLOCK_BYTES = 1024 * 1024;
/**
 * Blocks of all pieces being written; past it an append writes by itself, so that memory stays bounded. Far more than the largest
 * request fills, so that a slow disk is waited for only when it is slow for long.
 */
const MAX_BLOCKS_IN_FLIGHT = 64;
const MAX_FREE_BLOCKS = 16;

/**
 * Full-size blocks to write into again: a fresh one for every mebibyte of rows keeps the garbage collector busy with nothing else.
 * Owns how many blocks, small ones included, are being written.
 */
export class SpoolBlocks {
  readonly #free: Buffer[] = [];
  #inFlight = 0;

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** The block is written or given up: nobody reads it any more. */
  give(block: Buffer): void {
    if (block.length === BLOCK_BYTES && this.#free.length < MAX_FREE_BLOCKS) this.#free.push(block);
  }

  /** False: as many as may be are being written. Each true is followed by one `written`. */
  mayWriteBehind(): boolean {
    if (this.#inFlight >= MAX_BLOCKS_IN_FLIGHT) return false;
    this.#inFlight += 1;
    return true;
  }

  written(block: Buffer): void {
    this.#inFlight -= 1;
    this.give(block);
  }
}

/** A line this long is none too long for any reader; only larger appends are looked into. */
const SHORT_BYTES = 8 * 1024 * 1024;

function longestLineBound(lines: Uint8Array): number {
  if (lines.length <= SHORT_BYTES) return lines.length;
  let longest = 0;
  for (let from = 0; from < lines.length;) {
    const at = lines.indexOf(0x0a, from);
    const end = at === -1 ? lines.length : at + 1;
    longest = Math.max(longest, end - from);
    from = end;
  }
  return longest;
}

export class SpoolPiece {
  readonly path: string;
  readonly #blocks: SpoolBlocks;
  #rows = 0;
  #bytes = 0;
  #longestLine = 0;
  #block: Buffer | undefined;
  #used = 0;
  #fd: number | undefined;
  #written = 0;
  #inFlight = 0;
  #failure: SluiceError | undefined;
  #idle: (() => void) | undefined;
  #removed = false;

  constructor(path: string, blocks: SpoolBlocks) {
    this.path = path;
    this.#blocks = blocks;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Upper bound of the bytes of the longest line. */
  get longestLine(): number {
    return this.#longestLine;
  }

  /** Copies. A failed write surfaces in `seal`. */
  append(lines: Uint8Array, count: number): void {
    this.#rows += count;
    this.#bytes += lines.length;
    this.#longestLine = Math.max(this.#longestLine, longestLineBound(lines));
    for (let from = 0; from < lines.length;) {
      const block = (this.#block = this.#blockFor(lines.length - from));
      const part = lines.subarray(from, from + block.length - this.#used);
      block.set(part, this.#used);
      this.#used += part.length;
      from += part.length;
      if (this.#used === BLOCK_BYTES) this.#flush();
    }
  }

  /** Resolves when the file holds every line appended. Appending is over. */
  async seal(): Promise<void> {
    this.#flush();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Idempotent; waits for writes under way. */
  async remove(): Promise<void> {
    if (this.#removed) return;
    this.#removed = true;
    this.#block = undefined;
    this.#used = 0;
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#close();
    try {
      unlinkSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw this.#fault(error);
    }
  }

  /** The block in use, or one with room for some of `bytes` more. */
  #blockFor(bytes: number): Buffer {
    const block = this.#block;
    if (block !== undefined && this.#used < block.length) return block;
    if (block === undefined && this.#written === 0 && bytes < SMALL_BLOCK_BYTES)
      return Buffer.allocUnsafeSlow(SMALL_BLOCK_BYTES);
    const full = this.#blocks.take();
    if (block !== undefined) full.set(block);
    return full;
  }

  #flush(): void {
    const block = this.#block;
    const length = this.#used;
    this.#block = undefined;
    this.#used = 0;
    if (block === undefined) return;
    const position = this.#written;
    this.#written += length;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#fd ??= openSync(this.path, 'wx');
      // Positions are explicit, so the order in which writes land does not matter.
      if (this.#blocks.mayWriteBehind()) {
        this.#writeBehind(this.#fd, block, 0, length, position);
        return;
      }
      this.#writeNow(this.#fd, block, length, position);
    } catch (error) {
      this.#failure ??= this.#fault(error);
    }
    this.#blocks.give(block);
  }

  #writeNow(fd: number, block: Buffer, length: number, position: number): void {
    for (let from = 0; from < length;) from += writeSync(fd, block, from, length - from, position + from);
  }

  #writeBehind(fd: number, block: Buffer, from: number, length: number, position: number): void {
    this.#inFlight += 1;
    write(fd, block, from, length - from, position + from, (error, written) => {
      this.#inFlight -= 1;
      if (error !== null) this.#failure ??= this.#fault(error);
      if (error === null && from + written < length) this.#writeBehind(fd, block, from + written, length, position);
      else this.#blocks.written(block);
      if (this.#inFlight === 0) this.#idle?.();
    });
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #fault(error: unknown): SluiceError {
    return new SluiceError('unavailable', `staging could not write its spool file: ${messageOf(error)}`, {
      context: { path: this.path, code: (error as NodeJS.ErrnoException).code },
      remedy: 'free space on the volume of the data directory',
      cause: error,
    });
  }
}
