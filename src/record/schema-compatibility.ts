/**
 * Whether a table may go from one schema to another within format version 2 (checklist 2.3–2.5, 2.7). Fields are matched by id;
 * names and order are free.
 */
import { walkFields, type FieldAt } from './schema-check.ts';
import { isPrimitive, primitiveName, type PrimitiveType, type Schema, type Type } from './types.ts';

/** Each illegal step, naming the column; empty means the change is legal. Dropped and new optional columns are legal. */
export function illegalChanges(from: Schema, to: Schema): readonly string[] {
  const before = byId(from);
  const after = byId(to);
  const problems: string[] = [];
  for (const [id, { at, parent }] of after) {
    const old = before.get(id);
    if (old === undefined) {
      if (at.field.required && !isNewWithParent(parent, before))
        problems.push(`${at.path}: a new column must be optional in format version 2`);
      continue;
    }
    if (old.parent !== parent) problems.push(`${at.path}: moved from ${old.at.path} into another parent`);
    if (at.field.required && !old.at.field.required) problems.push(`${at.path}: optional cannot become required`);
    problems.push(...typeChange(at.path, old.at.field.type, at.field.type));
  }
  return problems;
}

/** Legal widening of format version 2: int → long, float → double, decimal of more digits and the same scale. */
export function isPromotion(from: PrimitiveType, to: PrimitiveType): boolean {
  if (from.kind === 'decimal' && to.kind === 'decimal')
    return to.scale === from.scale && to.precision >= from.precision;
  return (
    primitiveName(from) === primitiveName(to) ||
    (from.kind === 'int' && to.kind === 'long') ||
    (from.kind === 'float' && to.kind === 'double')
  );
}

interface Placed {
  readonly at: FieldAt;
  /** Field id of what holds it; 0 at the top. */
  readonly parent: number;
}

function byId(schema: Schema): ReadonlyMap<number, Placed> {
  const placed = new Map<number, Placed>();
  const parents = new Map<string, number>();
  for (const at of walkFields(schema.fields)) {
    const parent = at.path.slice(0, Math.max(0, at.path.length - at.field.name.length - 1));
    parents.set(at.path, at.field.id);
    placed.set(at.field.id, { at, parent: parents.get(parent) ?? 0 });
  }
  return placed;
}

// What comes inside a new optional struct, list or map may be required: no older row has the parent.
const isNewWithParent = (parent: number, before: ReadonlyMap<number, Placed>): boolean =>
  parent !== 0 && !before.has(parent);

function typeChange(path: string, from: Type, to: Type): readonly string[] {
  if (isPrimitive(from) && isPrimitive(to))
    return isPromotion(from, to) ? [] : [`${path}: ${primitiveName(from)} cannot become ${primitiveName(to)}`];
  if (from.kind !== to.kind) return [`${path}: ${from.kind} cannot become ${to.kind}`];
  // Child ids tell whether element, key or value is still the same field.
  if (from.kind === 'list' && to.kind === 'list' && from.elementId !== to.elementId)
    return [`${path}: the element of a list cannot be replaced`];
  if (from.kind === 'map' && to.kind === 'map' && (from.keyId !== to.keyId || from.valueId !== to.valueId))
    return [`${path}: key and value of a map cannot be replaced`];
  return [];
}
