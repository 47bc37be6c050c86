/** The store, the catalog and the tables that settings name, opened. Owns their composition; whoever opens it closes it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Locations } from '../contracts/locations.ts';
import type { ObjectStore } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { SqlCatalog } from '../catalog/sql-catalog.ts';
import type { Settings } from '../config/settings.ts';
import { IcebergFormat } from '../iceberg/iceberg-format.ts';
import { IcebergTables } from '../iceberg/iceberg-tables.ts';
import { ManifestLists } from '../iceberg/manifest-lists.ts';
import { PointerCatalog } from '../iceberg/pointer-catalog.ts';
import { TableFiles } from '../iceberg/table-files.ts';
import { LocalStore } from '../store/local-store.ts';
import { keyOf, parseRoot } from '../store/uri.ts';

export interface Warehouse {
  readonly store: ObjectStore;
  readonly locations: Locations;
  readonly pointers: SqlCatalog;
  readonly lists: ManifestLists;
  readonly format: IcebergFormat;
  readonly tables: IcebergTables;
  close(): Promise<void>;
}

/** Throws kind `misconfigured` for settings that cannot work; asks no server yet. */
export function openWarehouse(settings: Settings, runtime: Runtime): Warehouse {
  const root = parseRoot(settings.warehouse);
  if (root.kind !== 'local') throw new SluiceError('unsupported', 'tables on S3 are not in this build yet');
  const store = new LocalStore(root.path, runtime);
  const locations: Locations = { resolve: (uri) => ({ store, key: keyOf(root, uri) }) };
  mkdirSync(dirname(settings.catalog.path), { recursive: true });
  const pointers = SqlCatalog.open(settings.catalog.path, settings.catalog.name);
  const files = new TableFiles(locations);
  const lists = new ManifestLists(files);
  const catalog = new PointerCatalog(pointers, files, runtime);
  return {
    store,
    locations,
    pointers,
    lists,
    format: new IcebergFormat(catalog, files, lists, runtime),
    tables: new IcebergTables(catalog, files, lists, settings.warehouse, runtime),
    close: () => pointers.close(),
  };
}
