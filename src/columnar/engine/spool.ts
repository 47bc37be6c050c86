/**
 * One piece of an epoch as a local file of NDJSON: written behind, never synced (the log is what is durable). Small pieces stay in memory
 * until they are sealed. Does not decode.
 */
import { closeSync, openSync, unlinkSync, write, writeSync } from 'node:fs';
import { SluiceError, messageOf } from '../../core/errors.ts';

const BLOCK_BYTES = 1024 * 1024;
/** Blocks being written; past it an append writes by itself, so that memory stays bounded. */
const MAX_BLOCKS_IN_FLIGHT = 8;

export class SpoolPiece {
  readonly path: string;
  #rows = 0;
  #bytes = 0;
  /** Upper bound of the length of the longest line. */
  #longestAppend = 0;
  #block: Buffer | undefined;
  #used = 0;
  #fd: number | undefined;
  #written = 0;
  #inFlight = 0;
  #failure: SluiceError | undefined;
  #idle: (() => void) | undefined;
  #removed = false;

  constructor(path: string) {
    this.path = path;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get longestAppend(): number {
    return this.#longestAppend;
  }

  /** Copies. A failed write surfaces in `seal`. */
  append(lines: Uint8Array, count: number): void {
    this.#rows += count;
    this.#bytes += lines.length;
    this.#longestAppend = Math.max(this.#longestAppend, lines.length);
    for (let from = 0; from < lines.length;) {
      this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const part = lines.subarray(from, from + BLOCK_BYTES - this.#used);
      this.#block.set(part, this.#used);
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

  #flush(): void {
    const block = this.#block?.subarray(0, this.#used);
    this.#block = undefined;
    this.#used = 0;
    if (block === undefined || block.length === 0 || this.#failure !== undefined) return;
    const position = this.#written;
    this.#written += block.length;
    try {
      this.#fd ??= openSync(this.path, 'wx');
      // Positions are explicit, so the order in which writes land does not matter.
      if (this.#inFlight >= MAX_BLOCKS_IN_FLIGHT) this.#writeNow(this.#fd, block, position);
      else this.#writeBehind(this.#fd, block, position);
    } catch (error) {
      this.#failure ??= this.#fault(error);
    }
  }

  #writeNow(fd: number, block: Buffer, position: number): void {
    for (let from = 0; from < block.length;) from += writeSync(fd, block, from, block.length - from, position + from);
  }

  #writeBehind(fd: number, block: Buffer, position: number): void {
    this.#inFlight += 1;
    write(fd, block, 0, block.length, position, (error, written) => {
      this.#inFlight -= 1;
      if (error !== null) this.#failure ??= this.#fault(error);
      else if (written < block.length) this.#writeBehind(fd, block.subarray(written), position + written);
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
