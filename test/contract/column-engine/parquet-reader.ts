/** Data files as hyparquet sees them: no code of ours decodes a page or a footer here. */
import { readFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { fromTwosComplement } from '../../../src/record/single-value.ts';
import type { PrimitiveType, Schema } from '../../../src/record/types.ts';
import { isPrimitive } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';

export type Row = Readonly<Record<string, PrimitiveValue | null>>;

export async function readMetadata(path: string): Promise<FileMetaData> {
  return parquetMetadata(await exactBuffer(path));
}

/** The primitive top-level columns of every row, decoded from physical values. */
export async function readRows(path: string, schema: Schema): Promise<readonly Row[]> {
  const file = await exactBuffer(path);
  const metadata = parquetMetadata(file);
  const columns = schema.fields.filter((field) => isPrimitive(field.type));
  const raw: FileMetaData = {
    ...metadata,
    // Without annotations hyparquet leaves values as they are stored.
    schema: metadata.schema.map(withoutAnnotation),
  };
  const rows = await parquetReadObjects({
    file,
    metadata: raw,
    columns: columns.map((field) => field.name),
    utf8: false,
    compressors: { ZSTD: (input) => Uint8Array.from(zstdDecompressSync(input)) },
  });
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ name, type }) => [name, valueOf(type as PrimitiveType, row[name])])),
  );
}

function valueOf(type: PrimitiveType, stored: unknown): PrimitiveValue | null {
  if (stored === null || stored === undefined) return null;
  switch (type.kind) {
    case 'decimal':
      return stored instanceof Uint8Array ? fromTwosComplement(stored) : BigInt(stored as number | bigint);
    case 'string':
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(stored as Uint8Array);
    default:
      return stored as PrimitiveValue;
  }
}

function withoutAnnotation(element: SchemaElement): SchemaElement {
  const copy = { ...element };
  delete copy.converted_type;
  delete copy.logical_type;
  return copy;
}

async function exactBuffer(path: string): Promise<ArrayBuffer> {
  const buffer = await readFile(path);
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
}
