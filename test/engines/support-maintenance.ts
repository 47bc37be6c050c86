/**
 * What judges of maintenance look at beside rows: older snapshots, and which files metadata names. Owns no comparison and no table of its own.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { asLong, parseJson64, stringifyJson64, type Json64 } from '../../src/core/json64.ts';
import type { CatalogFile, SparkCatalog } from './catalogs.ts';

/** Taken as it stands: Iceberg does not decode `%20`, and others write `file:/` with one slash. */
const pathOf = (location: string): string => location.replace(/^file:\/*/, '/');

type Metadata = Readonly<Record<string, Json64>>;

/** A metadata file beside the given one whose current snapshot is an older one: time travel for every engine alike. */
export async function metadataAt(metadata: string, snapshot: string): Promise<string> {
  const whole = parseJson64(await readFile(pathOf(metadata), 'utf8'), metadata) as Metadata;
  const id = BigInt(snapshot);
  const log = (whole['snapshot-log'] as readonly Metadata[]).filter(
    (entry) => asLong(entry['snapshot-id'], metadata) === id,
  );
  const main = { 'snapshot-id': id, type: 'branch' };
  const then = { ...whole, 'current-snapshot-id': id, 'snapshot-log': log, refs: { main } };
  // ClickHouse opens no metadata file of another form of name.
  const path = join(dirname(pathOf(metadata)), `00000-${randomUUID()}.metadata.json`);
  await writeFile(path, stringifyJson64(then));
  return path;
}

/** Paths of every data and delete file that any snapshot of the table reaches, by Spark's word. Sorted. */
export async function reachedFiles(spark: SparkCatalog, catalog: CatalogFile, table: string): Promise<string[]> {
  const rows = await spark.sql(catalog, `SELECT DISTINCT file_path FROM ${catalog.name}.${table}.all_files`);
  return rows.map((row) => pathOf(row['file_path'] ?? '')).toSorted();
}

/** Paths of every Parquet file under a table's location. Sorted. */
export async function presentFiles(location: string): Promise<string[]> {
  return (await filesUnder(location)).filter((path) => path.endsWith('.parquet'));
}

/** Makes everything under a location look as old as four days: Spark's orphan removal spares three. */
export async function ageFiles(location: string): Promise<void> {
  const old = Date.now() / 1000 - 4 * 86_400;
  for (const path of await filesUnder(location)) await utimes(path, old, old);
}

async function filesUnder(location: string): Promise<string[]> {
  const entries = await readdir(pathOf(location), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
