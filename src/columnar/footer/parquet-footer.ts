/**
 * The footer of a Parquet file as a Thrift tree, with typed views of the parts that metrics and edits need (parquet.thrift).
 * Reads and replaces the footer of a file that nobody else sees yet. Decides no edit: see `finish.ts`.
 */
import { open } from 'node:fs/promises';
import { SluiceError } from '../../core/errors.ts';
import type { ThriftList, ThriftStruct } from './thrift-compact.ts';
import { fieldOf, readThrift, writeThrift } from './thrift-compact.ts';

const MAGIC = 'PAR1';
/** Most footers fit; a longer one costs one more read. */
const FIRST_READ = 64 * 1024;

export interface ParquetFooter {
  /** `FileMetaData`. */
  readonly metadata: ThriftStruct;
  /** Where the footer starts in the file. */
  readonly offset: number;
  readonly fileSize: number;
}

/** A leaf column of the schema, in the order of the column chunks of every row group. */
export interface LeafColumn {
  readonly element: ThriftStruct;
  /** Elements from the top level down to this one. */
  readonly path: readonly ThriftStruct[];
  /** Undefined when the writer set none. */
  readonly fieldId: number | undefined;
  readonly repeated: boolean;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

export interface ColumnChunk {
  readonly leaf: LeafColumn;
  /** `ColumnChunk`. */
  readonly chunk: ThriftStruct;
  /** `ColumnMetaData`. */
  readonly metadata: ThriftStruct;
  readonly statistics: ThriftStruct | undefined;
}

export interface RowGroup {
  readonly struct: ThriftStruct;
  readonly rows: bigint;
  readonly fileOffset: bigint;
  readonly columns: readonly ColumnChunk[];
}

/** Field numbers of parquet.thrift that are read or edited here. */
export const ids = {
  file: { schema: 2, rows: 3, rowGroups: 4 },
  element: {
    type: 1,
    typeLength: 2,
    repetition: 3,
    name: 4,
    children: 5,
    convertedType: 6,
    fieldId: 9,
    logicalType: 10,
  },
  rowGroup: { columns: 1, totalByteSize: 2, rows: 3, fileOffset: 5, totalCompressedSize: 6 },
  chunk: { fileOffset: 2, metadata: 3 },
  column: {
    type: 1,
    path: 3,
    codec: 4,
    values: 5,
    uncompressedSize: 6,
    compressedSize: 7,
    dataPage: 9,
    indexPage: 10,
    dictionaryPage: 11,
    statistics: 12,
    encodingStats: 13,
  },
  statistics: { max: 1, min: 2, nullCount: 3, distinctCount: 4, maxValue: 5, minValue: 6, maxExact: 7, minExact: 8 },
} as const;

/** Physical types of parquet.thrift. */
export const physical = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, byteArray: 6, fixed: 7 } as const;

const REPEATED = 2;
const OPTIONAL = 1;

const corrupt = (path: string, what: string): SluiceError =>
  new SluiceError('corrupt', `not a readable Parquet file: ${what}`, { context: { path } });

export async function readFooter(path: string): Promise<ParquetFooter> {
  const file = await open(path, 'r');
  try {
    const fileSize = (await file.stat()).size;
    const readTail = async (length: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, fileSize - length);
      if (bytesRead !== length) throw corrupt(path, 'ends too early');
      return buffer;
    };
    if (fileSize < 12) throw corrupt(path, `${fileSize} bytes`);
    let tail = await readTail(Math.min(fileSize, FIRST_READ));
    if (tail.toString('latin1', tail.length - 4) !== MAGIC) throw corrupt(path, 'no magic at the end');
    const length = tail.readUInt32LE(tail.length - 8);
    if (length + 12 > fileSize) throw corrupt(path, `footer of ${length} bytes`);
    if (length + 8 > tail.length) tail = await readTail(length + 8);
    const start = tail.length - 8 - length;
    const { struct } = readThrift(tail.subarray(start, start + length));
    return { metadata: struct, offset: fileSize - 8 - length, fileSize };
  } finally {
    await file.close();
  }
}

