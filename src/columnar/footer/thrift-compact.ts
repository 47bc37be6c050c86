/**
 * Thrift's compact protocol as a tree that forgets nothing: unknown fields, field order and types survive, so a value that was read and
 * not touched prints byte for byte as it was (encoder reference §2). Knows no Parquet.
 */
import { SluiceError } from '../../core/errors.ts';

/** Wire types of the compact protocol. 1 and 2 are the two booleans of a field header. */
export const wire = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

export interface ThriftField {
  readonly id: number;
  type: number;
  value: ThriftValue;
}

/** Fields in the order of the wire. */
export type ThriftStruct = ThriftField[];

export interface ThriftList {
  readonly elementType: number;
  readonly items: ThriftValue[];
}

export interface ThriftMap {
  readonly keyType: number;
  readonly valueType: number;
  readonly entries: (readonly [ThriftValue, ThriftValue])[];
}

/** boolean → boolean · i8, i16, i32 → number · i64 → bigint · double (8 bytes as stored) and binary → Uint8Array · list and set → ThriftList. */
export type ThriftValue = boolean | number | bigint | Uint8Array | ThriftList | ThriftMap | ThriftStruct;

/** One struct from the start of `bytes`, and how many bytes it took. Throws kind `corrupt` on anything else. */
export function readThrift(bytes: Uint8Array): { readonly struct: ThriftStruct; readonly length: number } {
  const reader = new Reader(bytes);
  const struct = reader.struct();
  return { struct, length: reader.at };
}

export function writeThrift(struct: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(struct);
  return writer.bytes();
}

export const fieldOf = (struct: ThriftStruct, id: number): ThriftValue | undefined =>
  struct.find((field) => field.id === id)?.value;

/** Replaces the field or adds it in the order of ids. */
export function setField(struct: ThriftStruct, id: number, type: number, value: ThriftValue): void {
  const existing = struct.find((field) => field.id === id);
  if (existing !== undefined) {
    existing.type = type;
    existing.value = value;
    return;
  }
  const after = struct.findIndex((field) => field.id > id);
  struct.splice(after === -1 ? struct.length : after, 0, { id, type, value });
}

export function dropField(struct: ThriftStruct, id: number): void {
  const at = struct.findIndex((field) => field.id === id);
  if (at !== -1) struct.splice(at, 1);
}

const corrupt = (what: string): SluiceError => new SluiceError('corrupt', `thrift value: ${what}`);

const isBoolean = (type: number): boolean => type === wire.true || type === wire.false;

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = [];
    let id = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) return fields;
      const type = header & 0x0f;
      const delta = header >> 4;
      id = delta === 0 ? Number(zigzag(this.#varint())) : id + delta;
      fields.push({ id, type, value: isBoolean(type) ? type === wire.true : this.#value(type) });
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case wire.true:
      case wire.false:
        return this.#byte() === 1;
      case wire.i8:
        return (this.#byte() << 24) >> 24;
      case wire.i16:
      case wire.i32:
        return Number(zigzag(this.#varint()));
      case wire.i64:
        return zigzag(this.#varint());
      case wire.double:
        return this.#take(8);
      case wire.binary:
        return this.#take(this.#size());
      case wire.list:
      case wire.set: {
        const header = this.#byte();
        const size = header >> 4 === 15 ? this.#size() : header >> 4;
        const elementType = header & 0x0f;
        return { elementType, items: Array.from({ length: size }, () => this.#value(elementType)) };
      }
      case wire.map: {
        const size = this.#size();
        const types = size === 0 ? 0 : this.#byte();
        const [keyType, valueType] = [types >> 4, types & 0x0f];
        const entries = Array.from({ length: size }, () => [this.#value(keyType), this.#value(valueType)] as const);
        return { keyType, valueType, entries };
      }
      case wire.struct:
        return this.struct();
      default:
        throw corrupt(`unknown wire type ${type}`);
    }
  }

  /** A length, which cannot exceed what is left: a torn or foreign footer must not ask for gigabytes. */
  #size(): number {
    const size = Number(this.#varint());
    if (size > this.#bytes.length - this.at) throw corrupt(`length ${size} exceeds the bytes left`);
    return size;
  }

  #varint(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw corrupt('varint longer than 10 bytes');
  }

  #take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw corrupt('ends too early');
    const slice = this.#bytes.slice(this.at, this.at + length);
    this.at += length;
    return slice;
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw corrupt('ends too early');
    this.at += 1;
    return byte;
  }
}

class Writer {
  #buffer = new Uint8Array(4096);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  struct(fields: ThriftStruct): void {
    let last = 0;
    for (const { id, type, value } of fields) {
      const wireType = isBoolean(type) ? (value === true ? wire.true : wire.false) : type;
      const delta = id - last;
      if (delta > 0 && delta < 16) this.#byte((delta << 4) | wireType);
      else {
        this.#byte(wireType);
        this.#varint(unzigzag(BigInt(id)));
      }
      last = id;
      if (!isBoolean(type)) this.#value(type, value);
    }
    this.#byte(0);
  }

  #value(type: number, value: ThriftValue): void {
    switch (type) {
      case wire.true:
      case wire.false:
        return this.#byte(value === true ? 1 : 2);
      case wire.i8:
        return this.#byte((value as number) & 0xff);
      case wire.i16:
      case wire.i32:
      case wire.i64:
        return this.#varint(unzigzag(BigInt(value as number | bigint)));
      case wire.double:
        return this.#raw(value as Uint8Array);
      case wire.binary:
        this.#varint(BigInt((value as Uint8Array).length));
        return this.#raw(value as Uint8Array);
      case wire.list:
      case wire.set: {
        const { elementType, items } = value as ThriftList;
        this.#byte((Math.min(items.length, 15) << 4) | elementType);
        if (items.length >= 15) this.#varint(BigInt(items.length));
        for (const item of items) this.#value(elementType, item);
        return;
      }
      case wire.map: {
        const { keyType, valueType, entries } = value as ThriftMap;
        this.#varint(BigInt(entries.length));
        if (entries.length > 0) this.#byte((keyType << 4) | valueType);
        for (const [key, member] of entries) {
          this.#value(keyType, key);
          this.#value(valueType, member);
        }
        return;
      }
      case wire.struct:
        return this.struct(value as ThriftStruct);
      default:
        throw corrupt(`unknown wire type ${type}`);
    }
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + extra));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

/** The mapping that keeps small negative numbers short: 0, -1, 1, -2 … are written as 0, 1, 2, 3 … */
const zigzag = (value: bigint): bigint => BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
const unzigzag = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
