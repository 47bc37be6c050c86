/** One piece to finished files: the COPY, then footers and metrics. Knows nothing of spools, rolling and epochs. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { WrittenFile } from '../../record/data-file.ts';
import type { NanFacts } from '../footer/column-metrics.ts';
import { columnMetrics } from '../footer/column-metrics.ts';
import { finishFooter } from '../footer/finish.ts';
import { leafColumns, readFooter, replaceFooter, rowGroups } from '../footer/parquet-footer.ts';
import { copySql } from './copy-sql.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { query } from './duckdb-session.ts';
import type { LayoutPlan } from './layout-plan.ts';
import type { CopiedFile } from './return-stats.ts';
import { copiedFiles } from './return-stats.ts';
import { literal } from './sql-text.ts';
import type { Piece, PieceEncoder } from './staging.ts';

export class DuckDbEncoder implements PieceEncoder {
  readonly #session: DuckDbSession;
  readonly #plan: LayoutPlan;

  constructor(session: DuckDbSession, plan: LayoutPlan) {
    this.#session = session;
    this.#plan = plan;
  }

  async encode(piece: Piece, signal: AbortSignal): Promise<readonly WrittenFile[]> {
    return this.#session.use(signal, async (connection) => {
      const files: WrittenFile[] = [];
      const copied = copiedFiles(await query(connection, copySql(this.#plan.layout, piece)));
      for (const file of copied) {
        signal.throwIfAborted();
        files.push(await this.#finish(connection, file));
      }
      return files;
    });
  }

  async #finish(connection: DuckDBConnection, file: CopiedFile): Promise<WrittenFile> {
    const { layout, types, renamed } = this.#plan;
    // Before names and pages change: DuckDB reads its own file here.
    const nan = file.nanColumns.size === 0 ? new Map<number, NanFacts>() : await this.#nanFacts(connection, file);
    const footer = await readFooter(file.path);
    const leaves = leafColumns(footer.metadata);
    const groups = rowGroups(footer.metadata, leaves);
    const changed = finishFooter(footer.metadata, leaves, groups, { types, names: renamed });
    const size = changed ? await replaceFooter(file.path, footer) : footer.fileSize;
    return {
      format: 'parquet',
      localPath: file.path,
      partition: [],
      specId: layout.spec.specId,
      recordCount: file.rows,
      fileSizeInBytes: BigInt(size),
      metrics: columnMetrics({ leaves, rowGroups: groups, types, nan, limit: layout.metricsColumns }),
      splitOffsets: groups.map((group) => group.fileOffset),
    };
  }

  async #nanFacts(connection: DuckDBConnection, file: CopiedFile): Promise<ReadonlyMap<number, NanFacts>> {
    const columns = this.#plan.floats.filter(({ path }) => file.nanColumns.has(path));
    const list = columns.flatMap(({ path }) => [
      `count_if(isnan(${path}))`,
      `min(${path}) FILTER (NOT isnan(${path}))`,
      `max(${path}) FILTER (NOT isnan(${path}))`,
    ]);
    const reader = await query(connection, `SELECT ${list.join(', ')} FROM read_parquet(${literal(file.path)})`);
    const row = reader.getRows()[0] ?? [];
    const number = (at: number): number | undefined => {
      const value = row[at];
      return typeof value === 'number' ? value : undefined;
    };
    return new Map(
      columns.map(({ id }, index) => [
        id,
        { count: BigInt(String(row[index * 3])), min: number(index * 3 + 1), max: number(index * 3 + 2) },
      ]),
    );
  }
}
