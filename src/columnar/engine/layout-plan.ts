/** What of a layout is needed for every piece, worked out once a staging. Pure. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { walkFields } from '../../record/schema-check.ts';
import type { Field, PrimitiveType } from '../../record/types.ts';
import { isPrimitive } from '../../record/types.ts';
import { aliases } from './decode-sql.ts';
import type { FieldPath } from './field-path.ts';
import { fieldPaths } from './field-path.ts';
import type { PartitionKey } from './partition-sql.ts';
import { partitionKeys } from './partition-sql.ts';
import { negativeZeroSql } from './signed-zeros.ts';
import { sortTerms } from './sort-sql.ts';

export interface LayoutPlan {
  readonly layout: FileLayout;
  /** Primitive types by field id, at every depth. */
  readonly types: ReadonlyMap<number, PrimitiveType>;
  /** True names by field id, of fields that go under an alias. */
  readonly renamed: ReadonlyMap<number, string>;
  /** Every float and double outside lists and maps. */
  readonly floats: readonly FieldPath[];
  /** Whether a decoded row holds a -0.0, as a condition; undefined when no column can. */
  readonly negativeZero: string | undefined;
  /** Whether the files may hold dictionaries, which keep one of the zeros only. */
  readonly dictionaries: boolean;
  /** Most uncompressed bytes of a row group. */
  readonly rowGroupBytes: number;
  /** Lengths of fixed columns that travel as BLOB, by field id: every length but 16. */
  readonly blobLengths: ReadonlyMap<number, number>;
  readonly keys: readonly PartitionKey[];
  /** Terms of `ORDER BY`; empty for an unsorted table. */
  readonly order: readonly string[];
}

/** For tables of wide rows; usual rows reach DuckDB's 122,880 rows first. */
const ROW_GROUP_BYTES = 128 * 1024 * 1024;

export function planLayout(layout: FileLayout): LayoutPlan {
  const types = new Map<number, PrimitiveType>();
  const blobLengths = new Map<number, number>();
  const renamed = new Map<number, string>();
  const noteNames = (fields: readonly Field[]): void => {
    for (const { field, alias } of aliases(fields)) if (alias !== field.name) renamed.set(field.id, field.name);
  };
  noteNames(layout.schema.fields);
  for (const { field } of walkFields(layout.schema.fields)) {
    const { type } = field;
    if (type.kind === 'struct') noteNames(type.fields);
    if (isPrimitive(type)) types.set(field.id, type);
    if (type.kind === 'fixed' && type.length !== 16) blobLengths.set(field.id, type.length);
  }
  const floats = fieldPaths(layout.schema).filter(({ id }) => ['float', 'double'].includes(types.get(id)?.kind ?? ''));
  const keys = partitionKeys(layout, types);
  const order = sortTerms(layout, types);
  const negativeZero = negativeZeroSql(layout.schema.fields);
  return {
    layout,
    types,
    renamed,
    floats,
    negativeZero,
    dictionaries: true,
    rowGroupBytes: ROW_GROUP_BYTES,
    blobLengths,
    keys,
    order,
  };
}
