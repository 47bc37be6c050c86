/** Gives a footer of parquetjs-lite what the library cannot write: true names, field ids, logical types, statistics. Edits the tree only. */
import type { Field, PrimitiveType } from '../../record/types.ts';
import type { ColumnChunk, LeafColumn, RowGroup } from '../footer/parquet-footer.ts';
import { ids } from '../footer/parquet-footer.ts';
import type { ThriftStruct } from '../footer/thrift-compact.ts';
import { setField, wire } from '../footer/thrift-compact.ts';
import type { ColumnGroup } from './column-group.ts';
import { annotation, statisticsBytes } from './physical.ts';

const COLUMN_ORDERS = 7;
const SCALE = 7;
const PRECISION = 8;
/** Longer bounds are left out, as the other encoder shortens them there. */
const MAX_BOUND_BYTES = 256;

/** `leaves` and `rowGroups` are views into `metadata`; `groups` are the values they hold, in the same order. */
export function annotateFooter(
  metadata: ThriftStruct,
  leaves: readonly LeafColumn[],
  rowGroups: readonly RowGroup[],
  fields: readonly Field[],
  groups: readonly (readonly ColumnGroup[])[],
): void {
  leaves.forEach(({ element }, index) => {
    const field = fields[index];
    if (field === undefined) return;
    annotateElement(element, field);
    rowGroups.forEach((group, number) => {
      const chunk = group.columns[index];
      const column = groups[number]?.[index];
      if (chunk === undefined || column === undefined) return;
      const path = { elementType: wire.binary, items: [Buffer.from(field.name)] };
      setField(chunk.metadata, ids.column.path, wire.list, path);
      addStatistics(chunk, field.type as PrimitiveType, column);
    });
  });
  // Without orders readers may not trust min_value and max_value: TYPE_ORDER for every leaf.
  const typeOrder: ThriftStruct = [{ id: 1, type: wire.struct, value: [] }];
  setField(metadata, COLUMN_ORDERS, wire.list, { elementType: wire.struct, items: leaves.map(() => typeOrder) });
}

function annotateElement(element: ThriftStruct, field: Field): void {
  const type = field.type as PrimitiveType;
  setField(element, ids.element.name, wire.binary, Buffer.from(field.name));
  setField(element, ids.element.fieldId, wire.i32, field.id);
  const known = annotation(type);
  if (known === undefined) return;
  if (known.converted !== undefined) setField(element, ids.element.convertedType, wire.i32, known.converted);
  setField(element, ids.element.logicalType, wire.struct, known.logical);
  if (type.kind !== 'decimal') return;
  setField(element, SCALE, wire.i32, type.scale);
  setField(element, PRECISION, wire.i32, type.precision);
}

function addStatistics({ metadata }: ColumnChunk, type: PrimitiveType, column: ColumnGroup): void {
  const statistics: ThriftStruct = [{ id: ids.statistics.nullCount, type: wire.i64, value: BigInt(column.nulls) }];
  const { least, most } = column;
  // No bounds for uuid (conformance 8.1) nor for a group that holds NaN.
  if (least !== undefined && most !== undefined && type.kind !== 'uuid' && column.nans === 0) {
    const [min, max] = [statisticsBytes(type, least), statisticsBytes(type, most)];
    if (min.length <= MAX_BOUND_BYTES && max.length <= MAX_BOUND_BYTES) {
      setField(statistics, ids.statistics.maxValue, wire.binary, max);
      setField(statistics, ids.statistics.minValue, wire.binary, min);
    }
  }
  setField(metadata, ids.column.statistics, wire.struct, statistics);
}
