/** The native column engine: encoding in DuckDB, off the event loop. Puts the parts together; owns the life of the instance. */
import { join } from 'node:path';
import type { ColumnEngine, FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import { findField } from '../../record/schema-check.ts';
import { DuckDbEncoder } from './duckdb-encoder.ts';
import { DuckDbSession } from './duckdb-session.ts';
import { checkLayout, refuse } from './layout-check.ts';
import { planLayout } from './layout-plan.ts';
import type { SpoolOptions } from './spooling-engine.ts';
import { emptyDirectory, SpoolingEngine } from './spooling-engine.ts';

const MIB = 1024 * 1024;
/** Below these a file of ordinary rows fails (tried: 128 MiB on two threads fails, 192 MiB does not): buffers of 32 MiB and a row group a thread. */
const FIXED_BYTES = 64 * MIB;
const THREAD_BYTES = 64 * MIB;

export interface DuckDbEngineOptions extends SpoolOptions {
  /** Worker threads of the instance, shared by all writes. */
  readonly threads: number;
  /** Bytes DuckDB may hold before it spills into `directory`. */
  readonly memoryLimitBytes: number;
  /** Pieces encoded at a time. */
  readonly maxWrites: number;
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
  const leastBytes = FIXED_BYTES + options.threads * THREAD_BYTES;
  if (options.memoryLimitBytes < leastBytes)
    throw new SluiceError('misconfigured', 'the memory limit of the column engine is below what one file takes', {
      context: { limit: options.memoryLimitBytes, least: leastBytes, threads: options.threads },
      remedy: `raise it to ${leastBytes / MIB} MiB or more`,
    });
  emptyDirectory(options.directory);
  const session = await DuckDbSession.open({
    threads: options.threads,
    memoryLimitBytes: options.memoryLimitBytes,
    temporaryDirectory: join(options.directory, 'spill'),
    connections: options.maxWrites,
  });
  return new SpoolingEngine(options, {
    validate: checkEncodable,
    encoderFor: (layout) => new DuckDbEncoder(session, planLayout(layout)),
    close: () => session.close(),
  });
}

/** Throws kind `unsupported` for a layout that DuckDB and what finishes its files cannot write. */
export function checkEncodable(layout: FileLayout): void {
  checkLayout(layout);
  const { blobLengths } = planLayout(layout);
  const [id] = blobLengths.keys();
  if (id !== undefined && layout.compression === 'snappy')
    refuse(
      `column ${findField(layout.schema, id)?.path} is fixed[${blobLengths.get(id)}], which is not written with snappy`,
      'use compression zstd or none, or fixed[16]',
    );
}
