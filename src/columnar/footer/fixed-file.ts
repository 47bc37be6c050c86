/**
 * Rewrites a data file so that fixed columns, which DuckDB can write as byte arrays only, are fixed-length bytes: PyIceberg refuses the
 * former and Java's filters throw (encoder reference §2). Other column chunks are copied as they are.
 */
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fixedChunk } from './fixed-pages.ts';
import type { ColumnChunk, ParquetFooter, RowGroup } from './parquet-footer.ts';
import { chunkStart, ids, leafColumns, physical, printFooter, rowGroups } from './parquet-footer.ts';
import type { ThriftStruct } from './thrift-compact.ts';
import { dropField, fieldOf, setField, wire } from './thrift-compact.ts';

const MAGIC = Buffer.from('PAR1');
const SIZE_STATISTICS = 16;

/**
 * Replaces the file at `path` and edits `footer` to match; answers the new footer, whose size and offset hold for the new file.
 * `lengths`: bytes of each such column, by field id.
 */
export async function rewriteFixedColumns(
  path: string,
  footer: ParquetFooter,
  lengths: ReadonlyMap<number, number>,
): Promise<ParquetFooter> {
  const leaves = leafColumns(footer.metadata);
  const groups = rowGroups(footer.metadata, leaves);
  const rewritten = `${path}.fixed`;
  const source = await open(path, 'r');
  const target = await open(rewritten, 'wx');
  let offset = MAGIC.length;
  try {
    await target.write(MAGIC);
    for (const group of groups) offset = await copyGroup(source, target, group, offset, lengths);
    for (const { element, fieldId } of leaves) {
      const length = fieldId === undefined ? undefined : lengths.get(fieldId);
      if (length === undefined) continue;
      setField(element, ids.element.type, wire.i32, physical.fixed);
      setField(element, ids.element.typeLength, wire.i32, length);
    }
    const tail = printFooter(footer.metadata);
    await target.write(tail);
    await rename(rewritten, path);
    return { metadata: footer.metadata, offset, fileSize: offset + tail.length };
  } finally {
    await source.close();
    await target.close();
  }
}

async function copyGroup(
  source: FileHandle,
  target: FileHandle,
  group: RowGroup,
  start: number,
  lengths: ReadonlyMap<number, number>,
): Promise<number> {
  let offset = start;
  let uncompressed = 0n;
  for (const column of group.columns) {
    const bytes = Buffer.alloc(Number(fieldOf(column.metadata, ids.column.compressedSize)));
    await source.read(bytes, 0, bytes.length, Number(chunkStart(column.metadata)));
    const length = column.leaf.fieldId === undefined ? undefined : lengths.get(column.leaf.fieldId);
    const pages = length === undefined ? moved(column, bytes, offset) : await fixed(column, bytes, offset, length);
    for (const page of pages) {
      await target.write(page);
      offset += page.length;
    }
    uncompressed += fieldOf(column.metadata, ids.column.uncompressedSize) as bigint;
  }
  setField(group.struct, ids.rowGroup.totalByteSize, wire.i64, uncompressed);
  replaceIfPresent(group.struct, ids.rowGroup.totalCompressedSize, BigInt(offset - start));
  replaceIfPresent(group.struct, ids.rowGroup.fileOffset, BigInt(start));
  return offset;
}

/** The chunk as it is, at another place. */
function moved({ metadata, chunk }: ColumnChunk, bytes: Uint8Array, offset: number): readonly Uint8Array[] {
  const by = BigInt(offset) - chunkStart(metadata);
  for (const id of [ids.column.dataPage, ids.column.indexPage, ids.column.dictionaryPage]) {
    const at = fieldOf(metadata, id) as bigint | undefined;
    if (at !== undefined && at > 0n) setField(metadata, id, wire.i64, at + by);
  }
  moveChunk(chunk, offset);
  return [bytes];
}

async function fixed(
  { metadata, chunk, leaf, statistics }: ColumnChunk,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Promise<readonly Uint8Array[]> {
  const result = await fixedChunk(bytes, leaf, length, fieldOf(metadata, ids.column.codec) as number);
  const before = result.pages.slice(0, result.firstDataPage).reduce((total, page) => total + page.length, 0);
  setField(metadata, ids.column.type, wire.i32, physical.fixed);
  setField(metadata, ids.column.uncompressedSize, wire.i64, BigInt(result.uncompressedBytes));
  setField(metadata, ids.column.compressedSize, wire.i64, BigInt(result.compressedBytes));
  setField(metadata, ids.column.dataPage, wire.i64, BigInt(offset + before));
  if (result.firstDataPage > 0) setField(metadata, ids.column.dictionaryPage, wire.i64, BigInt(offset));
  // Sizes of byte arrays, which these no longer are.
  dropField(metadata, SIZE_STATISTICS);
  if (statistics !== undefined) dropShortened(statistics, length);
  moveChunk(chunk, offset);
  return result.pages;
}

/** Statistics of long values are cut to 256 bytes: no bounds of a fixed-length type any more. */
function dropShortened(statistics: ThriftStruct, length: number): void {
  const { min, max, minValue, maxValue, minExact, maxExact } = ids.statistics;
  const bound = fieldOf(statistics, minValue) ?? fieldOf(statistics, maxValue);
  if (!(bound instanceof Uint8Array) || bound.length === length) return;
  for (const id of [min, max, minValue, maxValue, minExact, maxExact]) dropField(statistics, id);
}

const moveChunk = (chunk: ThriftStruct, offset: number): void => {
  // Deprecated, and 0 in new files; whoever fills it means the start of the chunk.
  const at = fieldOf(chunk, ids.chunk.fileOffset) as bigint | undefined;
  if (at !== undefined && at > 0n) setField(chunk, ids.chunk.fileOffset, wire.i64, BigInt(offset));
};

const replaceIfPresent = (struct: ThriftStruct, id: number, value: bigint): void => {
  if (fieldOf(struct, id) !== undefined) setField(struct, id, wire.i64, value);
};
