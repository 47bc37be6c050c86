/**
 * The words that tests and foreign engines share: requests, answers, canonical values.
 *
 * Owns the contract only. The engines are children of `readers.ts`, their programs are in `python/`
 * and `java/`; who is right is decided in `compare.ts`.
 *
 * **Canonical form.** Every engine answers the same value with the same JSON, so answers are compared for equality:
 * | Iceberg type | JSON |
 * |---|---|
 * | any, NULL | `null` |
 * | boolean | `true`, `false` (as a predicate's literal: the text) |
 * | int, long | decimal text |
 * | float, double | the shortest text that reads back as the same float (or double), as JavaScript's `String(number)` lays it out; `-0.0`, `NaN`, `Infinity`, `-Infinity` |
 * | decimal(p,s) | plain text with s digits after the point |
 * | date | `yyyy-MM-dd` |
 * | time | `HH:MM:SS.ffffff` |
 * | timestamp, timestamptz | `yyyy-MM-ddTHH:MM:SS.ffffff`, and `+00:00` after it for timestamptz |
 * | timestamp_ns, timestamptz_ns | the same with nine digits |
 * | string | itself |
 * | uuid | lower case with hyphens |
 * | binary, fixed[n] | lower-case hex |
 * | list | array |
 * | struct | object by field name |
 * | map | array of `[key, value]` in the order read |
 *
 * **Aggregates.** `sum` is given for int, long and decimal; `min` and `max` for numbers, dates, times and strings
 * (by UTF-8 bytes), NULL and NaN left out. What is not given is `null`.
 */

export type CanonicalValue = null | boolean | string | CanonicalValue[] | { [field: string]: CanonicalValue };
export type CanonicalRow = Readonly<Record<string, CanonicalValue>>;

/** An Iceberg type as metadata spells it: text for a primitive, an object for a nested one. */
export type IcebergType = string | StructType | ListType | MapType;
export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly type: IcebergType;
  readonly required: boolean;
}
export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly IcebergField[];
}
export interface ListType {
  readonly type: 'list';
  readonly 'element-id': number;
  readonly element: IcebergType;
  readonly 'element-required': boolean;
}
export interface MapType {
  readonly type: 'map';
  readonly 'key-id': number;
  readonly key: IcebergType;
  readonly 'value-id': number;
  readonly value: IcebergType;
  readonly 'value-required': boolean;
}

export type CompareOp = 'eq' | 'lt' | 'le' | 'gt' | 'ge' | 'between';
/** One condition on a column or, by a dotted path, on a field of a struct. `between` has two literals and includes both. */
export type Predicate =
  | { readonly column: string; readonly op: 'isnull' | 'notnull' }
  | { readonly column: string; readonly op: CompareOp; readonly type: string; readonly literals: readonly string[] };

/** `metadata` is the absolute path, or the file: URI, of a metadata file. */
export type ReadRequest =
  | {
      readonly mode: 'rows';
      readonly metadata: string;
      readonly columns?: readonly string[];
      readonly predicate?: Predicate;
    }
  | { readonly mode: 'count'; readonly metadata: string }
  | { readonly mode: 'filter'; readonly metadata: string; readonly key: string; readonly predicate: Predicate }
  | { readonly mode: 'aggregate'; readonly metadata: string; readonly columns: readonly string[] };

export interface ColumnTotals {
  readonly sum: string | null;
  readonly min: string | null;
  readonly max: string | null;
}

/** An engine that refuses answers `error`; that it died is thrown. `keys` are sorted as numbers. */
export type EngineAnswer =
  | { readonly kind: 'rows'; readonly rows: CanonicalRow[] }
  | { readonly kind: 'count'; readonly count: string }
  | { readonly kind: 'filter'; readonly keys: string[] }
  | { readonly kind: 'aggregate'; readonly count: string; readonly columns: Readonly<Record<string, ColumnTotals>> }
  | { readonly kind: 'error'; readonly message: string };

export type EngineName = 'pyiceberg' | 'duckdb' | 'chdb' | 'iceberg-java' | 'spark';

/** A foreign engine in a child process of its own. Requests are answered one after the other. */
export interface ReaderEngine {
  readonly name: EngineName;
  /** Resolves when the engine can answer. */
  open(): Promise<void>;
  read(request: ReadRequest): Promise<EngineAnswer>;
  /** Resolves after the process is gone. May be called again, and before open. */
  close(): Promise<void>;
}
