/**
 * Avro object container files (Avro 1.11 "Object Container Files"), whole in memory. avsc encodes the records; the frame is ours, so that
 * the schema in the header is byte for byte the one given (checklist 7.3) and the sync marker comes from the caller's chance.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import avsc, { type Type } from 'avsc';
import { SluiceError, messageOf } from '../core/errors.ts';
import { parseJson64, type Json64 } from '../core/json64.ts';
import type { Random } from '../core/runtime.ts';

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
const SYNC_BYTES = 16;
/** Records are cut into blocks of about this many bytes before compression. */
const BLOCK_BYTES = 64 * 1024;

export interface AvroHeader {
  /** Text values by key, without `avro.schema` and `avro.codec`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The text of `avro.schema`. */
  readonly schema: string;
  readonly codec: 'null' | 'deflate';
}

/** A run of records as it lies in a file, still compressed. */
export interface AvroBlock {
  readonly count: number;
  readonly bytes: Uint8Array;
}

export interface AvroFile {
  readonly header: AvroHeader;
  readonly blocks: readonly AvroBlock[];
}

/** 64-bit integers are bigint at every place. avsc's own long refuses what a double cannot hold. */
const LONG = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: (value: number | bigint) => BigInt(value),
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});

const isLong = (schema: unknown): boolean =>
  schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');

const HEADER = avsc.Type.forSchema({ type: 'map', values: 'bytes' });

/** Types cost a millisecond to make, and the manifests of a table share a few schemas. */
const TYPES = new Map<string, Type>();
const TYPES_KEPT = 64;

/** The codec of a schema given as its text. Logical types are left as what they are stored as. */
export function avroType(schema: string): Type {
  const known = TYPES.get(schema);
  if (known !== undefined) return known;
  const type = avsc.Type.forSchema(parseJson64(schema, 'Avro schema') as never, {
    typeHook: (node) => (isLong(node) ? LONG : undefined),
  });
  if (TYPES.size >= TYPES_KEPT) TYPES.clear();
  TYPES.set(schema, type);
  return type;
}

/** Blocks of records, deflated. Throws kind `internal` when a record does not fit the schema. */
export function encodeBlocks(type: Type, records: readonly unknown[]): readonly AvroBlock[] {
  const blocks: AvroBlock[] = [];
  let pending: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (pending.length === 0) return;
    blocks.push({ count: pending.length, bytes: deflateRawSync(Buffer.concat(pending)) });
    pending = [];
    bytes = 0;
  };
  for (const record of records) {
    const encoded = encodeRecord(type, record);
    pending.push(encoded);
    bytes += encoded.length;
    if (bytes >= BLOCK_BYTES) flush();
  }
  flush();
  return blocks;
}

/** A whole file with codec deflate (checklist 7.13). */
export function writeAvroFile(
  schema: string,
  metadata: ReadonlyMap<string, string>,
  blocks: readonly AvroBlock[],
  random: Random,
): Uint8Array {
  const sync = Buffer.from(random.bytes(SYNC_BYTES));
  const header = Object.fromEntries(
    [['avro.schema', schema] as const, ['avro.codec', 'deflate'] as const, ...metadata].map(([key, value]) => [
      key,
      Buffer.from(value),
    ]),
  );
  const parts: Uint8Array[] = [MAGIC, HEADER.toBuffer(header), sync];
  for (const block of blocks) parts.push(varint(block.count), varint(block.bytes.length), block.bytes, sync);
  return Buffer.concat(parts);
}

/** Splits a file into header and blocks; decodes nothing. Throws kind `corrupt`, naming `what`. */
export function readAvroFile(bytes: Uint8Array, what: string): AvroFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC))
    throw new SluiceError('corrupt', `${what} is not an Avro object container file`);
  try {
    const decoded: { value: Record<string, Buffer>; offset: number } = HEADER.decode(buffer, MAGIC.length);
    if (decoded.offset < 0) throw new Error('the header is cut off');
    const { 'avro.schema': schema, 'avro.codec': codec, ...others } = decoded.value;
    const codecName = codec?.toString() ?? 'null';
    if (schema === undefined) throw new Error('the header has no avro.schema');
    if (codecName !== 'null' && codecName !== 'deflate') throw unsupportedCodec(what, codecName);
    const metadata = new Map(Object.entries(others).map(([key, value]) => [key, value.toString()]));
    return {
      header: { metadata, schema: schema.toString(), codec: codecName },
      blocks: readBlocks(buffer, decoded.offset),
    };
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('corrupt', `${what} is damaged: ${messageOf(error)}`, { cause: error });
  }
}

/** Every record of the file; `type` is that of the schema the file was written with. */
export function* decodeRecords(file: AvroFile, type: Type, what: string): Generator {
  for (const block of file.blocks) {
    const bytes = file.header.codec === 'deflate' ? inflateRawSync(block.bytes) : Buffer.from(block.bytes);
    let at = 0;
    for (let record = 0; record < block.count; record += 1) {
      const decoded = type.decode(bytes, at);
      if (decoded.offset < 0) throw new SluiceError('corrupt', `${what} is damaged: a block ends inside a record`);
      yield decoded.value;
      at = decoded.offset;
    }
    if (at !== bytes.length) throw new SluiceError('corrupt', `${what} is damaged: a block is longer than its records`);
  }
}

/** The schema in the header as a document. */
export const headerSchema = (file: AvroFile, what: string): Json64 =>
  parseJson64(file.header.schema, `avro.schema of ${what}`);

function encodeRecord(type: Type, record: unknown): Buffer {
  try {
    return type.toBuffer(record);
  } catch (error) {
    throw new SluiceError('internal', `a record does not fit its Avro schema: ${messageOf(error)}`, { cause: error });
  }
}

function readBlocks(buffer: Buffer, headerEnd: number): readonly AvroBlock[] {
  const sync = buffer.subarray(headerEnd, headerEnd + SYNC_BYTES);
  const blocks: AvroBlock[] = [];
  let at = headerEnd + SYNC_BYTES;
  while (at < buffer.length) {
    const count = readVarint(buffer, at);
    const size = readVarint(buffer, count.end);
    const end = size.end + size.value;
    if (count.value < 0 || size.value < 0 || !buffer.subarray(end, end + SYNC_BYTES).equals(sync))
      throw new Error(`the block at byte ${at} does not end with the sync marker`);
    blocks.push({ count: count.value, bytes: buffer.subarray(size.end, end) });
    at = end + SYNC_BYTES;
  }
  return blocks;
}

/** Avro's zigzag variable-length form. Counts and sizes of one block stay far below 2^53. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function readVarint(buffer: Buffer, from: number): { readonly value: number; readonly end: number } {
  let zigzag = 0;
  let scale = 1;
  for (let at = from; at < from + 8; at += 1) {
    const byte = buffer.readUInt8(at);
    zigzag += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value: zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2, end: at + 1 };
    scale *= 0x80;
  }
  throw new Error(`no block length at byte ${from}`);
}

const unsupportedCodec = (what: string, codec: string): SluiceError =>
  new SluiceError('unsupported', `${what} is compressed with ${codec}; this version reads deflate and null`, {
    remedy: "set the table property 'write.avro.compression-codec' to 'gzip' and rewrite its manifests",
  });
