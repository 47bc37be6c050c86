/**
 * The native column engine: staging on local files, encoding in DuckDB off the event loop. Puts the parts together; owns the life of the
 * instance and of the working directory.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ColumnEngine, FileLayout, Staging } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import { findField } from '../../record/schema-check.ts';
import { DuckDbEncoder } from './duckdb-encoder.ts';
import { DuckDbSession } from './duckdb-session.ts';
import { checkLayout, refuse } from './layout-check.ts';
import { planLayout } from './layout-plan.ts';
import { learningSizing } from './piece-sizing.ts';
import type { PieceSizing } from './staging.ts';
import { SpooledStaging } from './staging.ts';

export interface DuckDbEngineOptions {
  /** Of this engine alone: emptied when it starts. Spools and finished files live here, each staging in a directory of its own. */
  readonly directory: string;
  readonly threads: number;
  /** Bytes DuckDB may hold before it spills into `directory`. */
  readonly memoryLimitBytes: number;
  /** Pieces encoded at a time. */
  readonly maxWrites: number;
  /** Upper bound of the NDJSON bytes of one piece. */
  readonly maxPieceBytes: number;
}

export async function createDuckDbEngine(options: DuckDbEngineOptions): Promise<ColumnEngine> {
  // DuckDB takes paths as glob patterns.
  if (/[*?[\]{}]/.test(options.directory))
    throw new SluiceError(
      'misconfigured',
      'the working directory of the column engine has a glob character in its path',
      {
        context: { directory: options.directory },
        remedy: 'choose a directory without * ? [ ] { } in its path',
      },
    );
  rmSync(options.directory, { recursive: true, force: true });
  mkdirSync(options.directory, { recursive: true });
  const session = await DuckDbSession.open({
    threads: options.threads,
    memoryLimitBytes: options.memoryLimitBytes,
    temporaryDirectory: join(options.directory, 'spill'),
    connections: options.maxWrites,
  });
  return new DuckDbEngine(options, session);
}

class DuckDbEngine implements ColumnEngine {
  readonly #directory: string;
  readonly #session: DuckDbSession;
  readonly #sizing: PieceSizing;
  readonly #live = new Map<string, SpooledStaging>();

  constructor(options: DuckDbEngineOptions, session: DuckDbSession) {
    this.#directory = options.directory;
    this.#session = session;
    this.#sizing = learningSizing(options.maxPieceBytes);
  }

  validate(layout: FileLayout): void {
    checkLayout(layout);
    const { blobLengths } = planLayout(layout);
    const [id] = blobLengths.keys();
    if (id !== undefined && layout.compression === 'snappy')
      refuse(
        `column ${findField(layout.schema, id)?.path} is fixed[${blobLengths.get(id)}], which is not written with snappy`,
        'use compression zstd or none, or fixed[16]',
      );
  }

  staging(layout: FileLayout, name: string): Staging {
    this.validate(layout);
    if (this.#live.has(name)) throw new SluiceError('internal', `a staging named ${name} is alive`);
    const staging = new SpooledStaging(
      layout,
      join(this.#directory, `staging-${name}`),
      new DuckDbEncoder(this.#session, planLayout(layout)),
      this.#sizing,
      () => this.#live.delete(name),
    );
    this.#live.set(name, staging);
    return staging;
  }

  /** Drops every staging still alive. */
  async close(): Promise<void> {
    await Promise.all([...this.#live.values()].map((staging) => staging.drop()));
    this.#session.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
