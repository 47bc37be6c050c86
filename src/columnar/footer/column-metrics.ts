/**
 * Manifest metrics of a data file from its footer (checklist §6). What a footer cannot say, the number of NaN and the bounds of row
 * groups that hold one, comes in from outside. Reads no file.
 */
import { lowerBytesBound, lowerTextBound, upperBytesBound, upperTextBound } from '../../record/bounds.ts';
import type { ColumnMetrics } from '../../record/data-file.ts';
import { compareSingle, encodeSingle } from '../../record/single-value.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import type { ColumnChunk, LeafColumn, RowGroup } from './parquet-footer.ts';
import { ids } from './parquet-footer.ts';
import { chunkBounds } from './statistics.ts';
import { fieldOf } from './thrift-compact.ts';

/** Of a float or double column that holds NaN: how many, and the bounds of the other values. */
export interface NanFacts {
  readonly count: bigint;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export interface MetricsSource {
  readonly leaves: readonly LeafColumn[];
  readonly rowGroups: readonly RowGroup[];
  /** Primitive types by field id. */
  readonly types: ReadonlyMap<number, PrimitiveType>;
  /** Columns without an entry hold no NaN. */
  readonly nan: ReadonlyMap<number, NanFacts>;
  /** Only the first so many leaves have metrics. */
  readonly limit: number;
}

/**
 * Ids of float columns that hold NaN: the writer leaves out the bounds of a row group that does, and of no other that holds a value.
 */
export function columnsWithNan(source: Omit<MetricsSource, 'nan' | 'limit'>): ReadonlySet<number> {
  const found = new Set<number>();
  source.leaves.forEach(({ fieldId, repeated }, index) => {
    const type = fieldId === undefined ? undefined : source.types.get(fieldId);
    if (fieldId === undefined || type === undefined || repeated || !isFloating(type)) return;
    const chunks = source.rowGroups.map((group) => group.columns[index]).filter((chunk) => chunk !== undefined);
    if (chunks.some((chunk) => holdsValues(chunk) && !hasBounds(chunk))) found.add(fieldId);
  });
  return found;
}

/** Nothing under lists and maps (6.5), no bounds for uuid (6.9) and for columns of nulls or NaN only (6.8). */
export function columnMetrics(source: MetricsSource): ColumnMetrics {
  const columnSizes = new Map<number, bigint>();
  const valueCounts = new Map<number, bigint>();
  const nullValueCounts = new Map<number, bigint>();
  const nanValueCounts = new Map<number, bigint>();
  const lowerBounds = new Map<number, Uint8Array>();
  const upperBounds = new Map<number, Uint8Array>();
  source.leaves.slice(0, source.limit).forEach((leaf, index) => {
    const id = leaf.fieldId;
    const type = id === undefined ? undefined : source.types.get(id);
    if (id === undefined || type === undefined || leaf.repeated) return;
    const chunks = source.rowGroups.map((group) => group.columns[index]).filter((chunk) => chunk !== undefined);
    const count = (field: number): bigint =>
      chunks.reduce((total, { metadata }) => total + ((fieldOf(metadata, field) as bigint | undefined) ?? 0n), 0n);
    columnSizes.set(id, count(ids.column.compressedSize));
    valueCounts.set(id, count(ids.column.values));
    const nulls = chunks.map(nullCount);
    if (nulls.every((known) => known !== undefined))
      nullValueCounts.set(
        id,
        nulls.reduce((sum, one) => sum + one, 0n),
      );
    const nan = source.nan.get(id);
    if (type.kind === 'float' || type.kind === 'double') nanValueCounts.set(id, nan?.count ?? 0n);
    const bounds = nan ?? fileBounds(type, chunks);
    const lower = bounds.min === undefined ? undefined : lowerBound(type, bounds.min);
    const upper = bounds.max === undefined ? undefined : upperBound(type, bounds.max);
    if (lower !== undefined) lowerBounds.set(id, lower);
    if (upper !== undefined) upperBounds.set(id, upper);
  });
  return { columnSizes, valueCounts, nullValueCounts, nanValueCounts, lowerBounds, upperBounds };
}

const nullCount = ({ statistics }: ColumnChunk): bigint | undefined =>
  statistics === undefined ? undefined : (fieldOf(statistics, ids.statistics.nullCount) as bigint | undefined);

const holdsValues = (chunk: ColumnChunk): boolean => nullCount(chunk) !== fieldOf(chunk.metadata, ids.column.values);

const hasBounds = ({ statistics }: ColumnChunk): boolean =>
  statistics !== undefined && fieldOf(statistics, ids.statistics.minValue) !== undefined;

interface Bounds {
  readonly min: PrimitiveValue | undefined;
  readonly max: PrimitiveValue | undefined;
}

/** A side is known only when every row group that holds a value knows it. */
function fileBounds(type: PrimitiveType, chunks: readonly ColumnChunk[]): Bounds {
  if (type.kind === 'uuid') return { min: undefined, max: undefined };
  const groups = chunks
    .filter(holdsValues)
    .map((chunk) => chunkBounds(type, chunk.statistics, fieldOf(chunk.metadata, ids.column.type) as number));
  return {
    min: extreme(
      groups.map((group) => group.min),
      -1,
    ),
    max: extreme(
      groups.map((group) => group.max),
      1,
    ),
  };
}

function extreme(values: readonly (PrimitiveValue | undefined)[], sign: 1 | -1): PrimitiveValue | undefined {
  let best: PrimitiveValue | undefined;
  for (const value of values) {
    if (value === undefined) return undefined;
    if (best === undefined || compareSingle(value, best) * sign > 0) best = value;
  }
  return best;
}

function lowerBound(type: PrimitiveType, value: PrimitiveValue): Uint8Array {
  if (typeof value === 'string') return encodeSingle(type, lowerTextBound(value));
  if (value instanceof Uint8Array) return lowerBytesBound(value);
  // The writer does not tell the zeros apart (6.3).
  return encodeSingle(type, value === 0 && isFloating(type) ? -0 : value);
}

function upperBound(type: PrimitiveType, value: PrimitiveValue): Uint8Array | undefined {
  if (typeof value === 'string') {
    const bound = upperTextBound(value);
    return bound === undefined ? undefined : encodeSingle(type, bound);
  }
  if (value instanceof Uint8Array) return upperBytesBound(value);
  return encodeSingle(type, value === 0 && isFloating(type) ? 0 : value);
}

const isFloating = (type: PrimitiveType): boolean => type.kind === 'float' || type.kind === 'double';
