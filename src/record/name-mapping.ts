/** `schema.name-mapping.default` (spec "Column Projection", Appendix C; checklist 2.9): how columns are found in files without field ids. */
import { SluiceError } from '../core/errors.ts';
import type { Field, Type } from './types.ts';

export const NAME_MAPPING_PROPERTY = 'schema.name-mapping.default';

export interface MappedName {
  /** Absent: the column is known to be none of the table's. */
  readonly id: number | undefined;
  readonly names: readonly string[];
  readonly fields: NameMapping;
}

export type NameMapping = readonly MappedName[];

/** Of the property's text. Throws kind `corrupt`. */
export function parseNameMapping(text: string): NameMapping {
  try {
    return listOf(JSON.parse(text) as unknown);
  } catch (error) {
    throw new SluiceError('corrupt', `table property ${NAME_MAPPING_PROPERTY} is not a name mapping`, {
      remedy: 'set it to the JSON that the specification describes, or remove it',
      cause: error,
    });
  }
}

/** What a table without the property means: its columns by the names they have. */
export const namesOf = (fields: readonly Field[]): NameMapping =>
  fields.map(({ id, name, type }) => ({ id, names: [name], fields: belowOf(type) }));

function belowOf(type: Type): NameMapping {
  switch (type.kind) {
    case 'struct':
      return namesOf(type.fields);
    case 'list':
      return [{ id: type.elementId, names: ['element'], fields: belowOf(type.element) }];
    case 'map':
      return [
        { id: type.keyId, names: ['key'], fields: belowOf(type.key) },
        { id: type.valueId, names: ['value'], fields: belowOf(type.value) },
      ];
    default:
      return [];
  }
}

function listOf(raw: unknown): NameMapping {
  if (!Array.isArray(raw)) throw new TypeError('a list is expected');
  return raw.map((member: unknown) => {
    const { 'field-id': id, names, fields } = member as Readonly<Record<string, unknown>>;
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
      throw new TypeError('names is not a list of texts');
    if (id !== undefined && !Number.isSafeInteger(id)) throw new TypeError('field-id is not a whole number');
    return { id: id as number | undefined, names, fields: fields === undefined ? [] : listOf(fields) };
  });
}
