/**
 * Rewriting in a DuckDB of its own, apart from ingestion's: its memory limit and threads are what maintenance may take, and a rewrite that
 * runs out of memory fails alone. Owns the order of steps and the count of rows; opened at first use.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { FileRewriter, RewriteRequest, Rewritten } from '../../contracts/file-rewriter.ts';
import { SluiceError } from '../../core/errors.ts';
import { Slots } from '../../core/slots.ts';
import type { WrittenFile } from '../../record/data-file.ts';
import { copyRolledSql, copySql } from '../engine/copy-sql.ts';
import { checkEncodable } from '../engine/duckdb-engine.ts';
import { DuckDbSession, query } from '../engine/duckdb-session.ts';
import { finishFiles } from '../engine/finish-files.ts';
import { emptyDirectory } from '../engine/spooling-engine.ts';
import { planLayout, type LayoutPlan } from '../engine/layout-plan.ts';
import { copyPartitions, inOrder } from '../engine/partitioned-copy.ts';
import { copiedFiles, type CopiedFile } from '../engine/return-stats.ts';
import { keepingZeros } from '../engine/signed-zeros.ts';
import { liveRowsSql, type LocalFiles } from './live-rows-sql.ts';
import { openLocalFile } from './local-files.ts';
import { rollOf, type Roll } from './roll.ts';

export interface DuckDbRewriterOptions {
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Where it spills to; of this rewriter alone, emptied when it is first used. */
  readonly directory: string;
}

export class DuckDbRewriter implements FileRewriter {
  readonly #options: DuckDbRewriterOptions;
  readonly #slot = new Slots(1);
  #session: Promise<DuckDbSession> | undefined;
  #closed = false;

  constructor(options: DuckDbRewriterOptions) {
    this.#options = options;
  }

  rewrite(request: RewriteRequest, directory: string, signal: AbortSignal): Promise<Rewritten> {
    return this.#slot.use(async () => {
      signal.throwIfAborted();
      checkEncodable(request.layout);
      const files = await openFiles(request);
      const session = await this.#open();
      return session.use(signal, (connection) => rewriteFiles(connection, request, files, directory, signal));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    (await this.#session)?.close();
  }

  #open(): Promise<DuckDbSession> {
    if (this.#closed) throw new SluiceError('closed', 'the rewriter is closed');
    this.#session ??= openSession(this.#options);
    return this.#session;
  }
}

function openSession({ threads, memoryLimitBytes, directory }: DuckDbRewriterOptions): Promise<DuckDbSession> {
  emptyDirectory(directory);
  return DuckDbSession.open({
    threads: Math.min(threads, availableParallelism()),
    memoryLimitBytes,
    temporaryDirectory: join(directory, 'spill'),
    connections: 1,
  });
}

async function openFiles({ inputs, equalityDeletes, nameMapping }: RewriteRequest): Promise<LocalFiles> {
  const files = new Map<string, Awaited<ReturnType<typeof openLocalFile>>>();
  for (const { localPath } of [...inputs, ...equalityDeletes])
    files.set(localPath, await openLocalFile(localPath, nameMapping));
  for (const { localPath, uri, recordCount } of inputs) {
    const rows = files.get(localPath)?.rows;
    if (rows !== recordCount)
      throw new SluiceError('corrupt', 'a data file holds another number of rows than its manifest says', {
        context: { uri, rows, recordCount },
        remedy: 'restore the file, or ask the writer of the table; it is left as it is',
      });
  }
  return files;
}

async function rewriteFiles(
  connection: DuckDBConnection,
  request: RewriteRequest,
  local: LocalFiles,
  directory: string,
  signal: AbortSignal,
): Promise<Rewritten> {
  const rows = liveRowsSql(request, local);
  const rowsIn = request.inputs.reduce((sum, input) => sum + input.recordCount, 0n);
  const hasDeletes = request.positionDeletes.length + request.equalityDeletes.length > 0;
  const live = hasDeletes ? await countRows(connection, rows) : rowsIn;
  const files = live === 0n ? [] : await copyFiles(connection, request, rows, live, join(directory, 'out'), signal);
  const written = files.reduce((sum, file) => sum + file.recordCount, 0n);
  // The last line of defence of "no row is lost": whatever went wrong, these files must not be committed.
  if (written !== live)
    throw new SluiceError('internal', 'rewritten files hold another number of rows than their inputs', {
      context: { rowsIn, live, written },
      remedy: 'nothing was changed; report this with the table schema',
    });
  return { files, rowsIn, rowsDeleted: rowsIn - live };
}

async function countRows(connection: DuckDBConnection, rows: string): Promise<bigint> {
  const reader = await query(connection, `SELECT count(*) FROM (${rows})`);
  return BigInt(String(reader.getRows()[0]?.[0]));
}

async function copyFiles(
  connection: DuckDBConnection,
  request: RewriteRequest,
  rows: string,
  live: bigint,
  output: string,
  signal: AbortSignal,
): Promise<readonly WrittenFile[]> {
  const wanted = planLayout(request.layout);
  const partition =
    request.partition ?? (wanted.keys.length === 0 ? request.layout.spec.fields.map(() => null) : undefined);
  const roll = rollOf(request, live);
  const copied = await keepingZeros(wanted, rows, [output, `${output}.parquet`], async (plan, kept) => {
    if (partition === undefined) {
      const files = await copyPartitions(connection, plan, kept, output, undefined, signal);
      return inOrder(connection, plan, files);
    }
    if (roll === undefined) return copiedFiles(await query(connection, copySql(plan, kept, output)));
    return byOneThread(connection, plan.order.length > 0, () => copyRolled(connection, plan, kept, output, roll));
  });
  return finishFiles(connection, wanted, copied, signal, partition);
}

const copyRolled = async (
  connection: DuckDBConnection,
  plan: LayoutPlan,
  rows: string,
  output: string,
  roll: Roll,
): Promise<readonly CopiedFile[]> => copiedFiles(await query(connection, copyRolledSql(plan, rows, output, roll)));

/** Threads that roll files together mix up the order of their row groups (1.5.6): what is sorted is rolled by one. */
async function byOneThread<T>(connection: DuckDBConnection, sorted: boolean, work: () => Promise<T>): Promise<T> {
  if (!sorted) return work();
  const reader = await query(connection, `SELECT current_setting('threads')`);
  const threads = String(reader.getRows()[0]?.[0]);
  await query(connection, 'SET threads = 1');
  try {
    return await work();
  } finally {
    await query(connection, `SET threads = ${threads}`);
  }
}
