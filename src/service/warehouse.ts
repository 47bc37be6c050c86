/** The store, the catalog and the tables that settings name, opened. Owns their composition; whoever opens it closes it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Locations } from '../contracts/locations.ts';
import type { ObjectStore } from '../contracts/object-store.ts';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { SqlCatalog } from '../catalog/sql-catalog.ts';
import type { Settings } from '../config/settings.ts';
import { openIceberg, type Iceberg } from '../iceberg/open-iceberg.ts';
import { LocalStore } from '../store/local-store.ts';
import { keyOf, parseRoot } from '../store/uri.ts';

export interface Warehouse extends Iceberg {
  readonly store: ObjectStore;
  readonly locations: Locations;
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
  return {
    store,
    locations,
    ...openIceberg(pointers, locations, settings.warehouse, runtime),
    close: () => pointers.close(),
  };
}
