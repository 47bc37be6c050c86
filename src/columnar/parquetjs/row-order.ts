/** Partition tuples and sort orders of single rows, by the judge of the transforms. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import type { Transform } from '../../record/partition-spec.ts';
import { compareSingle } from '../../record/single-value.ts';
import { applyTransform } from '../../record/transforms.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PartitionTuple, PrimitiveValue } from '../../record/values.ts';
import type { Row } from './row-decoder.ts';

export interface RowOrder {
  tuple(row: Row): PartitionTuple;
  /** Undefined for an unsorted table. */
  readonly compare: ((a: Row, b: Row) => number) | undefined;
}

export function rowOrder(layout: FileLayout): RowOrder {
  const valueOf = (sourceId: number, transform: Transform): ((row: Row) => PrimitiveValue | null) => {
    const index = layout.schema.fields.findIndex((field) => field.id === sourceId);
    const type = layout.schema.fields[index]?.type;
    if (type === undefined || transform.kind === 'void') return () => null;
    return (row) => applyTransform(transform, type as PrimitiveType, row[index] ?? null);
  };
  const partition = layout.spec.fields.map(({ sourceId, transform }) => valueOf(sourceId, transform));
  const terms = layout.sortOrder.fields.map(({ sourceId, transform, direction, nullOrder }) => {
    const key = valueOf(sourceId, transform);
    const nulls = nullOrder === 'nulls-first' ? -1 : 1;
    return (a: Row, b: Row): number => {
      const [left, right] = [key(a), key(b)];
      if (left === null || right === null) return left === right ? 0 : left === null ? nulls : -nulls;
      return direction === 'asc' ? compareValues(left, right) : compareValues(right, left);
    };
  });
  const compare = (a: Row, b: Row): number => {
    for (const term of terms) {
      const order = term(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
  return { tuple: (row) => partition.map((value) => value(row)), compare: terms.length === 0 ? undefined : compare };
}

/** Rows by tuple. Tuples are equal when their values are: the zeros differ, NaN is one value. */
export function byPartition(rows: Iterable<Row>, order: RowOrder): readonly (readonly [PartitionTuple, Row[]])[] {
  const groups = new Map<string, readonly [PartitionTuple, Row[]]>();
  for (const row of rows) {
    const tuple = order.tuple(row);
    const key = tuple.map(keyOf).join('\u0000');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [tuple, [row]]);
    else group[1].push(row);
  }
  return [...groups.values()];
}

function keyOf(value: PrimitiveValue | null): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'string') return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** NaN after everything else (checklist 4.3). */
function compareValues(a: PrimitiveValue, b: PrimitiveValue): number {
  const [first, second] = [Number.isNaN(a), Number.isNaN(b)];
  return first || second ? Number(first) - Number(second) : compareSingle(a, b);
}
