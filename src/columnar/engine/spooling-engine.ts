/** What the engines share: live stagings, each in a directory of its own under one working directory. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ColumnEngine, FileLayout, Staging } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import { learningSizing } from './piece-sizing.ts';
import { SpoolBlocks } from './spool.ts';
import type { PieceEncoder, PieceSizing } from './staging.ts';
import { SpooledStaging } from './staging.ts';

export interface SpoolOptions {
  /** Of this engine alone: emptied when it starts. Spools and finished files live here, each staging in a directory of its own. */
  readonly directory: string;
  /** Upper bound of the NDJSON bytes of one piece. */
  readonly maxPieceBytes: number;
}

export interface EncoderParts {
  /** Throws kind `unsupported`. */
  validate(layout: FileLayout): void;
  encoderFor(layout: FileLayout): PieceEncoder;
  /** Called once, when no staging is alive any more. */
  close(): void;
}

/** Leftovers of an earlier process are of no use: what they held is replayed from the log. */
export function emptyDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

export class SpoolingEngine implements ColumnEngine {
  readonly #directory: string;
  readonly #sizing: PieceSizing;
  readonly #parts: EncoderParts;
  readonly #blocks = new SpoolBlocks();
  readonly #live = new Map<string, SpooledStaging>();

  /** `options.directory` exists and is empty. */
  constructor(options: SpoolOptions, parts: EncoderParts) {
    this.#directory = options.directory;
    this.#sizing = learningSizing(options.maxPieceBytes);
    this.#parts = parts;
  }

  validate(layout: FileLayout): void {
    this.#parts.validate(layout);
  }

  staging(layout: FileLayout, name: string): Staging {
    this.validate(layout);
    if (this.#live.has(name)) throw new SluiceError('internal', `a staging named ${name} is alive`);
    const staging = new SpooledStaging(
      layout,
      join(this.#directory, `staging-${name}`),
      this.#parts.encoderFor(layout),
      this.#sizing,
      this.#blocks,
      () => this.#live.delete(name),
    );
    this.#live.set(name, staging);
    return staging;
  }

  /** Drops every staging still alive. */
  async close(): Promise<void> {
    await Promise.all([...this.#live.values()].map((staging) => staging.drop()));
    this.#parts.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