/** The bytes from the start of the footer to the end of the file. */
export function printFooter(metadata: ThriftStruct): Uint8Array {
  const body = writeThrift(metadata);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.set(body);
  bytes.writeUInt32LE(body.length, body.length);
  bytes.write(MAGIC, body.length + 4, 'latin1');
  return bytes;
}

/**
 * Replaces the footer in place and answers the new size of the file. A crash in between leaves a torn file: only for files that are
 * private to this process and thrown away at the next start.
 */
export async function replaceFooter(path: string, footer: ParquetFooter): Promise<number> {
  const bytes = printFooter(footer.metadata);
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, footer.offset);
    const size = footer.offset + bytes.length;
    if (size < footer.fileSize) await file.truncate(size);
    return size;
  } finally {
    await file.close();
  }
}

/** Leaf columns depth first, as the column chunks stand. */
export function leafColumns(metadata: ThriftStruct): readonly LeafColumn[] {
  const elements = structs(metadata, ids.file.schema);
  const leaves: LeafColumn[] = [];
  let next = 0;
  const walk = (above: readonly ThriftStruct[], maxDefinition: number, maxRepetition: number): void => {
    const element = elements[next];
    if (element === undefined) throw new SluiceError('corrupt', 'Parquet schema ends too early');
    const isRoot = next === 0;
    next += 1;
    const path = isRoot ? [] : [...above, element];
    const repetition = isRoot ? 0 : (fieldOf(element, ids.element.repetition) as number | undefined);
    const definition = maxDefinition + (repetition === OPTIONAL || repetition === REPEATED ? 1 : 0);
    const repeats = maxRepetition + (repetition === REPEATED ? 1 : 0);
    const children = (fieldOf(element, ids.element.children) as number | undefined) ?? 0;
    if (children === 0 && !isRoot)
      leaves.push({
        element,
        path,
        fieldId: fieldOf(element, ids.element.fieldId) as number | undefined,
        repeated: repeats > 0,
        maxDefinition: definition,
        maxRepetition: repeats,
      });
    for (let child = 0; child < children; child += 1) walk(path, definition, repeats);
  };
  walk([], 0, 0);
  return leaves;
}

export function rowGroups(metadata: ThriftStruct, leaves: readonly LeafColumn[]): readonly RowGroup[] {
  return structs(metadata, ids.file.rowGroups).map((struct) => {
    const columns = structs(struct, ids.rowGroup.columns).map((chunk, index) => {
      const column = fieldOf(chunk, ids.chunk.metadata) as ThriftStruct | undefined;
      const leaf = leaves[index];
      if (column === undefined || leaf === undefined)
        throw new SluiceError('corrupt', 'Parquet column chunk without metadata or schema');
      return {
        leaf,
        chunk,
        metadata: column,
        statistics: fieldOf(column, ids.column.statistics) as ThriftStruct | undefined,
      };
    });
    return {
      struct,
      rows: fieldOf(struct, ids.rowGroup.rows) as bigint,
      fileOffset: (fieldOf(struct, ids.rowGroup.fileOffset) as bigint | undefined) ?? firstPage(columns),
      columns,
    };
  });
}

/** Where a chunk's bytes start: its dictionary page when it has one. */
export function chunkStart(column: ThriftStruct): bigint {
  const data = fieldOf(column, ids.column.dataPage) as bigint;
  const dictionary = fieldOf(column, ids.column.dictionaryPage) as bigint | undefined;
  return dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data;
}

function firstPage(columns: readonly ColumnChunk[]): bigint {
  const first = columns[0];
  if (first === undefined) throw new SluiceError('corrupt', 'Parquet row group without columns');
  return chunkStart(first.metadata);
}

/** The members of a list-of-structs field; empty when absent. */
export const structs = (struct: ThriftStruct, id: number): readonly ThriftStruct[] =>
  ((fieldOf(struct, id) as ThriftList | undefined)?.items ?? []) as ThriftStruct[];
