/** One piece to finished files: the COPY, then order, footers and metrics. Knows nothing of spools, rolling and epochs. */
import { rm, unlink } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { WrittenFile } from '../../record/data-file.ts';
import { columnMetrics, columnsWithNan } from '../footer/column-metrics.ts';
import { finishFooter } from '../footer/finish.ts';
import { rewriteFixedColumns } from '../footer/fixed-file.ts';
import type { LeafColumn, ParquetFooter, RowGroup } from '../footer/parquet-footer.ts';
import { leafColumns, readFooter, replaceFooter, rowGroups } from '../footer/parquet-footer.ts';
import { copySql, sortFileSql, unsortedFilesSql } from './copy-sql.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { isOutOfMemory, query } from './duckdb-session.ts';
import type { LayoutPlan } from './layout-plan.ts';
import { nanFacts } from './nan-facts.ts';
import { copyPartitions } from './partitioned-copy.ts';
import { partitionTuple } from './partition-sql.ts';
import type { CopiedFile } from './return-stats.ts';
import { copiedFiles } from './return-stats.ts';
import type { Piece, PieceEncoder } from './staging.ts';

export class DuckDbEncoder implements PieceEncoder {
  readonly #session: DuckDbSession;
  readonly #plan: LayoutPlan;

  constructor(session: DuckDbSession, plan: LayoutPlan) {
    this.#session = session;
    this.#plan = plan;
  }

  async encode(piece: Piece, signal: AbortSignal): Promise<readonly WrittenFile[]> {
    try {
      return await this.#session.use(signal, async (connection) => this.#files(connection, piece, false, signal));
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await Promise.all(
        [piece.output, `${piece.output}.parquet`].map((path) => rm(path, { recursive: true, force: true })),
      );
      return this.#session.alone(signal, async (connection) => this.#files(connection, piece, true, signal));
    }
  }

  async #files(
    connection: DuckDBConnection,
    piece: Piece,
    careful: boolean,
    signal: AbortSignal,
  ): Promise<readonly WrittenFile[]> {
    const copied =
      this.#plan.keys.length === 0
        ? copiedFiles(await query(connection, copySql(this.#plan, piece)))
        : await copyPartitions(connection, this.#plan, piece, careful, signal);
    const files: WrittenFile[] = [];
    for (const file of await this.#sorted(connection, copied)) {
      signal.throwIfAborted();
      files.push(await this.#finish(connection, file));
    }
    return files;
  }

  /** Partitioned files are mostly in order already; the others are sorted once more, by themselves. */
  async #sorted(connection: DuckDBConnection, files: readonly CopiedFile[]): Promise<readonly CopiedFile[]> {
    if (this.#plan.order.length === 0 || this.#plan.keys.length === 0) return files;
    const paths = files.map((file) => file.path);
    const unsorted = new Set(
      (await query(connection, unsortedFilesSql(this.#plan, paths))).getRows().map(([path]) => path),
    );
    const sorted: CopiedFile[] = [];
    for (const file of files) {
      if (!unsorted.has(file.path)) {
        sorted.push(file);
        continue;
      }
      const path = file.path.replace(/\.parquet$/, '-sorted.parquet');
      await query(connection, sortFileSql(this.#plan, file.path, path));
      await unlink(file.path);
      sorted.push({ ...file, path });
    }
    return sorted;
  }

  async #finish(connection: DuckDBConnection, file: CopiedFile): Promise<WrittenFile> {
    const { layout, types, floats, keys, order } = this.#plan;
    const written = await readFooter(file.path);
    const withNan = columnsWithNan({ types, ...groupsOf(written) });
    // Before names and pages change: DuckDB reads its own file here.
    const nan = await nanFacts(
      connection,
      file.path,
      floats.filter(({ id }) => withNan.has(id)),
    );
    const footer = await this.#edit(file.path, written);
    const { leaves, rowGroups: groups } = groupsOf(footer);
    return {
      format: 'parquet',
      localPath: file.path,
      partition: partitionTuple(layout, keys, file.partitionKeys),
      specId: layout.spec.specId,
      recordCount: groups.reduce((total, group) => total + group.rows, 0n),
      fileSizeInBytes: BigInt(footer.fileSize),
      metrics: columnMetrics({ leaves, rowGroups: groups, types, nan, limit: layout.metricsColumns }),
      splitOffsets: groups.map((group) => group.fileOffset),
      ...(order.length > 0 ? { sortOrderId: layout.sortOrder.orderId } : {}),
    };
  }

  /** The footer as the file has it in the end. */
  async #edit(path: string, footer: ParquetFooter): Promise<ParquetFooter> {
    const { types, renamed, blobLengths } = this.#plan;
    const { leaves, rowGroups: groups } = groupsOf(footer);
    const changed = finishFooter(footer.metadata, leaves, groups, { types, names: renamed });
    if (blobLengths.size > 0) return rewriteFixedColumns(path, footer, blobLengths);
    return changed ? { ...footer, fileSize: await replaceFooter(path, footer) } : footer;
  }
}

function groupsOf({ metadata }: ParquetFooter): {
  readonly leaves: readonly LeafColumn[];
  readonly rowGroups: readonly RowGroup[];
} {
  const leaves = leafColumns(metadata);
  return { leaves, rowGroups: rowGroups(metadata, leaves) };
}
