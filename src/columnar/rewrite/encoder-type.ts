/** Types as the Parquet writer wants them: what `decode-sql.ts` makes of lines, `value-sql.ts` makes of files. */
import { decimalText } from '../../record/partition-text.ts';
import type { PrimitiveType, Type } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { aliases } from '../engine/decode-sql.ts';
import { literal, name } from '../engine/sql-text.ts';

export function encoderType(type: Type): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int':
      return 'INTEGER';
    case 'long':
      return 'BIGINT';
    case 'float':
      return 'FLOAT';
    case 'double':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'timestamptz':
      return 'TIMESTAMP WITH TIME ZONE';
    case 'string':
      return 'VARCHAR';
    case 'uuid':
      return 'UUID';
    case 'fixed':
      // 16 bytes travel as a UUID, other lengths as a BLOB (`decode-sql.ts`).
      return type.length === 16 ? 'UUID' : 'BLOB';
    case 'binary':
      return 'BLOB';
    case 'list':
      return `${encoderType(type.element)}[]`;
    case 'map':
      return `MAP(${encoderType(type.key)}, ${encoderType(type.value)})`;
    case 'struct':
      return `STRUCT(${aliases(type.fields)
        .map(({ field, alias }) => `${name(alias)} ${encoderType(field.type)}`)
        .join(', ')})`;
  }
}

/** A value of `encoderType(type)`. */
export function valueLiteral(type: PrimitiveType, value: PrimitiveValue | null): string {
  const as = (text: string): string => `CAST(${text} AS ${encoderType(type)})`;
  if (value === null) return as('NULL');
  switch (type.kind) {
    case 'date':
      return `(DATE '1970-01-01' + CAST(${value as number} AS INTEGER))`;
    case 'time':
      return as(`make_timestamp(${value as bigint})`);
    case 'timestamp':
      return `make_timestamp(${value as bigint})`;
    case 'timestamptz':
      return `make_timestamptz(${value as bigint})`;
    case 'decimal':
      return as(literal(decimalText(value as bigint, type.scale)));
    case 'float':
    case 'double':
      return as(literal(floatText(value as number)));
    case 'uuid':
      return as(literal(hexOf(value)));
    case 'fixed':
      return type.length === 16 ? as(literal(hexOf(value))) : `unhex(${literal(hexOf(value))})`;
    case 'binary':
      return `unhex(${literal(hexOf(value))})`;
    case 'string':
      // SQL text ends at a NUL, which a value may hold.
      return `decode(unhex(${literal(Buffer.from(value as string).toString('hex'))}))`;
    case 'boolean':
    case 'int':
    case 'long':
      return as(literal(String(value)));
  }
}

const hexOf = (value: PrimitiveValue): string => Buffer.from(value as Uint8Array).toString('hex');

const floatText = (value: number): string => (Object.is(value, -0) ? '-0.0' : String(value));
