/**
 * Pages of byte arrays that all have one length, as pages of fixed-length bytes (parquet.thrift, Encodings.md "Plain"): the length in
 * front of every value goes. Pure but for compression; knows no file.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { SluiceError } from '../../core/errors.ts';
import type { LeafColumn } from './parquet-footer.ts';
import type { ThriftStruct } from './thrift-compact.ts';
import { dropField, fieldOf, readThrift, setField, wire, writeThrift } from './thrift-compact.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const header = { uncompressedSize: 2, compressedSize: 3, crc: 4, dataPage: 5, dictionaryPage: 7 } as const;
const ENCODING_OF_DATA_PAGE = 2;
const PLAIN = 0;
const DICTIONARY_INDEXES: ReadonlySet<number> = new Set([2, 8]);
const UNCOMPRESSED = 0;
const ZSTD = 6;

export interface FixedChunk {
  readonly pages: readonly Uint8Array[];
  /** Index of the first data page in `pages`: 1 behind a dictionary. */
  readonly firstDataPage: number;
  /** With headers, as in `ColumnMetaData`. */
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
}

/** `chunk`: the bytes of one column chunk. Throws kind `internal` on pages DuckDB does not write for format version 1. */
export async function fixedChunk(
  chunk: Uint8Array,
  leaf: LeafColumn,
  length: number,
  codec: number,
): Promise<FixedChunk> {
  if (codec !== UNCOMPRESSED && codec !== ZSTD) throw unexpected(`codec ${codec}`);
  const pages: Uint8Array[] = [];
  let firstDataPage = 0;
  let uncompressedBytes = 0;
  for (let at = 0; at < chunk.length;) {
    const { struct, length: headerLength } = readThrift(chunk.subarray(at));
    const start = at + headerLength;
    const end = start + (fieldOf(struct, header.compressedSize) as number);
    const stored = chunk.subarray(start, end);
    const body = codec === ZSTD ? await decompress(stored) : stored;
    const isDictionary = fieldOf(struct, header.dictionaryPage) !== undefined;
    const fixed = isDictionary ? withoutLengths(body, 0, length) : fixedDataPage(struct, body, leaf, length);
    const packed =
      codec === ZSTD ? await compress(fixed, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }) : fixed;
    setField(struct, header.uncompressedSize, wire.i32, fixed.length);
    setField(struct, header.compressedSize, wire.i32, packed.length);
    dropField(struct, header.crc);
    const head = writeThrift(struct);
    pages.push(Buffer.concat([head, packed]));
    uncompressedBytes += head.length + fixed.length;
    if (isDictionary) firstDataPage = pages.length;
    at = end;
  }
  const compressedBytes = pages.reduce((total, page) => total + page.length, 0);
  return { pages, firstDataPage, compressedBytes, uncompressedBytes };
}

function fixedDataPage(struct: ThriftStruct, body: Uint8Array, leaf: LeafColumn, length: number): Uint8Array {
  const page = fieldOf(struct, header.dataPage) as ThriftStruct | undefined;
  if (page === undefined) throw unexpected('another page than data and dictionary');
  const encoding = fieldOf(page, ENCODING_OF_DATA_PAGE) as number;
  // Indexes into a dictionary say nothing about lengths.
  if (DICTIONARY_INDEXES.has(encoding)) return body;
  if (encoding !== PLAIN) throw unexpected(`encoding ${encoding}`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let values = 0;
  // Repetition levels, then definition levels, each behind its own length and only when there are any.
  for (const levels of [leaf.maxRepetition, leaf.maxDefinition])
    if (levels > 0) values += 4 + view.getUint32(values, true);
  return withoutLengths(body, values, length);
}

/** Drops the 4-byte length in front of every value from `start` on. */
function withoutLengths(body: Uint8Array, start: number, length: number): Uint8Array {
  const count = (body.length - start) / (4 + length);
  if (!Number.isInteger(count)) throw unexpected('values of another length');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const out = new Uint8Array(start + count * length);
  out.set(body.subarray(0, start));
  for (let index = 0; index < count; index += 1) {
    const from = start + index * (4 + length);
    if (view.getUint32(from, true) !== length) throw unexpected('a value of another length');
    out.set(body.subarray(from + 4, from + 4 + length), start + index * length);
  }
  return out;
}

const unexpected = (what: string): SluiceError =>
  new SluiceError('internal', `a page of fixed-length bytes has ${what}, which DuckDB was not seen to write`);
