/** The store, the catalog and the tables that settings name, opened. Owns their composition; whoever opens it closes it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ObjectStore } from '../contracts/object-store.ts';
import type { Locations } from '../contracts/locations.ts';
import type { Runtime } from '../core/runtime.ts';
import { ThreadedSqlCatalog } from '../catalog/threaded-sql-catalog.ts';
import type { S3Settings, Settings } from '../config/settings.ts';
import { openIceberg, type Iceberg } from '../iceberg/open-iceberg.ts';
import type { StoreObserver } from '../store/metered-store.ts';
import { openStore } from '../store/open-store.ts';
import type { S3Connection } from '../store/s3-client.ts';
import type { StoreRoot } from '../store/uri.ts';

export interface Warehouse extends Iceberg {
  readonly root: StoreRoot;
  readonly store: ObjectStore;
  readonly locations: Locations;
  close(): Promise<void>;
}

/** Throws kind `misconfigured` for settings that cannot work; asks no server yet. */
export function openWarehouse(settings: Settings, runtime: Runtime, observer: StoreObserver = UNOBSERVED): Warehouse {
  const s3 = settings.s3 === undefined ? {} : { s3: connectionOf(settings.s3) };
  const opened = openStore({ warehouse: settings.warehouse, ...s3 }, runtime, observer);
  const { root, store } = opened;
  mkdirSync(dirname(settings.catalog.path), { recursive: true });
  const pointers = ThreadedSqlCatalog.open(settings.catalog.path, settings.catalog.name);
  return {
    root,
    store,
    locations: opened,
    ...openIceberg(pointers, opened, root.uri, runtime),
    close: async () => {
      await pointers.close();
      opened.close();
    },
  };
}

function connectionOf({ credentials, ...settings }: S3Settings): S3Connection {
  if (credentials === undefined) return settings;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    ...settings,
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
    },
  };
}

const UNOBSERVED: StoreObserver = { finished: () => undefined, retried: () => undefined };
