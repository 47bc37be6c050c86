/**
 * Data files of any writer into fewer files of the wanted layout: columns found by field id, deletes applied, rows sorted.
 * Works on local copies; does not know stores, tables or commits.
 */
import type { WrittenFile } from '../record/data-file.ts';
import type { NameMapping } from '../record/name-mapping.ts';
import type { PartitionTuple, PrimitiveValue } from '../record/values.ts';
import type { FileLayout } from './column-engine.ts';

export interface RewriteInput {
  /** As position deletes name it. */
  readonly uri: string;
  readonly localPath: string;
  /** Data sequence number. */
  readonly sequenceNumber: bigint;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
}

/** Takes away rows of the input that each of its rows names, unless the input is younger. */
export interface PositionDeletes {
  readonly localPath: string;
  readonly sequenceNumber: bigint;
}

/** Takes away the rows of every older input that equal one of its rows in all columns of `equalityIds`; null equals null. */
export interface EqualityDeletes extends PositionDeletes {
  readonly equalityIds: readonly number[];
}

export interface RewriteRequest {
  /** Of the files to be written. A sort order is honoured within each call, not beyond it. */
  readonly layout: FileLayout;
  /**
   * Field ids, two to eight: rows stand along a Z-curve through these columns, so that files overlap little in each of them. In place of the
   * layout's sort order; the files name none.
   */
  readonly zOrder?: readonly number[];
  readonly inputs: readonly RewriteInput[];
  readonly positionDeletes: readonly PositionDeletes[];
  readonly equalityDeletes: readonly EqualityDeletes[];
  /** Under the layout's spec, when all inputs share it; absent: rows are split by the spec, one file a tuple. */
  readonly partition?: PartitionTuple;
  /** How columns of files without field ids are found; undefined: such files are refused. */
  readonly nameMapping: NameMapping | undefined;
  /** By field id: the value of columns that inputs may lack because their directory says it (identity partitions). */
  readonly constants: ReadonlyMap<number, PrimitiveValue | null>;
  /** About how many files the rows are to fill; files of a split by spec are not rolled. */
  readonly files: number;
}

export interface Rewritten {
  readonly files: readonly WrittenFile[];
  readonly rowsIn: bigint;
  readonly rowsDeleted: bigint;
}

export interface FileRewriter {
  /**
   * Files below `directory`, which is the caller's, exists and is empty but for inputs. One call runs at a time, the others wait.
   * Rejects with kind `corrupt` when an input holds another number of rows than its `recordCount`, `unsupported` for what it cannot read
   * or write exactly, `closed` when the signal aborts. Never answers files that hold other rows than the inputs' live ones.
   */
  rewrite(request: RewriteRequest, directory: string, signal: AbortSignal): Promise<Rewritten>;
  close(): Promise<void>;
}
