/** How values of primitive Iceberg types stand in a Parquet file (spec Appendix A "Parquet"): physical type, annotation, bytes. Pure. */
import { encodeSingle, twosComplementFixed } from '../../record/single-value.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import type { ThriftStruct } from '../footer/thrift-compact.ts';
import { wire } from '../footer/thrift-compact.ts';

export interface PhysicalType {
  /** As parquetjs-lite names it. */
  readonly type: string;
  /** Of fixed-length bytes. */
  readonly length?: number;
}

/** `converted`, and the fields of the `LogicalType` union: absent for types without annotation. */
export interface Annotation {
  readonly converted?: number;
  readonly logical: ThriftStruct;
}

export function physicalType(type: PrimitiveType): PhysicalType {
  switch (type.kind) {
    case 'boolean':
      return { type: 'BOOLEAN' };
    case 'int':
    case 'date':
      return { type: 'INT32' };
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return { type: 'INT64' };
    case 'float':
      return { type: 'FLOAT' };
    case 'double':
      return { type: 'DOUBLE' };
    case 'decimal':
      if (type.precision <= 9) return { type: 'INT32' };
      if (type.precision <= 18) return { type: 'INT64' };
      return { type: 'FIXED_LEN_BYTE_ARRAY', length: decimalLength(type.precision) };
    case 'string':
    case 'binary':
      return { type: 'BYTE_ARRAY' };
    case 'uuid':
      return { type: 'FIXED_LEN_BYTE_ARRAY', length: 16 };
    case 'fixed':
      return { type: 'FIXED_LEN_BYTE_ARRAY', length: type.length };
  }
}

/** The value as parquetjs-lite's plain encoder takes it: number, bigint, boolean or bytes. */
export function physicalValue(type: PrimitiveType, value: PrimitiveValue): PrimitiveValue {
  if (type.kind === 'string') return Buffer.from(value as string);
  if (type.kind !== 'decimal') return value;
  const unscaled = value as bigint;
  if (type.precision <= 9) return Number(unscaled);
  return type.precision <= 18 ? unscaled : twosComplementFixed(unscaled, decimalLength(type.precision));
}

/** As a column chunk's statistics hold a bound. */
export function statisticsBytes(type: PrimitiveType, value: PrimitiveValue): Uint8Array {
  if (type.kind !== 'decimal') return encodeSingle(type, value);
  const unscaled = value as bigint;
  if (type.precision > 18) return twosComplementFixed(unscaled, decimalLength(type.precision));
  return twosComplementFixed(unscaled, type.precision <= 9 ? 4 : 8).reverse();
}

const logical = { string: 1, decimal: 5, date: 6, time: 7, timestamp: 8, uuid: 14 } as const;
const converted = { utf8: 0, decimal: 5, date: 6, timeMicros: 8, timestampMicros: 10 } as const;

export function annotation(type: PrimitiveType): Annotation | undefined {
  switch (type.kind) {
    case 'string':
      return { converted: converted.utf8, logical: union(logical.string, []) };
    case 'date':
      return { converted: converted.date, logical: union(logical.date, []) };
    case 'time':
      return { converted: converted.timeMicros, logical: union(logical.time, micros(false)) };
    case 'timestamp':
      return { converted: converted.timestampMicros, logical: union(logical.timestamp, micros(false)) };
    case 'timestamptz':
      return { converted: converted.timestampMicros, logical: union(logical.timestamp, micros(true)) };
    case 'uuid':
      return { logical: union(logical.uuid, []) };
    case 'decimal':
      return {
        converted: converted.decimal,
        logical: union(logical.decimal, [
          { id: 1, type: wire.i32, value: type.scale },
          { id: 2, type: wire.i32, value: type.precision },
        ]),
      };
    default:
      return undefined;
  }
}

/** The fewest bytes that hold every unscaled value of the precision: 19 → 9, 38 → 16 (checklist 5.3). */
function decimalLength(precision: number): number {
  const most = 10n ** BigInt(precision) - 1n;
  let length = 1;
  while (BigInt.asIntN(8 * length, most) !== most) length += 1;
  return length;
}

const union = (member: number, fields: ThriftStruct): ThriftStruct => [
  { id: member, type: wire.struct, value: fields },
];

const micros = (adjustedToUtc: boolean): ThriftStruct => [
  { id: 1, type: wire.true, value: adjustedToUtc },
  { id: 2, type: wire.struct, value: union(2, []) },
];
