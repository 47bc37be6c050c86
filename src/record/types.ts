/** Iceberg types and schemas as immutable data (spec "Schemas and Data Types", checklist §2). Owns shapes only; the JSON form is in `schema-json.ts`. */

export type PrimitiveType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int' }
  | { readonly kind: 'long' }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'time' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'timestamptz' }
  | { readonly kind: 'string' }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'binary' };

/** Primitive types whose name is all there is to say of them. */
export const PLAIN_TYPES = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
] as const satisfies readonly PrimitiveType['kind'][];

export interface ListType {
  readonly kind: 'list';
  readonly elementId: number;
  readonly element: Type;
  readonly elementRequired: boolean;
}

export interface MapType {
  readonly kind: 'map';
  readonly keyId: number;
  readonly key: Type;
  readonly valueId: number;
  readonly value: Type;
  readonly valueRequired: boolean;
}

export interface StructType {
  readonly kind: 'struct';
  readonly fields: readonly Field[];
}

export type Type = PrimitiveType | ListType | MapType | StructType;

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly type: Type;
  readonly required: boolean;
  readonly doc?: string;
}

/** One numbered schema of a table. Field ids start at 1 and never change meaning. */
export interface Schema {
  readonly schemaId: number;
  readonly fields: readonly Field[];
  readonly identifierFieldIds?: readonly number[];
}

export const isPrimitive = (type: Type): type is PrimitiveType =>
  type.kind !== 'struct' && type.kind !== 'list' && type.kind !== 'map';

/** The specification's text of a primitive type: `decimal(9,2)`, `fixed[16]`, `timestamptz`. */
export function primitiveName(type: PrimitiveType): string {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  if (type.kind === 'fixed') return `fixed[${type.length}]`;
  return type.kind;
}
