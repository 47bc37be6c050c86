/**
 * Lines appended to one file and never changed: NDJSON, rotated by size, the oldest file dropped. Owns names, rotation and reading from the end.
 * Lines are in the page cache when a call returns, not on the disk: a power cut may take the last ones.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { isRecord } from '../record/type-text.ts';
import type { Line } from '../contracts/journal.ts';
import { giveToOwnerOfFolder } from './owner.ts';

export interface LineBounds {
  readonly maxFileBytes: number;
  /** The one written to included. */
  readonly maxFiles: number;
}

const READ_BYTES = 64 * 1024;

export class LineFile {
  readonly #path: string;
  readonly #bounds: LineBounds;

  constructor(path: string, bounds: LineBounds) {
    this.#path = path;
    this.#bounds = bounds;
  }

  /** Callers wait for one call before the next. Other processes may append a line of theirs meanwhile. */
  async append(lines: readonly string[]): Promise<void> {
    let size = await sizeOf(this.#path);
    let batch = '';
    const write = async (): Promise<void> => {
      if (batch !== '') await appendLines(this.#path, batch);
      batch = '';
    };
    for (const line of lines) {
      const bytes = Buffer.byteLength(line);
      if (size > 0 && size + bytes > this.#bounds.maxFileBytes) {
        await write();
        await this.#rotate();
        size = 0;
      }
      batch += line;
      size += bytes;
    }
    await write();
  }

  /** The last lines that are wanted, latest first; what is no JSON object (a line that a crash cut) is left out. */
  async latest(limit: number, wanted: (line: Line) => boolean = () => true): Promise<readonly Line[]> {
    const lines: Line[] = [];
    for (let number = 0; number < this.#bounds.maxFiles && lines.length < limit; number += 1)
      for await (const line of linesFromEnd(this.#numbered(number))) {
        const parsed = parsedLine(line);
        if (parsed !== undefined && wanted(parsed)) lines.push(parsed);
        if (lines.length === limit) break;
      }
    return lines;
  }

  /** `x.log` is written to, `x.log.1` is the one before, and so on. */
  #numbered(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`;
  }

  async #rotate(): Promise<void> {
    const { maxFiles } = this.#bounds;
    await rm(this.#numbered(maxFiles - 1), { force: true });
    for (let number = maxFiles - 2; number >= 0; number -= 1)
      if ((await sizeOf(this.#numbered(number))) > 0) await rename(this.#numbered(number), this.#numbered(number + 1));
  }
}

/**
 * One write at the end, whoever else writes there: commands beside the daemon add their lines so, and leave rotation to it. A line that a
 * crash cut stays alone.
 */
export async function appendLines(path: string, text: string): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    const last = Buffer.alloc(1);
    const { size } = await file.stat();
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.write(size > 0 && last[0] !== 0x0a ? `\n${text}` : text);
  } finally {
    await file.close();
  }
  giveToOwnerOfFolder(path);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return 0;
    throw error;
  }
}

async function* linesFromEnd(path: string): AsyncGenerator<string> {
  const size = await sizeOf(path);
  if (size === 0) return;
  const file = await open(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - READ_BYTES);
      const piece = Buffer.alloc(end - start);
      const { bytesRead } = await file.read(piece, 0, piece.length, start);
      rest = Buffer.concat([piece.subarray(0, bytesRead), rest]);
      end = start;
      const from = start === 0 ? 0 : rest.indexOf(0x0a) + 1;
      if (start > 0 && from === 0) continue;
      yield* rest.subarray(from).toString('utf8').split('\n').filter(Boolean).toReversed();
      rest = rest.subarray(0, from);
    }
  } finally {
    await file.close();
  }
}

function parsedLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
