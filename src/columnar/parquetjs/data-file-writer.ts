/**
 * Rows to one Parquet file by parquetjs-lite: format version 1, one page a column and row group. The library's own conversions are passed
 * by, since they refuse NaN and dates before 1970 and cut integers to 53 bits: it is given physical values, and the footer gets its names,
 * field ids, annotations and statistics afterwards (`annotate.ts`).
 */
import { createWriteStream } from 'node:fs';
import parquet from 'parquetjs-lite';
import type { ParquetEnvelopeWriter, ParquetSchema, RowBuffer } from 'parquetjs-lite';
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { ColumnGroup } from './column-group.ts';
import { physicalType } from './physical.ts';

/** Rows of a row group: encoding one holds the event loop for some tens of milliseconds. */
const ROWS_OF_GROUP = 10_000;

export class DataFileWriter {
  readonly #types: readonly PrimitiveType[];
  readonly #schema: ParquetSchema;
  readonly #file: ParquetEnvelopeWriter;
  readonly #groups: (readonly ColumnGroup[])[] = [];
  #open: readonly ColumnGroup[] | undefined;
  #rows = 0;

  private constructor(types: readonly PrimitiveType[], schema: ParquetSchema, file: ParquetEnvelopeWriter) {
    this.#types = types;
    this.#schema = schema;
    this.#file = file;
  }

  static async open(path: string, layout: FileLayout): Promise<DataFileWriter> {
    const types = layout.schema.fields.map((field) => field.type as PrimitiveType);
    const compression = layout.compression === 'snappy' ? 'SNAPPY' : 'UNCOMPRESSED';
    // Optional throughout, as the other encoder writes it: a table reads the same whichever wrote it.
    const columns = types.map((type, index) => {
      const { type: name, length } = physicalType(type);
      const options = { type: name, optional: true, compression, statistics: false } as const;
      return [columnName(index), length === undefined ? options : { ...options, typeLength: length }] as const;
    });
    const schema = new parquet.ParquetSchema(Object.fromEntries(columns));
    const options = { useDataPageV2: false, pageIndex: false };
    const file = await parquet.ParquetEnvelopeWriter.openStream(
      schema,
      createWriteStream(path, { flags: 'wx' }),
      options,
    );
    await loud(async () => file.writeHeader());
    return new DataFileWriter(types, schema, file);
  }

  async add(row: readonly (PrimitiveValue | null)[]): Promise<void> {
    const group = (this.#open ??= this.#types.map((type) => new ColumnGroup(type)));
    group.forEach((column, index) => column.add(row[index] ?? null));
    this.#rows += 1;
    if (this.#rows === ROWS_OF_GROUP) await this.#writeGroup();
  }

  /** Row groups in the order of the file, each with its columns in schema order. */
  async close(): Promise<readonly (readonly ColumnGroup[])[]> {
    await this.#writeGroup();
    await loud(async () => this.#file.writeFooter({}));
    await loud(async () => this.#file.close());
    return this.#groups;
  }

  async #writeGroup(): Promise<void> {
    const group = this.#open;
    if (group === undefined) return;
    const rows = this.#rows;
    this.#open = undefined;
    this.#rows = 0;
    const file = this.#file;
    // A writer that owns no file: it encodes the pages and hands the group on.
    const writer = new parquet.ParquetWriter(
      this.#schema,
      {
        useDataPageV2: false,
        writeHeader: () => undefined,
        writeRowGroup: async (buffer) => file.writeRowGroup(buffer),
        writeIndex: () => undefined,
        writeFooter: () => undefined,
        close: () => undefined,
      },
      {},
    );
    writer.rowBuffer = rowBuffer(group, rows);
    await loud(async () => writer.close());
    // Encoded; only counts and extremes are needed from here on.
    for (const column of group) {
      column.values.length = 0;
      column.definitions.length = 0;
    }
    this.#groups.push(group);
  }
}

const columnName = (index: number): string => `c${index}`;

function rowBuffer(group: readonly ColumnGroup[], rows: number): RowBuffer {
  const none: ReadonlySet<never> = new Set();
  const data = group.map((column, index) => [
    columnName(index),
    {
      dlevels: column.definitions,
      rlevels: Array.from({ length: rows }, () => 0),
      values: column.values,
      distinct_values: none,
      count: rows,
    },
  ]);
  return {
    rowCount: rows,
    pageRowCount: rows,
    columnData: Object.fromEntries(data),
    pages: Object.fromEntries(group.map((_, index) => [columnName(index), []])),
  };
}

/** The library throws texts as well as errors. */
async function loud(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isSystem = error instanceof Error && 'code' in error;
    throw new SluiceError(isSystem ? 'unavailable' : 'internal', `parquetjs could not write: ${messageOf(error)}`, {
      cause: error,
      ...(isSystem ? { remedy: 'check free space and permissions of the data directory' } : {}),
    });
  }
}
