/** Plants faults into a table in memory: rewrites one of its files and mends what names it, so that only the fault is left. */
import { parseJson64, stringifyJson64, type Json64 } from '../../../../src/core/json64.ts';
import { systemRandom } from '../../../../src/core/runtime.ts';
import { avroType, encodeBlocks, writeAvroFile } from '../../../../src/iceberg/avro-file.ts';
import { lintTable, type Finding } from '../../../support/iceberg-linter/index.ts';
import { readAvro } from '../../../support/iceberg-linter/avro.ts';
import type { RealTable } from '../../../support/iceberg/real-table.ts';

/** JSON and records are edited in place, as whoever makes a mistake would. */
// oxlint-disable-next-line typescript/no-explicit-any -- faults go where types forbid them
export type Loose = any;

export interface AvroParts {
  schema: Loose;
  header: Map<string, string>;
  records: Loose[];
}

export class Tamper {
  readonly #table: RealTable;

  constructor(table: RealTable) {
    this.#table = table;
  }

  async lint(content = false): Promise<readonly Finding[]> {
    return lintTable(this.#table.view.metadataLocation, this.#table.locations, { content });
  }

  async metadata(edit: (document: Loose) => void): Promise<void> {
    const uri = this.#table.view.metadataLocation;
    const document = structuredClone(parseJson64((await this.#get(uri)).toString(), uri));
    edit(document);
    await this.#put(uri, Buffer.from(stringifyJson64(document)));
  }

  /** The manifest list of the current snapshot. */
  async list(edit: (parts: AvroParts) => void): Promise<void> {
    await this.#avro(this.#listUri(), edit);
  }

  /** The newest manifest; the list learns its new length. */
  async manifest(edit: (parts: AvroParts) => void): Promise<void> {
    const uri = await this.manifestUri();
    const length = await this.#avro(uri, edit);
    await this.list(({ records }) => {
      for (const record of records) if (record.manifest_path === uri) record.manifest_length = BigInt(length);
    });
  }

  async manifestUri(): Promise<string> {
    const { records } = await readAvro(await this.#get(this.#listUri()));
    return String(records[0]?.['manifest_path']);
  }

  /** The newest data file. */
  async dataFile(edit: (bytes: Buffer) => Uint8Array): Promise<void> {
    const { records } = await readAvro(await this.#get(await this.manifestUri()));
    const uri = String((records as Loose)[0].data_file.file_path);
    await this.#put(uri, edit(await this.#get(uri)));
  }

  async remove(uri: string): Promise<void> {
    await this.#table.store.delete([this.#table.locations.resolve(uri).key]);
  }

  #listUri(): string {
    return this.#table.view.metadata.snapshots.at(-1)?.manifestList ?? '';
  }

  async #avro(uri: string, edit: (parts: AvroParts) => void): Promise<number> {
    const content = await readAvro(await this.#get(uri));
    const header = new Map(content.header);
    const schema: Loose = structuredClone(parseJson64(header.get('avro.schema') ?? '', uri));
    for (const key of ['avro.schema', 'avro.codec']) header.delete(key);
    const parts = { schema, header, records: content.records.map((record) => copy(record)) };
    edit(parts);
    const text = stringifyJson64(parts.schema as Json64);
    const bytes = writeAvroFile(text, header, encodeBlocks(avroType(text), parts.records), systemRandom);
    await this.#put(uri, bytes);
    return bytes.length;
  }

  async #get(uri: string): Promise<Buffer> {
    const found = await this.#table.store.get(this.#table.locations.resolve(uri).key);
    if (found === undefined) throw new Error(`${uri} is not there`);
    return Buffer.from(found.bytes);
  }

  async #put(uri: string, bytes: Uint8Array): Promise<void> {
    await this.#table.store.put(this.#table.locations.resolve(uri).key, bytes, { kind: 'always' });
  }
}

/** Plain objects in place of avsc's records, so that members can be added and taken away. */
function copy(value: unknown): Loose {
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)]));
}
