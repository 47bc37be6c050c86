/**
 * What a file written by DuckDB still needs so that every engine reads it right (encoder reference §2): statistics of uuid columns
 * removed, the annotation of fixed[16] removed, bounds that are zero signed, and names DuckDB could not hold put back.
 * Edits the tree only; `parquet-footer.ts` writes it.
 */
import type { PrimitiveType } from '../../record/types.ts';
import type { LeafColumn, RowGroup } from './parquet-footer.ts';
import { ids, structs } from './parquet-footer.ts';
import type { ThriftStruct } from './thrift-compact.ts';
import { dropField, fieldOf, setField, wire } from './thrift-compact.ts';

export interface FinishOptions {
  /** Primitive types by field id, at every depth. */
  readonly types: ReadonlyMap<number, PrimitiveType>;
  /** True names by field id, of those that were written under another. */
  readonly names: ReadonlyMap<number, string>;
}

/** Whether anything changed. */
export function finishFooter(
  metadata: ThriftStruct,
  leaves: readonly LeafColumn[],
  groups: readonly RowGroup[],
  options: FinishOptions,
): boolean {
  let changed = options.names.size > 0;
  if (changed) rename(metadata, leaves, groups, options.names);
  leaves.forEach((leaf, index) => {
    const type = leaf.fieldId === undefined ? undefined : options.types.get(leaf.fieldId);
    const edit = type === undefined ? undefined : statisticsEdit(type);
    if (type?.kind === 'fixed' && type.length === 16) {
      dropField(leaf.element, ids.element.logicalType);
      dropField(leaf.element, ids.element.convertedType);
      changed = true;
    }
    if (edit === undefined) return;
    for (const group of groups) {
      const statistics = group.columns[index]?.statistics;
      if (statistics !== undefined && edit(statistics)) changed = true;
    }
  });
  return changed;
}

function statisticsEdit(type: PrimitiveType): ((statistics: ThriftStruct) => boolean) | undefined {
  if (type.kind === 'uuid') return dropBounds;
  if (type.kind === 'float' || type.kind === 'double') return signZeros;
  return undefined;
}

/** Java and Spark lose rows under `=` when a uuid column has bounds (conformance 8.1). The null count stays. */
function dropBounds(statistics: ThriftStruct): boolean {
  const before = statistics.length;
  const { min, max, minValue, maxValue, minExact, maxExact } = ids.statistics;
  for (const id of [min, max, minValue, maxValue, minExact, maxExact]) dropField(statistics, id);
  return statistics.length !== before;
}

/** -0.0 sorts before +0.0, so a minimum of zero must be the former and a maximum the latter (checklist 6.3). */
function signZeros(statistics: ThriftStruct): boolean {
  let changed = false;
  const sign = (id: number, top: number): void => {
    const bytes = fieldOf(statistics, id);
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) return;
    const last = bytes.length - 1;
    const isZero = bytes.every((byte, at) => (at === last ? (byte & 0x7f) === 0 : byte === 0));
    if (!isZero || bytes[last] === top) return;
    const signed = Uint8Array.from(bytes);
    signed[last] = top;
    setField(statistics, id, wire.binary, signed);
    changed = true;
  };
  sign(ids.statistics.minValue, 0x80);
  sign(ids.statistics.min, 0x80);
  sign(ids.statistics.maxValue, 0);
  sign(ids.statistics.max, 0);
  return changed;
}

function rename(
  metadata: ThriftStruct,
  leaves: readonly LeafColumn[],
  groups: readonly RowGroup[],
  names: ReadonlyMap<number, string>,
): void {
  for (const element of structs(metadata, ids.file.schema)) {
    const id = fieldOf(element, ids.element.fieldId);
    const trueName = typeof id === 'number' ? names.get(id) : undefined;
    if (trueName !== undefined) setField(element, ids.element.name, wire.binary, Buffer.from(trueName));
  }
  leaves.forEach((leaf, index) => {
    const path = leaf.path.map((element) => fieldOf(element, ids.element.name) as Uint8Array);
    for (const group of groups) {
      const column = group.columns[index]?.metadata;
      if (column !== undefined) setField(column, ids.column.path, wire.list, { elementType: wire.binary, items: path });
    }
  });
}
