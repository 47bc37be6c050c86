/**
 * The own linter: judges a table of format version 2 by the writer checklist, from its metadata file down to the values in its Parquet
 * files. Engines forgive much (conformance 8.6); this forgives nothing. It reads Avro and Parquet with other libraries than the writer.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Locations } from '../../../src/contracts/locations.ts';
import { messageOf } from '../../../src/core/errors.ts';
import { Findings, show, type Finding } from './findings.ts';
import type { Entry } from './manifest.ts';
import { lintManifestList } from './manifest-list.ts';
import { lintMetadata } from './metadata.ts';
import { lintParquet } from './parquet.ts';
import { TableSource } from './source.ts';
import { lintValues } from './values.ts';

export type { Finding } from './findings.ts';

export interface LintOptions {
  /** Read the data files too; otherwise only metadata is judged. */
  readonly content: boolean;
}

/** Empty means: nothing wrong in any snapshot that is still there. */
export async function lintTable(
  metadataUri: string,
  locations: Locations,
  options: LintOptions = { content: true },
): Promise<readonly Finding[]> {
  const findings = new Findings();
  const { store, key } = locations.resolve(metadataUri);
  const found = await store.get(key);
  if (found === undefined) return [{ rule: '1.1', where: metadataUri, problem: 'the file is not there' }];
  const zipped = metadataUri.includes('.gz.');
  const text = Buffer.from(zipped ? gunzipSync(found.bytes) : found.bytes).toString();
  const source = new TableSource(lintMetadata(text, metadataUri, findings), locations, findings);
  const entries = new Map<string, Entry>();
  for (const snapshot of source.snapshots)
    try {
      for (const entry of await lintManifestList(source, snapshot)) entries.set(entry.path, entry);
    } catch (error) {
      findings.add('8.1', `snapshot ${show(snapshot['snapshot-id'])}`, `cannot be read: ${messageOf(error)}`);
    }
  if (options.content) await lintContent(source, [...entries.values()]);
  return dedupe(findings.all);
}

async function lintContent(source: TableSource, entries: readonly Entry[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-lint-'));
  const instance = await DuckDBInstance.create();
  const duckdb = await instance.connect();
  try {
    await duckdb.run("SET TimeZone = 'UTC'");
    for (const [at, entry] of entries.entries()) {
      if (entry.content !== 0) continue;
      const bytes = await source.read(entry.path, '5.0');
      if (bytes === undefined) continue;
      const columns = lintParquet(source, entry, bytes);
      // A name of its own: DuckDB keeps what it read of a path that was written twice within a second.
      const local = join(folder, `file-${at}.parquet`);
      await writeFile(local, bytes);
      try {
        await lintValues(source, entry, local, columns, duckdb);
      } catch (error) {
        source.findings.add('5.0', entry.where, `cannot be read: ${messageOf(error)}`);
      }
    }
  } finally {
    duckdb.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A manifest kept over many snapshots is judged in each; its faults are told once. */
function dedupe(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [show(finding), finding])).values()];
}
