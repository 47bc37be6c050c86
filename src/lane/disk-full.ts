/**
 * A full disk: recognising it, and a little room kept for the one write that must succeed on it. Trimming makes room, and has to write
 * the manifest before it may remove anything. Owns the reserve file; decides no trimming.
 */
import type { Disk } from '../contracts/disk.ts';
import { isSluiceError } from '../core/errors.ts';

export const isDiskFull = (error: unknown): boolean =>
  isSluiceError(error, 'unavailable') && (error.context['code'] === 'ENOSPC' || error.context['code'] === 'EDQUOT');

const RESERVE_NAME = 'reserve';

export class Reserve {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #bytes: number;

  constructor(disk: Disk, directory: string, bytes: number) {
    this.#disk = disk;
    this.#path = `${directory}/${RESERVE_NAME}`;
    this.#bytes = bytes;
  }

  /** Sets the room aside if there is any; a disk that is already full goes without. */
  async fill(): Promise<void> {
    try {
      if ((await this.#disk.size(this.#path)) === this.#bytes) return;
      await this.#disk.remove(this.#path);
      const file = await this.#disk.open(this.#path, 'create-new');
      try {
        await file.append([new Uint8Array(this.#bytes)]);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.#disk.remove(this.#path);
    }
  }

  /** Runs `write`, and once more with the reserve given up if the disk is full. */
  async spendOn(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.#disk.remove(this.#path);
      await write();
    }
  }
}
