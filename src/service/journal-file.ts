/** A journal in the data directory: two files, the older dropped when the newer is full. Owns the order of writing; files are `access/line-file.ts`. */
import { LineFile } from '../access/line-file.ts';
import type { Journal, Line } from '../contracts/journal.ts';

/** Lines that wait for the disk; beyond them the newest are lost. */
const MAX_WAITING = 1_000;
const FILES = 2;

export class JournalFile implements Journal {
  readonly #file: LineFile;
  readonly #onLost: (error: unknown) => void;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;

  /** Holds between one and two times `fileBytes` once it is full. */
  constructor(path: string, fileBytes: number, onLost: (error: unknown) => void) {
    this.#file = new LineFile(path, { maxFileBytes: fileBytes, maxFiles: FILES });
    this.#onLost = onLost;
  }

  append(line: Line): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#onLost(new Error('more lines wait than are held'));
      return;
    }
    this.#waiting.push(`${JSON.stringify(line)}\n`);
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async latest(limit: number, wanted?: (line: Line) => boolean): Promise<readonly Line[]> {
    await this.close();
    return this.#file.latest(limit, wanted);
  }

  /** Resolves when everything appended before is written, or lost. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      await this.#file.append(lines).catch(this.#onLost);
    }
  }
}
