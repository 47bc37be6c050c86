/** Our own linter on a table in local files. Owns where its files are looked up. */
import { LocalStore } from '../../src/store/local-store.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { oneStore } from '../support/iceberg/locations.ts';
import { lintTable, type Finding } from '../support/iceberg-linter/index.ts';
import type { CatalogFile } from './catalogs.ts';

/** Empty means: nothing wrong in the metadata, the manifests and the data files, all snapshots. */
export function lint(metadata: string, { warehouse }: CatalogFile): Promise<readonly Finding[]> {
  const store = new LocalStore(warehouse.replace('file://', ''), systemRuntime);
  const locations = oneStore(warehouse, store);
  // Spark writes `file:/` with one slash.
  return lintTable(metadata, { resolve: (uri) => locations.resolve(uri.replace(/^file:\/*/, 'file:///')) });
}
