/** Reading tables back with SQL: where their live files are, and what a query gives. For people at a terminal, not for pipelines. */
import type { TableName } from '../core/ids.ts';
import type { Schema } from '../record/types.ts';

export interface QueryTable {
  readonly name: TableName;
  /** The current schema; files may be older and lack columns of it. */
  readonly schema: Schema;
  /** Live data files of the current snapshot. */
  readonly files: readonly { readonly filePath: string; readonly fileSizeInBytes: bigint }[];
  /** Somebody else put delete files into the table: its rows cannot be had from data files alone. */
  readonly hasDeletes: boolean;
}

/** A catalog and its stores, opened for reading. */
export interface QuerySource {
  list(): Promise<readonly TableName[]>;
  resolve(table: TableName): Promise<QueryTable | undefined>;
  /** A local path with the bytes of the file: where it lies, or a copy below `directory`. */
  localFile(uri: string, directory: string): Promise<string>;
  close(): Promise<void>;
}

/** JSON-ready: 64-bit integers, decimals, dates and the like are text. */
export type QueryValue =
  | null
  | boolean
  | number
  | string
  | readonly QueryValue[]
  | { readonly [key: string]: QueryValue };

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: AsyncIterable<readonly QueryValue[]>;
}
