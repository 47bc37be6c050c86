/**
 * Rewriting in a DuckDB of its own, apart from ingestion's: its memory limit and threads are what maintenance may take, and a rewrite that
 * runs out of memory fails alone. Owns the order of steps and the count of rows; opened at first use.
 */
import { rm } from 'node:fs/promises';
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
import { byOneThread } from './one-thread.ts';
import { rollOf, type Roll } from './roll.ts';
import { inLittleMemory, leadingKey, type LeadingKey } from './short-of-memory.ts';
import { curveTerm, sampleSql } from './z-order-sql.ts';

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
      return session.use(signal, (connection) =>
        rewriteFiles(connection, request, files, join(directory, 'out'), this.#rowGroupBytes, signal),
      );
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    (await this.#session)?.close();
  }

  /** A row group is in memory before it is written, and once more as pages. */
  get #rowGroupBytes(): number {
    return Math.floor(this.#options.memoryLimitBytes / 8);
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
  output: string,
  rowGroupBytes: number,
  signal: AbortSignal,
): Promise<Rewritten> {
  const rows = liveRowsSql(request, local);
  const rowsIn = request.inputs.reduce((sum, input) => sum + input.recordCount, 0n);
  const hasDeletes = request.positionDeletes.length + request.equalityDeletes.length > 0;
  const live = hasDeletes ? await countRows(connection, rows) : rowsIn;
  const files = live === 0n ? [] : await copyFiles(connection, request, { rows, live, output, rowGroupBytes }, signal);
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

interface Copy {
  readonly rows: string;
  /** How many they are. */
  readonly live: bigint;
  readonly output: string;
  readonly rowGroupBytes: number;
}

async function copyFiles(
  connection: DuckDBConnection,
  request: RewriteRequest,
  { rows, live, output, rowGroupBytes }: Copy,
  signal: AbortSignal,
): Promise<readonly WrittenFile[]> {
  const { plan, key } = await planOf(connection, request, rows);
  const wanted = { ...plan, rowGroupBytes: Math.min(plan.rowGroupBytes, rowGroupBytes) };
  const partition =
    request.partition ?? (wanted.keys.length === 0 ? request.layout.spec.fields.map(() => null) : undefined);
  const roll = rollOf(request, live);
  const copied = await keepingZeros(wanted, rows, [output, `${output}.parquet`], async (plan, kept) => {
    if (partition === undefined) {
      const files = await copyPartitions(connection, plan, kept, output, undefined, signal);
      return inOrder(connection, plan, files);
    }
    const write = (how: LayoutPlan, from: string): Promise<readonly CopiedFile[]> =>
      copyOne(connection, how, from, output, roll);
    const work = () => inLittleMemory(connection, { plan, rows: kept, key, directory: `${output}-ranges` }, write);
    // Threads that roll files together mix up the order of their row groups (1.5.6): what is sorted is rolled by one.
    return roll === undefined || key === undefined ? work() : byOneThread(connection, work);
  });
  return finishFiles(connection, wanted, copied, signal, partition);
}

async function planOf(
  connection: DuckDBConnection,
  { layout, zOrder }: RewriteRequest,
  rows: string,
): Promise<{ readonly plan: LayoutPlan; readonly key: LeadingKey | undefined }> {
  if (zOrder === undefined) {
    const plan = planLayout(layout);
    return { plan, key: leadingKey(plan) };
  }
  await query(connection, sampleSql(layout, zOrder, rows));
  const value = curveTerm(layout, zOrder);
  const plan = { ...planLayout({ ...layout, sortOrder: { orderId: 0, fields: [] } }), order: [value] };
  return { plan, key: { value, descending: false, nullsFirst: true } };
}

/** All rows of one partition tuple. */
async function copyOne(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  rows: string,
  output: string,
  roll: Roll | undefined,
): Promise<readonly CopiedFile[]> {
  const outputs = [output, `${output}.parquet`];
  // An attempt that ran out of memory may have left some.
  await Promise.all(outputs.map((path) => rm(path, { recursive: true, force: true })));
  const copy = roll === undefined ? copySql(plan, rows, output) : copyRolledSql(plan, rows, output, roll);
  return copiedFiles(await query(connection, copy));
}
