/** A sort order as the terms of `ORDER BY` (checklist §4). */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { SluiceError } from '../../core/errors.ts';
import type { PrimitiveType } from '../../record/types.ts';
import { fieldExpression } from './field-path.ts';
import { transformSql } from './partition-sql.ts';

export function sortTerms(layout: FileLayout, types: ReadonlyMap<number, PrimitiveType>): readonly string[] {
  return layout.sortOrder.fields.flatMap(({ sourceId, transform, direction, nullOrder }) => {
    if (transform.kind === 'void') return [];
    const source = types.get(sourceId);
    const path = fieldExpression(layout.schema, sourceId);
    if (source === undefined || path === undefined)
      throw new SluiceError('internal', `sort source ${sourceId} is not a column outside lists and maps`);
    const value = transformSql(transform, source, path);
    const how = `${direction} ${nullOrder === 'nulls-first' ? 'NULLS FIRST' : 'NULLS LAST'}`;
    if (source.kind !== 'float' && source.kind !== 'double') return [`${value} ${how}`];
    // DuckDB takes the zeros for equal; the format sorts -0 before +0 (checklist 4.3). The sum because a column that is itself the key is
    // read back from it, where every zero is +0 (1.5.6).
    return [`${value} + 0 ${how}`, `signbit(${value}) ${direction === 'asc' ? 'desc' : 'asc'}`];
  });
}
