/** One piece to finished files without native code. A piece is held in memory while it is encoded. */
import { readFile } from 'node:fs/promises';
import { scheduler } from 'node:timers/promises';
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import type { WrittenFile } from '../../record/data-file.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PartitionTuple } from '../../record/values.ts';
import type { Piece, PieceEncoder } from '../engine/staging.ts';
import type { NanFacts } from '../footer/column-metrics.ts';
import { columnMetrics } from '../footer/column-metrics.ts';
import { leafColumns, readFooter, replaceFooter, rowGroups } from '../footer/parquet-footer.ts';
import { annotateFooter } from './annotate.ts';
import type { ColumnGroup } from './column-group.ts';
import { DataFileWriter } from './data-file-writer.ts';
import { decodeRows } from './row-decoder.ts';
import type { Row } from './row-decoder.ts';
import { byPartition, rowOrder } from './row-order.ts';

/** Others get their turn on the event loop after so many rows. */
const ROWS_OF_TURN = 500;

export class ParquetJsEncoder implements PieceEncoder {
  readonly #layout: FileLayout;

  constructor(layout: FileLayout) {
    this.#layout = layout;
  }

  async encode(piece: Piece, signal: AbortSignal): Promise<readonly WrittenFile[]> {
    const order = rowOrder(this.#layout);
    const rows: Row[] = [];
    for (const row of decodeRows(await readFile(piece.path), this.#layout.schema)) {
      if (rows.push(row) % ROWS_OF_TURN === 0) await turn(signal);
    }
    await turn(signal);
    const files: WrittenFile[] = [];
    for (const [tuple, members] of byPartition(rows, order)) {
      if (order.compare !== undefined) members.sort(order.compare);
      files.push(await this.#write(`${piece.output}-${files.length}.parquet`, tuple, members, signal));
    }
    return files;
  }

  async #write(path: string, tuple: PartitionTuple, rows: readonly Row[], signal: AbortSignal): Promise<WrittenFile> {
    const { schema, spec, sortOrder, metricsColumns } = this.#layout;
    const writer = await DataFileWriter.open(path, this.#layout);
    let count = 0;
    for (const row of rows) {
      await writer.add(row);
      count += 1;
      if (count % ROWS_OF_TURN === 0) await turn(signal);
    }
    const groups = await writer.close();
    const footer = await readFooter(path);
    const leaves = leafColumns(footer.metadata);
    annotateFooter(footer.metadata, leaves, rowGroups(footer.metadata, leaves), schema.fields, groups);
    const size = await replaceFooter(path, footer);
    const finished = leafColumns(footer.metadata);
    const inFile = rowGroups(footer.metadata, finished);
    const types = new Map(schema.fields.map((field) => [field.id, field.type as PrimitiveType]));
    const metrics = columnMetrics({
      leaves: finished,
      rowGroups: inFile,
      types,
      nan: this.#nanFacts(groups),
      limit: metricsColumns,
    });
    return {
      format: 'parquet',
      localPath: path,
      partition: tuple,
      specId: spec.specId,
      recordCount: BigInt(rows.length),
      fileSizeInBytes: BigInt(size),
      metrics,
      splitOffsets: inFile.map((group) => group.fileOffset),
      ...(sortOrder.fields.length > 0 ? { sortOrderId: sortOrder.orderId } : {}),
    };
  }

  #nanFacts(groups: readonly (readonly ColumnGroup[])[]): ReadonlyMap<number, NanFacts> {
    const facts = new Map<number, NanFacts>();
    this.#layout.schema.fields.forEach(({ id }, index) => {
      const columns = groups.map((group) => group[index]).filter((column) => column !== undefined);
      const count = columns.reduce((total, column) => total + column.nans, 0);
      if (count === 0) return;
      const numbers = columns.flatMap(({ least, most }) => [least, most]).filter((value) => typeof value === 'number');
      const bounds =
        numbers.length === 0
          ? { min: undefined, max: undefined }
          : { min: Math.min(...numbers), max: Math.max(...numbers) };
      facts.set(id, { count: BigInt(count), ...bounds });
    });
    return facts;
  }
}

async function turn(signal: AbortSignal): Promise<void> {
  await scheduler.yield();
  if (signal.aborted) throw new SluiceError('closed', 'writing data files was cancelled', { cause: signal.reason });
}
