/**
 * Rows of one table and epoch: a growing spool piece, and pieces already being turned into files because they reached the size of one.
 * Owns rolling, cleaning up and the order of both; what a file is, is the encoder's.
 */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileLayout, Staging } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import type { WrittenFile } from '../../record/data-file.ts';
import { SpoolPiece, type SpoolBlocks } from './spool.ts';

/** A sealed piece, and where its files go. */
export interface Piece {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly longestLine: number;
  /** As many as pieces of this layout made lately; undefined for the first. */
  readonly expectedFiles: number | undefined;
  /** Starts the path of every file made from it. */
  readonly output: string;
}

export interface PieceEncoder {
  /** Every row of the piece, in files of one partition tuple each. Rejects with kind `closed` when the signal aborts. */
  encode(piece: Piece, signal: AbortSignal): Promise<readonly WrittenFile[]>;
}

/** How many NDJSON bytes make a file of the wanted size; learns from the files written. */
export interface PieceSizing {
  pieceBytes(layout: FileLayout): number;
  expectedFiles(layout: FileLayout): number | undefined;
  learn(layout: FileLayout, spoolBytes: number, files: readonly WrittenFile[]): void;
}

export class SpooledStaging implements Staging {
  readonly #layout: FileLayout;
  readonly #directory: string;
  readonly #encoder: PieceEncoder;
  readonly #sizing: PieceSizing;
  readonly #blocks: SpoolBlocks;
  readonly #onDrop: () => void;
  readonly #abort = new AbortController();
  readonly #jobs: Promise<readonly WrittenFile[]>[] = [];
  readonly #pieces = new Set<SpoolPiece>();
  #count = 0;
  #current: SpoolPiece | undefined;
  #rows = 0;
  #bytes = 0;
  #state: 'open' | 'written' | 'dropped' = 'open';

  /** `directory` is this staging's own. */
  constructor(
    layout: FileLayout,
    directory: string,
    encoder: PieceEncoder,
    sizing: PieceSizing,
    blocks: SpoolBlocks,
    onDrop: () => void,
  ) {
    this.#layout = layout;
    this.#directory = directory;
    this.#encoder = encoder;
    this.#sizing = sizing;
    this.#blocks = blocks;
    this.#onDrop = onDrop;
    mkdirSync(directory, { recursive: true });
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(lines: Uint8Array, count: number): void {
    if (this.#state !== 'open') throw new SluiceError('internal', `staging takes no rows: it is ${this.#state}`);
    if (count === 0) return;
    this.#current ??= this.#newPiece();
    this.#current.append(lines, count);
    this.#rows += count;
    this.#bytes += lines.length;
    if (this.#current.bytes >= this.#sizing.pieceBytes(this.#layout)) this.#roll();
  }

  async write(signal: AbortSignal): Promise<readonly WrittenFile[]> {
    if (this.#state !== 'open') throw new SluiceError('internal', `staging cannot be written: it is ${this.#state}`);
    this.#state = 'written';
    this.#roll();
    const abort = (): void => this.#abort.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return (await Promise.all(this.#jobs)).flat();
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async drop(): Promise<void> {
    this.#state = 'dropped';
    this.#abort.abort(new SluiceError('closed', 'staging was dropped'));
    await Promise.allSettled(this.#jobs);
    await Promise.all([...this.#pieces].map((piece) => piece.remove()));
    await rm(this.#directory, { recursive: true, force: true });
    this.#bytes = 0;
    this.#onDrop();
  }

  #newPiece(): SpoolPiece {
    const piece = new SpoolPiece(join(this.#directory, `${this.#count}.ndjson`), this.#blocks);
    this.#pieces.add(piece);
    this.#count += 1;
    return piece;
  }

  #roll(): void {
    const piece = this.#current;
    this.#current = undefined;
    if (piece === undefined) return;
    const job = this.#encode(piece, join(this.#directory, String(this.#count - 1)));
    // `write` reports the failure; until then it must not count as unhandled.
    job.catch(() => undefined);
    this.#jobs.push(job);
  }

  async #encode(piece: SpoolPiece, output: string): Promise<readonly WrittenFile[]> {
    await piece.seal();
    const { path, rows, bytes, longestLine } = piece;
    const files = await this.#encoder.encode(
      { path, rows, bytes, longestLine, output, expectedFiles: this.#sizing.expectedFiles(this.#layout) },
      this.#abort.signal,
    );
    const written = files.reduce((total, file) => total + file.recordCount, 0n);
    // The last line of defence of "no record disappears": whatever went wrong, these files must not be committed.
    if (written !== BigInt(rows))
      throw new SluiceError('internal', 'data files hold another number of rows than was staged', {
        context: { staged: rows, written },
        remedy: 'restart: the records are replayed from the log; report this with the table schema',
      });
    this.#sizing.learn(this.#layout, bytes, files);
    await piece.remove();
    this.#pieces.delete(piece);
    return files;
  }
}
