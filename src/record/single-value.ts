/** Single values as bytes, as bounds and partition summaries hold them, and their order (spec Appendix D; checklist 6.2, 6.3). */
import { SluiceError } from '../core/errors.ts';
import { primitiveName, type PrimitiveType } from './types.ts';
import type { PrimitiveValue } from './values.ts';

/** Throws kind `internal` when the value is not of the type's representation (see `values.ts`). */
export function encodeSingle(type: PrimitiveType, value: PrimitiveValue): Uint8Array {
  switch (type.kind) {
    case 'boolean':
      return Uint8Array.of(asBoolean(type, value) ? 1 : 0);
    case 'int':
    case 'date':
      return fill(4, (view) => view.setInt32(0, asNumber(type, value), true));
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return fill(8, (view) => view.setBigInt64(0, asBigint(type, value), true));
    case 'float':
      return fill(4, (view) => view.setFloat32(0, asNumber(type, value), true));
    case 'double':
      return fill(8, (view) => view.setFloat64(0, asNumber(type, value), true));
    case 'decimal':
      return twosComplement(asBigint(type, value));
    case 'string':
      if (typeof value !== 'string') throw mismatch(type, value);
      return new TextEncoder().encode(value);
    case 'uuid':
    case 'fixed':
    case 'binary':
      return asBytes(type, value);
  }
}

/**
 * The inverse, also for bytes written before a promotion: 4 bytes under `long` and `double` are an older `int` and `float`
 * (checklist 2.6). Throws kind `corrupt` on any other length.
 */
export function decodeSingle(type: PrimitiveType, bytes: Uint8Array): PrimitiveValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wants = (...lengths: number[]): void => {
    if (!lengths.includes(bytes.length))
      throw new SluiceError('corrupt', `a bound of type ${primitiveName(type)} has ${bytes.length} bytes`);
  };
  switch (type.kind) {
    case 'boolean':
      wants(1);
      return bytes[0] !== 0;
    case 'int':
    case 'date':
      wants(4);
      return view.getInt32(0, true);
    case 'long':
      wants(8, 4);
      return bytes.length === 4 ? BigInt(view.getInt32(0, true)) : view.getBigInt64(0, true);
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      wants(8);
      return view.getBigInt64(0, true);
    case 'float':
      wants(4);
      return view.getFloat32(0, true);
    case 'double':
      wants(8, 4);
      return bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    case 'decimal':
      return fromTwosComplement(bytes);
    case 'string':
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    case 'uuid':
      wants(16);
      return bytes;
    case 'fixed':
      wants(type.length);
      return bytes;
    case 'binary':
      return bytes;
  }
}

/**
 * Order of two non-null values of one type, as bounds use it: text by code point, bytes unsigned, false before true, -0 before +0.
 * NaN has no place in it.
 */
export function compareSingle(a: PrimitiveValue, b: PrimitiveValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (typeof a === 'number' && typeof b === 'number' && a === 0 && b === 0)
    return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : Number(a > b);
}

/** Big-endian two's complement in as few bytes as hold the sign: 127 → 7f, 128 → 0080, -128 → 80 (checklist 3.7). */
export function twosComplement(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(8 * length, value) !== value) length += 1;
  return twosComplementFixed(value, length);
}

/** The same, padded with the sign to `length` bytes; the value must fit. */
export function twosComplementFixed(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(8 * length, value);
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

export function fromTwosComplement(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * Math.max(1, bytes.length), value);
}

function fill(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}

function asBoolean(type: PrimitiveType, value: PrimitiveValue): boolean {
  if (typeof value !== 'boolean') throw mismatch(type, value);
  return value;
}

function asNumber(type: PrimitiveType, value: PrimitiveValue): number {
  if (typeof value !== 'number') throw mismatch(type, value);
  return value;
}

function asBigint(type: PrimitiveType, value: PrimitiveValue): bigint {
  if (typeof value !== 'bigint') throw mismatch(type, value);
  return value;
}

function asBytes(type: PrimitiveType, value: PrimitiveValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw mismatch(type, value);
  return value;
}

const mismatch = (type: PrimitiveType, value: PrimitiveValue): SluiceError =>
  new SluiceError('internal', `a ${typeof value} stands for a value of type ${primitiveName(type)}`);
