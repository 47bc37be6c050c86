/**
 * Partition transforms in bulk: an expression a field whose text says the partition value exactly, and back from that text to the typed
 * value of the tuple. Judged by `record/transforms.ts`, with which it must agree on every value.
 */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Transform } from '../../record/partition-spec.ts';
import { resultType } from '../../record/transforms.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PartitionTuple, PrimitiveValue } from '../../record/values.ts';
import { fieldExpression } from './field-path.ts';
import { hashes } from './murmur-function.ts';

const MICROS_OF_HOUR = 3_600_000_000n;
const INT_MIN = -(2n ** 31n);

/** One partition field that splits rows; void ones do not. */
export interface PartitionKey {
  /** Position in the tuple. */
  readonly index: number;
  readonly alias: string;
  readonly expression: string;
  readonly result: PrimitiveType;
}

export function partitionKeys(layout: FileLayout, types: ReadonlyMap<number, PrimitiveType>): readonly PartitionKey[] {
  return layout.spec.fields.flatMap(({ sourceId, transform }, index) => {
    if (transform.kind === 'void') return [];
    const source = types.get(sourceId);
    const path = fieldExpression(layout.schema, sourceId);
    if (source === undefined || path === undefined)
      throw new SluiceError('internal', `partition source ${sourceId} is not a column outside lists and maps`);
    const expression = keySql(transform, source, path);
    return [{ index, alias: `__sluice_p${index}`, expression, result: resultType(transform, source) }];
  });
}

export function partitionTuple(
  layout: FileLayout,
  keys: readonly PartitionKey[],
  texts: ReadonlyMap<string, string | null>,
): PartitionTuple {
  const tuple: (PrimitiveValue | null)[] = layout.spec.fields.map(() => null);
  for (const { index, alias, result } of keys) {
    const text = texts.get(alias);
    if (text === undefined) throw new SluiceError('internal', `DuckDB did not answer partition key ${alias}`);
    tuple[index] = text === null ? null : valueOf(result, text);
  }
  return tuple;
}

/** The transformed value as an ordinary SQL value: what rows are sorted by. */
export function transformSql(transform: Transform, source: PrimitiveType, path: string): string {
  switch (transform.kind) {
    case 'identity':
      return path;
    case 'void':
      return 'NULL';
    case 'bucket':
      return `((${hashSql(source, path)}) & 2147483647) % ${transform.buckets}`;
    case 'truncate':
      return truncateSql(transform.width, source, path);
    case 'year':
      return `(year(${dateOrTimestamp(source, path)}) - 1970)`;
    case 'month':
      return `((year(${dateOrTimestamp(source, path)}) - 1970) * 12 + month(${dateOrTimestamp(source, path)}) - 1)`;
    case 'day':
      return `(CAST(${dateOrTimestamp(source, path)} AS DATE) - DATE '1970-01-01')`;
    case 'hour':
      return `(${floored(`epoch_us(${path})`, MICROS_OF_HOUR)} // ${MICROS_OF_HOUR})`;
  }
}

function keySql(transform: Transform, source: PrimitiveType, path: string): string {
  if (transform.kind !== 'identity' && transform.kind !== 'truncate') return transformSql(transform, source, path);
  const value = transformSql(transform, source, path);
  switch (source.kind) {
    case 'date':
      return `(${value} - DATE '1970-01-01')`;
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return `epoch_us(${value})`;
    case 'float':
    case 'double':
      // As text the zeros differ and NaN is one value.
      return `CAST(${value} AS VARCHAR)`;
    case 'decimal':
      return transform.kind === 'identity' ? unscaledSql(value) : value;
    case 'fixed':
      return source.length === 16 ? `CAST(${value} AS VARCHAR)` : `hex(${value})`;
    case 'uuid':
      return `CAST(${value} AS VARCHAR)`;
    case 'binary':
      return `hex(${value})`;
    default:
      return value;
  }
}

function hashSql(source: PrimitiveType, path: string): string {
  switch (source.kind) {
    case 'int':
    case 'long':
      return `${hashes.long}(CAST(${path} AS BIGINT))`;
    case 'date':
      return `${hashes.long}(${path} - DATE '1970-01-01')`;
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return `${hashes.long}(epoch_us(${path}))`;
    case 'decimal':
      return `${hashes.unscaled}(${unscaledSql(path)})`;
    case 'string':
      return `${hashes.bytes}(encode(${path}))`;
    case 'uuid':
      return `${hashes.bytes}(CAST(${path} AS BLOB))`;
    case 'fixed':
      return `${hashes.bytes}(${source.length === 16 ? `CAST(${path} AS BLOB)` : path})`;
    case 'binary':
      return `${hashes.bytes}(${path})`;
    default:
      throw new SluiceError('internal', `bucket is not defined for ${source.kind}`);
  }
}

/** Below the smallest value of the type the smallest stands, as in `applyTransform`. */
function truncateSql(width: number, source: PrimitiveType, path: string): string {
  switch (source.kind) {
    case 'int':
      return atLeast(floored(`CAST(${path} AS BIGINT)`, BigInt(width)), INT_MIN);
    case 'long':
      return atLeast(floored(`CAST(${path} AS HUGEINT)`, BigInt(width)), -(2n ** 63n));
    case 'decimal':
      return atLeast(floored(unscaledSql(path), BigInt(width)), 1n - 10n ** BigInt(source.precision));
    case 'string':
      return `left(${path}, ${width})`;
    case 'binary':
      return `(${path})[1:${width}]`;
    default:
      throw new SluiceError('internal', `truncate is not defined for ${source.kind}`);
  }
}

/** Exact at every precision: a product with 10^scale would overflow. */
const unscaledSql = (path: string): string => `CAST(replace(CAST(${path} AS VARCHAR), '.', '') AS HUGEINT)`;

/** The multiple of `width` at or below an integer, also below zero. */
const floored = (value: string, width: bigint): string =>
  `(${value} - (((${value} % ${width}) + ${width}) % ${width}))`;

// Not `greatest`: that ignores null.
const atLeast = (value: string, least: bigint): string =>
  `CASE WHEN ${value} < ${hugeint(least)} THEN ${hugeint(least)} ELSE ${value} END`;

const hugeint = (value: bigint): string => `CAST('${value}' AS HUGEINT)`;

/** Without a time zone: the session's must not matter. */
const dateOrTimestamp = (source: PrimitiveType, path: string): string =>
  source.kind === 'timestamptz' ? `make_timestamp(epoch_us(${path}))` : path;

function valueOf(type: PrimitiveType, text: string): PrimitiveValue {
  switch (type.kind) {
    case 'boolean':
      return text === 'true';
    case 'int':
    case 'date':
      return Number(text);
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'decimal':
      return BigInt(text);
    case 'float':
      return Math.fround(floating(text));
    case 'double':
      return floating(text);
    case 'string':
      return text;
    case 'uuid':
      return new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex'));
    case 'fixed':
    case 'binary':
      return new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex'));
  }
}

function floating(text: string): number {
  if (text === 'nan') return Number.NaN;
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
