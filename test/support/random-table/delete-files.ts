/** Delete files as other engines write them. Owns their bytes and entries; commits nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ContentFile } from '../../../src/iceberg/manifest-entry.ts';
import type { Field } from '../../../src/record/types.ts';
import { NO_METRICS, nextToken } from '../iceberg/samples.ts';
import { duckdbType, type PlacedRow, type RowText } from './table-rows.ts';

/** Reserved field ids of position delete files. */
const POSITION_IDS = '{file_path: 2147483546, pos: 2147483545}';

export interface WrittenDelete {
  readonly bytes: Uint8Array;
  readonly file: Omit<ContentFile, 'filePath'>;
}

export interface DeletePlace {
  readonly specId: number;
  readonly partition: ContentFile['partition'];
}

export class DeleteFiles {
  readonly #duckdb: DuckDBConnection;
  readonly #directory: string;

  constructor(duckdb: DuckDBConnection, directory: string) {
    this.#duckdb = duckdb;
    this.#directory = directory;
  }

  /** Of rows of one partition; `about`: the entry names the one data file. */
  positions(rows: readonly PlacedRow[], partition: ContentFile['partition'], about?: string): Promise<WrittenDelete> {
    const values = rows.map(({ file, position }) => `('${file.file.filePath}', ${position}::BIGINT)`);
    const select = `SELECT * FROM (VALUES ${values.join(', ')}) v(file_path, pos) ORDER BY ALL`;
    const more = about === undefined ? {} : { referencedDataFile: about };
    return this.#write(select, POSITION_IDS, { content: 1, partition, recordCount: BigInt(rows.length), ...more });
  }

  /** Of what equals one of the keys in these columns. */
  equal(
    fields: readonly Field[],
    keys: readonly RowText[],
    partition: ContentFile['partition'],
  ): Promise<WrittenDelete> {
    const values = keys.map((key) => {
      const list = fields.map(({ id, type }) => `CAST(${quoted(key[id] ?? null)} AS ${duckdbType(type)})`);
      return `(${list.join(', ')})`;
    });
    const select = `SELECT * FROM (VALUES ${values.join(', ')}) v(${fields.map(({ id }) => `k${id}`).join(', ')})`;
    return this.#write(select, `{${fields.map(({ id }) => `k${id}: ${id}`).join(', ')}}`, {
      content: 2,
      partition,
      recordCount: BigInt(keys.length),
      equalityIds: fields.map(({ id }) => id),
    });
  }

  async #write(
    select: string,
    fieldIds: string,
    facts: Pick<ContentFile, 'content' | 'partition' | 'recordCount'> & Partial<ContentFile>,
  ): Promise<WrittenDelete> {
    const path = join(this.#directory, `delete-${nextToken()}.parquet`);
    await this.#duckdb.run(`COPY (${select}) TO '${path}' (FORMAT parquet, FIELD_IDS ${fieldIds})`);
    const bytes = await readFile(path);
    return {
      bytes,
      file: { ...facts, fileFormat: 'PARQUET', fileSizeInBytes: BigInt(bytes.length), metrics: NO_METRICS },
    };
  }
}

const quoted = (text: string | null): string => (text === null ? 'NULL' : `'${text}'`);
