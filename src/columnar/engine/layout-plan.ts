/** What of a layout is needed for every piece, worked out once a staging. Pure. */
import type { FileLayout } from '../../contracts/column-engine.ts';
import { walkFields } from '../../record/schema-check.ts';
import type { PrimitiveType, StructType } from '../../record/types.ts';
import { isPrimitive } from '../../record/types.ts';
import { aliases } from './decode-sql.ts';
import { name } from './sql-text.ts';

export interface LayoutPlan {
  readonly layout: FileLayout;
  /** Primitive types by field id, at every depth. */
  readonly types: ReadonlyMap<number, PrimitiveType>;
  /** True names by field id, of fields that go under an alias. */
  readonly renamed: ReadonlyMap<number, string>;
  /** Every float and double outside lists and maps. */
  readonly floats: readonly FieldPath[];
  /** Fixed-length bytes that travel as BLOB: every length but 16. */
  readonly fixedIds: ReadonlySet<number>;
}

export interface FieldPath {
  readonly id: number;
  /** Quoted, dotted: as `RETURN_STATS` names it, and as an expression that reads it. */
  readonly path: string;
}

export function planLayout(layout: FileLayout): LayoutPlan {
  const types = new Map<number, PrimitiveType>();
  const fixedIds = new Set<number>();
  for (const { field } of walkFields(layout.schema.fields)) {
    if (!isPrimitive(field.type)) continue;
    types.set(field.id, field.type);
    if (field.type.kind === 'fixed' && field.type.length !== 16) fixedIds.add(field.id);
  }
  const renamed = new Map<number, string>();
  for (const struct of structsOf({ kind: 'struct', fields: layout.schema.fields }))
    for (const { field, alias } of aliases(struct.fields)) if (alias !== field.name) renamed.set(field.id, field.name);
  const paths = pathsOf({ kind: 'struct', fields: layout.schema.fields }, '');
  const floats = paths.filter(({ id }) => ['float', 'double'].includes(types.get(id)?.kind ?? ''));
  return { layout, types, renamed, floats, fixedIds };
}

/** An expression for a field outside lists and maps. */
export function fieldExpression(layout: FileLayout, id: number): string | undefined {
  return pathsOf({ kind: 'struct', fields: layout.schema.fields }, '').find((at) => at.id === id)?.path;
}

function pathsOf(struct: StructType, prefix: string): readonly FieldPath[] {
  return aliases(struct.fields).flatMap(({ field, alias }) => {
    const path = `${prefix}${name(alias)}`;
    if (field.type.kind === 'struct') return pathsOf(field.type, `${path}.`);
    return [{ id: field.id, path }];
  });
}

function* structsOf(struct: StructType): Generator<StructType> {
  yield struct;
  for (const { field } of walkFields(struct.fields)) if (field.type.kind === 'struct') yield field.type;
}
