/**
 * What a new schema must satisfy (checklist 1.13, 2.2, 2.8), and fresh ids for it. Owns no JSON. Tables made by others are not judged
 * by this: they are read as they are.
 */
import { SluiceError } from '../core/errors.ts';
import { isPrimitive, primitiveName, type Field, type Schema, type Type } from './types.ts';

/** Ids above are reserved for metadata columns (spec "Reserved Field IDs"). */
export const MAX_FIELD_ID = 2_147_483_447;

/** Names that engines give to their own metadata columns. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  '_file',
  '_pos',
  '_deleted',
  '_spec_id',
  '_partition',
  '_row_id',
  '_last_updated_sequence_number',
]);

/** A field with its dotted path; list elements and map entries are `element`, `key` and `value`. */
export interface FieldAt {
  readonly path: string;
  readonly field: Field;
  /** Reached through a list or a map. */
  readonly repeated: boolean;
  /** Every struct above it is required. */
  readonly parentsRequired: boolean;
}

/** Every field of the schema, parents before children. */
export function* walkFields(fields: readonly Field[], from?: FieldAt): Generator<FieldAt> {
  for (const field of fields) {
    const at: FieldAt = {
      path: from === undefined ? field.name : `${from.path}.${field.name}`,
      field,
      repeated: from?.repeated ?? false,
      parentsRequired: from === undefined || (from.parentsRequired && from.field.required),
    };
    yield at;
    yield* walkFields(
      children(field.type),
      isPrimitive(field.type) || field.type.kind === 'struct' ? at : { ...at, repeated: true },
    );
  }
}

/** Fields directly inside a type: of a struct, or the element, key and value as fields. */
export function children(type: Type): readonly Field[] {
  switch (type.kind) {
    case 'struct':
      return type.fields;
    case 'list':
      return [{ id: type.elementId, name: 'element', type: type.element, required: type.elementRequired }];
    case 'map':
      return [
        { id: type.keyId, name: 'key', type: type.key, required: true },
        { id: type.valueId, name: 'value', type: type.value, required: type.valueRequired },
      ];
    default:
      return [];
  }
}

export function findField(schema: Schema, id: number): FieldAt | undefined {
  for (const at of walkFields(schema.fields)) if (at.field.id === id) return at;
  return undefined;
}

/** Highest id in use, nested ones included (checklist 1.14); 0 for none. */
export const lastColumnId = (schema: Schema): number =>
  walkFields(schema.fields).reduce((highest, at) => Math.max(highest, at.field.id), 0);

/** Everything that is wrong with it, each naming the column; empty means valid. */
export function schemaProblems(schema: Schema): readonly string[] {
  const problems: string[] = [];
  if (schema.fields.length === 0) problems.push('a table needs at least one column');
  const ids = new Map<number, string>();
  for (const at of walkFields(schema.fields)) {
    const { id } = at.field;
    if (!Number.isInteger(id) || id < 1 || id > MAX_FIELD_ID)
      problems.push(`${at.path}: field id ${id} is outside 1 to ${MAX_FIELD_ID}`);
    else if (ids.has(id)) problems.push(`${at.path}: field id ${id} is already that of ${ids.get(id)}`);
    ids.set(id, at.path);
    problems.push(...typeProblems(at));
  }
  problems.push(...nameProblems(schema.fields, ''));
  for (const id of schema.identifierFieldIds ?? []) problems.push(...identifierProblems(schema, id));
  return problems;
}

/** Throws kind `invalid-input` with all problems in one message. */
export function assertSchema(schema: Schema): void {
  const problems = schemaProblems(schema);
  if (problems.length > 0) throw new SluiceError('invalid-input', `schema is not valid: ${problems.join('; ')}`);
}

/**
 * Ids from 1 as Iceberg gives them to a new table: all fields of a struct first, then what is inside each of them.
 * `idOf` answers the new id of an old one that was not 0.
 */
export function assignFreshIds(fields: readonly Field[]): {
  readonly fields: readonly Field[];
  readonly idOf: (old: number) => number | undefined;
} {
  const renamed = new Map<number, number>();
  let last = 0;
  const fresh = (old: number): number => {
    last += 1;
    if (old !== 0) {
      if (renamed.has(old)) throw new SluiceError('invalid-input', `field id ${old} is used twice in the schema`);
      renamed.set(old, last);
    }
    return last;
  };
  const ofStruct = (members: readonly Field[]): readonly Field[] =>
    members
      .map((field) => ({ ...field, id: fresh(field.id) }))
      .map((field) => ({ ...field, type: ofType(field.type) }));
  const ofType = (type: Type): Type => {
    switch (type.kind) {
      case 'struct':
        return { kind: 'struct', fields: ofStruct(type.fields) };
      case 'list': {
        const elementId = fresh(type.elementId);
        return { ...type, elementId, element: ofType(type.element) };
      }
      case 'map': {
        const keyId = fresh(type.keyId);
        const valueId = fresh(type.valueId);
        return { ...type, keyId, valueId, key: ofType(type.key), value: ofType(type.value) };
      }
      default:
        return type;
    }
  };
  return { fields: ofStruct(fields), idOf: (old) => renamed.get(old) };
}

function typeProblems({ path, field }: FieldAt): readonly string[] {
  const { type } = field;
  if (type.kind === 'decimal' && (type.precision < 1 || type.precision > 38 || type.scale > type.precision))
    return [`${path}: ${primitiveName(type)} needs a precision of 1 to 38 and a scale of at most that`];
  if (type.kind === 'fixed' && type.length < 1) return [`${path}: fixed needs a length of at least 1`];
  if (type.kind === 'struct' && type.fields.length === 0) return [`${path}: a struct needs at least one field`];
  return [];
}

function nameProblems(fields: readonly Field[], parent: string): readonly string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const field of fields) {
    const path = parent === '' ? field.name : `${parent}.${field.name}`;
    const folded = field.name.toLowerCase();
    if (field.name === '') problems.push(`${parent === '' ? 'a column' : parent}: a name must not be empty`);
    if (!field.name.isWellFormed()) problems.push(`${path}: the name is not valid Unicode`);
    if (parent === '' && RESERVED_NAMES.has(folded)) problems.push(`${path}: the name is reserved`);
    const other = seen.get(folded);
    // Most engines fold the case of names, so two columns that differ in nothing else cannot be told apart there.
    if (other !== undefined)
      problems.push(
        other === field.name ? `${path}: the name is used twice` : `${path}: differs from ${other} in case only`,
      );
    seen.set(folded, field.name);
    for (const nested of structsIn(field.type, path)) problems.push(...nameProblems(nested.fields, nested.path));
  }
  return problems;
}

function structsIn(type: Type, path: string): readonly { readonly fields: readonly Field[]; readonly path: string }[] {
  if (type.kind === 'struct') return [{ fields: type.fields, path }];
  return children(type).flatMap((child) => structsIn(child.type, `${path}.${child.name}`));
}

function identifierProblems(schema: Schema, id: number): readonly string[] {
  const at = findField(schema, id);
  if (at === undefined) return [`identifier field ${id} is not in the schema`];
  const { type, required } = at.field;
  if (!isPrimitive(type)) return [`${at.path}: an identifier must be of a primitive type`];
  if (type.kind === 'float' || type.kind === 'double') return [`${at.path}: a ${type.kind} cannot be an identifier`];
  if (at.repeated) return [`${at.path}: a field inside a list or map cannot be an identifier`];
  if (!required || !at.parentsRequired)
    return [`${at.path}: an identifier must be required, and so must what holds it`];
  return [];
}
