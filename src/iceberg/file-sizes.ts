/**
 * Sizes and partitions of the live data files of a manifest, without the rest of its entries: what a survey counts. Owns the projection.
 */
import { RecordFields } from './avro-fields.ts';
import { avroType, decodeRecords, headerSchema, readAvroFile } from './avro-file.ts';
import { DELETED } from './manifest-entry.ts';

export interface FileSize {
  readonly bytes: number;
  /** Equal for files of one partition of one spec; no form for people. */
  readonly partition: string;
}

/** Undefined stands for an entry that is no live file: whoever paces the work counts it too. */
export function* fileSizes(bytes: Uint8Array, what: string, specId: number): Generator<FileSize | undefined> {
  const file = readAvroFile(bytes, what);
  const entry = new RecordFields(headerSchema(file, what), what);
  const status = entry.getter(0, 'status', true);
  const dataFile = entry.getter(2, 'data_file', true);
  const fields = new RecordFields(entry.typeOf(2, 'data_file'), what);
  const partition = fields.getter(102, 'partition', true);
  const size = fields.getter(104, 'file_size_in_bytes', true);
  for (const record of decodeRecords(file, avroType(file.header.schema), what)) {
    if (status(record) === DELETED) {
      yield undefined;
      continue;
    }
    const data = dataFile(record);
    const tuple = Object.values(partition(data) as Record<string, unknown>);
    yield { bytes: Number(size(data)), partition: `${specId}:${tuple.map(String).join('\u0000')}` };
  }
}
