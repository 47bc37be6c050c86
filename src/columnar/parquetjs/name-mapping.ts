/**
 * `schema.name-mapping.default` (spec "Column Projection", Appendix C; checklist 2.9): how readers find columns in files without field ids.
 * Files of the parquetjs encoder carry ids, but tables it writes keep the mapping for readers that go by names.
 */
import type { Field, Schema, Type } from '../../record/types.ts';

interface MappedField {
  readonly 'field-id': number;
  readonly names: readonly string[];
  readonly fields?: readonly MappedField[];
}

export const nameMapping = (schema: Schema): string => JSON.stringify(schema.fields.map(mappedField));

const mappedField = ({ id, name, type }: Field): MappedField => mapped(id, name, type);

function mapped(id: number, name: string, type: Type): MappedField {
  const field = { 'field-id': id, names: [name] };
  switch (type.kind) {
    case 'struct':
      return { ...field, fields: type.fields.map(mappedField) };
    case 'list':
      return { ...field, fields: [mapped(type.elementId, 'element', type.element)] };
    case 'map':
      return { ...field, fields: [mapped(type.keyId, 'key', type.key), mapped(type.valueId, 'value', type.value)] };
    default:
      return field;
  }
}
