/** One piece to finished files. Owns what is tried when memory does not suffice; knows nothing of spools, rolling and epochs. */
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { WrittenFile } from '../../record/data-file.ts';
import { copySql, decodedSql } from './copy-sql.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { isOutOfMemory, query } from './duckdb-session.ts';
import { finishFiles } from './finish-files.ts';
import type { LayoutPlan } from './layout-plan.ts';
import { copyPartitions, inOrder } from './partitioned-copy.ts';
import { copiedFiles } from './return-stats.ts';
import { keepingZeros } from './signed-zeros.ts';
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
      await Promise.all(outputsOf(piece).map((path) => rm(path, { recursive: true, force: true })));
      return this.#session.alone(signal, async (connection) => this.#files(connection, piece, true, signal));
    }
  }

  async #files(
    connection: DuckDBConnection,
    piece: Piece,
    careful: boolean,
    signal: AbortSignal,
  ): Promise<readonly WrittenFile[]> {
    // Careful: what earlier pieces made is not relied on.
    const expectedFiles = careful ? undefined : piece.expectedFiles;
    const copied = await keepingZeros(
      this.#plan,
      decodedSql(this.#plan, piece),
      outputsOf(piece),
      async (plan, rows) => {
        if (plan.keys.length === 0) return copiedFiles(await query(connection, copySql(plan, rows, piece.output)));
        const files = await copyPartitions(connection, plan, rows, piece.output, expectedFiles, signal);
        return inOrder(connection, plan, files);
      },
    );
    return finishFiles(connection, this.#plan, copied, signal);
  }
}

/** A directory of partitions, or one file. */
const outputsOf = ({ output }: Piece): readonly string[] => [output, `${output}.parquet`];
