/** How rows are to stand in rewritten files: what was asked for, by the names of columns, to what a rewrite is told. Pure. */
import type { Arrangement, SortColumn } from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import { SluiceError } from '../core/errors.ts';
import type { SortField, SortOrder } from '../record/partition-spec.ts';
import { primitiveColumns } from '../record/table-input.ts';

/** What of a request for a rewrite depends on the arrangement. */
export interface RowOrder {
  /** Has the table's own id only if rows that stand in it stand in the table's own order. */
  readonly sortOrder: SortOrder;
  /** Columns of a Z-curve in place of a sort order. */
  readonly zOrder?: readonly number[];
}

/** A rank of each column in 64 bits (`columnar/rewrite/z-order-sql.ts`). */
const MOST_Z_COLUMNS = 8;
const UNSORTED: SortOrder = { orderId: 0, fields: [] };

/** Throws kind `invalid-input` for columns that the table does not have, or too few or many of them. */
export function rowOrderOf(
  { schema, sortOrder: own }: Pick<TableView, 'schema' | 'sortOrder'>,
  arrangement: Arrangement,
): RowOrder {
  const columns = new Map(primitiveColumns(schema.fields));
  const idOf = (name: string): number => {
    const column = columns.get(name);
    if (column !== undefined) return column.id;
    throw new SluiceError('invalid-input', `"${name}" is not a primitive column of the table`, {
      remedy: `name some of ${[...columns.keys()].join(', ')}`,
    });
  };
  const names = arrangement.strategy === 'sort' ? arrangement.columns.map(({ name }) => name) : arrangement.columns;
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new SluiceError('invalid-input', `column "${twice}" is named twice`);
  if (arrangement.strategy === 'sort') return { sortOrder: sortOrderOf(arrangement.columns, own, idOf) };
  if (names.length < 2 || names.length > MOST_Z_COLUMNS)
    throw new SluiceError('invalid-input', `a Z-order has two to ${MOST_Z_COLUMNS} columns`, {
      remedy: 'sort by a single one',
    });
  return { sortOrder: UNSORTED, zOrder: names.map(idOf) };
}

function sortOrderOf(columns: readonly SortColumn[], own: SortOrder, idOf: (name: string) => number): SortOrder {
  if (columns.length === 0 && own.fields.length === 0)
    throw new SluiceError('invalid-input', 'the table has no sort order of its own', { remedy: 'name columns' });
  if (columns.length === 0) return own;
  const fields = columns.map(({ name, direction, nullOrder }): SortField => ({
    sourceId: idOf(name),
    transform: { kind: 'identity' },
    direction,
    nullOrder,
  }));
  return { orderId: isBegunBy(fields, own.fields) ? own.orderId : UNSORTED.orderId, fields };
}

/** Rows sorted by `fields` are sorted by `own` too. */
const isBegunBy = (fields: readonly SortField[], own: readonly SortField[]): boolean =>
  own.length > 0 &&
  own.every(({ sourceId, transform, direction, nullOrder }, at) => {
    const field = fields[at];
    return (
      transform.kind === 'identity' &&
      field?.sourceId === sourceId &&
      field.direction === direction &&
      field.nullOrder === nullOrder
    );
  });
