/**
 * The rows of a snapshot as the specification tells it row by row ("Scan Planning"): every file read by itself, every delete asked of every
 * row. It shares no rule with the product, only the reading of manifests.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Locations } from '../../../src/contracts/locations.ts';
import type { LiveEntry, ManifestScan } from '../../../src/iceberg/manifest-scan.ts';
import type { ManifestLists } from '../../../src/iceberg/manifest-lists.ts';
import { snapshotById, specById, type TableMetadata } from '../../../src/iceberg/metadata.ts';
import type { Field, Type } from '../../../src/record/types.ts';

/** Values by field id, as DuckDB prints them. */
export type RowText = Readonly<Record<number, string | null>>;

export interface PlacedRow {
  readonly values: RowText;
  readonly file: PlacedFile;
  readonly position: string;
}

export interface PlacedFile extends LiveEntry {
  readonly specId: number;
  /** Equal for files of one partition. */
  readonly place: string;
}

export interface TableReader {
  readonly lists: ManifestLists;
  readonly scan: ManifestScan;
  readonly locations: Locations;
  readonly duckdb: DuckDBConnection;
  /** Where files are copied to, each once. */
  readonly directory: string;
  /** Local paths by URI. */
  readonly copies: Map<string, string>;
}

/** Live rows of a snapshot in no order. Rejects when a file is not there. */
export async function tableRows(
  reader: TableReader,
  metadata: TableMetadata,
  snapshot: bigint,
  fields: readonly Field[],
): Promise<readonly PlacedRow[]> {
  const files = await placedFiles(reader, metadata, snapshot);
  const [data, positions, equalities] = [0, 1, 2].map((content) =>
    files.filter(({ file }) => file.content === content),
  );
  const rows = await rowsOf(reader, data ?? [], fields);
  const named = await positionsOf(reader, positions ?? []);
  const keys = await Promise.all(
    (equalities ?? []).map(async (file) => {
      const ids = file.file.equalityIds ?? [];
      const key = (values: RowText): string => JSON.stringify(ids.map((id) => values[id] ?? null));
      const keyFields = fields.filter(({ id }) => ids.includes(id));
      if (keyFields.length !== ids.length) throw new Error('a delete by a column that is not there any more');
      const deleted = new Set((await rowsOf(reader, [file], keyFields)).map(({ values }) => key(values)));
      const isGlobal = specById(metadata, file.specId).fields.length === 0;
      return {
        takes: (row: PlacedRow) =>
          isYounger(file, row, 1n) && (isGlobal || isThere(file, row)) && deleted.has(key(row.values)),
      };
    }),
  );
  return rows.filter(
    (row) =>
      !keys.some(({ takes }) => takes(row)) &&
      !named.some(
        ({ file, at }) =>
          isYounger(file, row, 0n) && isThere(file, row) && at.has(`${row.file.file.filePath} ${row.position}`),
      ),
  );
}

/** By how much at least a delete must be younger than the rows. */
const isYounger = (deletes: PlacedFile, { file }: PlacedRow, by: bigint): boolean =>
  deletes.sequenceNumber - file.sequenceNumber >= by;
const isThere = (deletes: PlacedFile, { file }: PlacedRow): boolean => deletes.place === file.place;

export async function placedFiles(
  { lists, scan }: Pick<TableReader, 'lists' | 'scan'>,
  metadata: TableMetadata,
  snapshot: bigint,
): Promise<readonly PlacedFile[]> {
  const files: PlacedFile[] = [];
  for (const manifest of await lists.of(snapshotById(metadata, snapshot)))
    for await (const entry of scan.live(metadata, manifest)) {
      const { specId } = manifest;
      const place = JSON.stringify([specId, ...entry.file.partition.map(String)]);
      files.push({ ...entry, specId, place });
    }
  return files;
}

async function rowsOf(
  reader: TableReader,
  files: readonly PlacedFile[],
  fields: readonly Field[],
): Promise<PlacedRow[]> {
  if (files.length === 0) return [];
  const byPath = new Map<string, PlacedFile>();
  for (const file of files) byPath.set(await copied(reader, file.file.filePath), file);
  const columns = fields.map(
    ({ id, type }) => `${id}: {name: 'f${id}', type: '${duckdbType(type)}', default_value: NULL}`,
  );
  const list = [...byPath.keys()].map((path) => `'${path}'`).join(', ');
  const texts = fields.map(({ id }) => `CAST(f${id} AS VARCHAR) AS f${id}`);
  const answer = await reader.duckdb.runAndReadAll(
    `SELECT ${texts.join(', ')}, file, CAST(file_row_number AS VARCHAR) AS position FROM read_parquet([${list}], ` +
      `schema = map {${columns.join(', ')}}, filename = 'file', file_row_number = true, hive_partitioning = false)`,
  );
  return answer.getRowObjectsJson().map((row) => {
    const file = byPath.get(row['file'] as string);
    if (file === undefined) throw new Error('a row of no file');
    const values = Object.fromEntries(fields.map(({ id }) => [id, row[`f${id}`] as string | null]));
    return { values, file, position: row['position'] as string };
  });
}

async function positionsOf(reader: TableReader, files: readonly PlacedFile[]) {
  return Promise.all(
    files.map(async (file) => {
      const answer = await reader.duckdb.runAndReadAll(
        `SELECT file_path || ' ' || pos AS at FROM '${await copied(reader, file.file.filePath)}'`,
      );
      return { file, at: new Set(answer.getRowObjectsJson().map((row) => row['at'] as string)) };
    }),
  );
}

async function copied({ locations, directory, copies }: TableReader, uri: string): Promise<string> {
  const known = copies.get(uri);
  if (known !== undefined) return known;
  const { store, key } = locations.resolve(uri);
  const found = await store.get(key);
  if (found === undefined) throw new Error(`${uri} is live and not there`);
  const path = join(directory, `copy-${copies.size}.parquet`);
  copies.set(uri, path);
  await writeFile(path, found.bytes);
  return path;
}

export function duckdbType(type: Type): string {
  switch (type.kind) {
    case 'int':
      return 'INTEGER';
    case 'long':
      return 'BIGINT';
    case 'string':
      return 'VARCHAR';
    case 'double':
    case 'float':
    case 'date':
      return type.kind.toUpperCase();
    default:
      throw new Error(`no ${type.kind} here`);
  }
}
