/** Columns outside lists and maps as SQL expressions over the decoded rows. */
import type { Schema, StructType } from '../../record/types.ts';
import { aliases } from './decode-sql.ts';
import { name } from './sql-text.ts';

export interface FieldPath {
  readonly id: number;
  /** Quoted, dotted: as `RETURN_STATS` names it, and as an expression that reads it. */
  readonly path: string;
}

/** Everything but structs; lists and maps themselves are among them, what is inside them is not. */
export const fieldPaths = (schema: Schema): readonly FieldPath[] =>
  pathsOf({ kind: 'struct', fields: schema.fields }, '');

export const fieldExpression = (schema: Schema, id: number): string | undefined =>
  fieldPaths(schema).find((at) => at.id === id)?.path;

function pathsOf(struct: StructType, prefix: string): readonly FieldPath[] {
  return aliases(struct.fields).flatMap(({ field, alias }) => {
    const path = `${prefix}${name(alias)}`;
    return field.type.kind === 'struct' ? pathsOf(field.type, `${path}.`) : [{ id: field.id, path }];
  });
}
