/** The part of parquetjs-lite 0.8.7 that is used here; it has no types of its own. */
declare module 'parquetjs-lite' {
  import type { Writable } from 'node:stream';

  export interface ColumnOptions {
    readonly type: string;
    readonly typeLength?: number;
    readonly optional: boolean;
    readonly compression: 'SNAPPY' | 'UNCOMPRESSED';
    readonly statistics: false;
  }

  /** Values shredded into levels; `path` keys are column names of a flat schema. */
  export interface RowBuffer {
    rowCount: number;
    pageRowCount: number;
    readonly columnData: Record<string, ColumnData>;
    readonly pages: Record<string, unknown[]>;
  }

  export interface ColumnData {
    readonly dlevels: number[];
    readonly rlevels: number[];
    readonly values: unknown[];
    readonly distinct_values: ReadonlySet<never>;
    readonly count: number;
  }

  export interface EnvelopeOptions {
    readonly useDataPageV2: boolean;
    readonly pageIndex: boolean;
  }

  export interface Envelope {
    readonly useDataPageV2: boolean;
    writeHeader(): unknown;
    writeRowGroup(rows: RowBuffer): unknown;
    writeIndex(): unknown;
    writeFooter(metadata: Record<string, string>): unknown;
    close(): unknown;
  }

  export class ParquetSchema {
    constructor(columns: Readonly<Record<string, ColumnOptions>>);
    readonly fields: object;
  }

  export class ParquetEnvelopeWriter implements Envelope {
    static openStream(
      schema: ParquetSchema,
      stream: Writable,
      options: EnvelopeOptions,
    ): Promise<ParquetEnvelopeWriter>;
    readonly useDataPageV2: boolean;
    writeHeader(): Promise<void>;
    writeRowGroup(rows: RowBuffer): Promise<void>;
    writeIndex(): void;
    writeFooter(metadata: Record<string, string>): Promise<void>;
    close(): Promise<void>;
  }

  export class ParquetWriter {
    constructor(schema: ParquetSchema, envelope: Envelope, options: object);
    rowBuffer: RowBuffer;
    close(): Promise<void>;
  }

  const parquet: {
    readonly ParquetSchema: typeof ParquetSchema;
    readonly ParquetEnvelopeWriter: typeof ParquetEnvelopeWriter;
    readonly ParquetWriter: typeof ParquetWriter;
  };
  export default parquet;
}
