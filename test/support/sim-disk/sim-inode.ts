/**
 * A file's bytes twice: as the page cache has them and as the platter has them, with what is on its way between.
 * Owns what sync, failed sync and power cut do to one file. Knows no names.
 */
import type { Random } from '../../../src/core/runtime.ts';

const SECTOR_BYTES = 512;

type PendingWrite =
  | { readonly kind: 'write'; readonly start: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

export class SimInode {
  #cache = new GrowingBytes();
  #platter = new GrowingBytes();
  #pending: PendingWrite[] = [];
  /** Writes whose sync failed: the cache calls them clean, so no later sync writes them. */
  #forgotten: PendingWrite[] = [];

  get size(): number {
    return this.#cache.length;
  }

  read(start: number, end: number): Uint8Array {
    return this.#cache.copy(start, end);
  }

  append(bytes: Buffer): void {
    this.#pending.push({ kind: 'write', start: this.#cache.length, bytes: Buffer.from(bytes) });
    this.#cache.write(this.#cache.length, bytes);
  }

  /** The same bytes in the same place, dirty again. */
  rewrite(start: number, end: number): void {
    this.#pending.push({ kind: 'write', start, bytes: Buffer.from(this.#cache.copy(start, end)) });
  }

  truncate(size: number): void {
    this.#pending.push({ kind: 'truncate', size });
    this.#cache.truncate(size);
  }

  sync(): void {
    for (const write of this.#pending) apply(this.#platter, write);
    this.#pending = [];
  }

  /** The kernel reports the failure once and marks the pages clean. */
  failSync(): void {
    this.#forgotten.push(...this.#pending);
    this.#pending = [];
  }

  /** Any subset of what was not synced reaches the platter, in pieces of a sector, in any order. */
  powerCut(random: Random): void {
    const kept = [0, 1, random.float()][Math.floor(random.float() * 3)] ?? 0;
    for (const write of [...this.#forgotten, ...this.#pending])
      if (write.kind === 'truncate') {
        if (random.float() < kept) this.#platter.truncate(write.size);
      } else tear(this.#platter, write, kept, random);
    this.#pending = [];
    this.#forgotten = [];
    this.#cache = this.#platter.clone();
  }

  platterCopy(): SimInode {
    const copy = new SimInode();
    copy.#cache = this.#platter.clone();
    copy.#platter = this.#platter.clone();
    return copy;
  }

  /** Bit rot: cache and platter alike. */
  flip(byte: number, mask: number): void {
    this.#cache.flip(byte, mask);
    this.#platter.flip(byte, mask);
  }
}

function apply(target: GrowingBytes, write: PendingWrite): void {
  if (write.kind === 'truncate') target.truncate(write.size);
  else target.write(write.start, write.bytes);
}

function tear(target: GrowingBytes, write: PendingWrite & { readonly kind: 'write' }, kept: number, random: Random) {
  for (let at = 0; at < write.bytes.length;) {
    const sectorEnd = (Math.floor((write.start + at) / SECTOR_BYTES) + 1) * SECTOR_BYTES - write.start;
    const end = Math.min(sectorEnd, write.bytes.length);
    if (random.float() < kept) target.write(write.start + at, write.bytes.subarray(at, end));
    at = end;
  }
}

class GrowingBytes {
  #bytes = Buffer.alloc(0);
  length = 0;

  copy(start: number, end: number): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(start, Math.max(start, Math.min(end, this.length))));
  }

  /** A gap before `start` is zeros, as after a size that was written ahead of its data. */
  write(start: number, bytes: Uint8Array): void {
    const end = start + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, start);
    this.length = Math.max(this.length, end);
  }

  truncate(size: number): void {
    if (size >= this.length) return;
    this.#bytes.fill(0, size, this.length);
    this.length = size;
  }

  flip(byte: number, mask: number): void {
    if (byte < this.length) this.#bytes[byte] = (this.#bytes[byte] ?? 0) ^ mask;
  }

  clone(): GrowingBytes {
    const copy = new GrowingBytes();
    copy.write(0, this.#bytes.subarray(0, this.length));
    return copy;
  }
}
