/** Tables opened for reading with SQL (`QuerySource`), straight from the catalog and the store: no daemon needs to run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { QuerySource, QueryTable } from '../contracts/query.ts';
import { SluiceError } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';
import { uuidV4, type Runtime } from '../core/runtime.ts';
import { hasLiveFiles } from '../iceberg/manifest-file.ts';
import { currentSnapshot } from '../iceberg/metadata.ts';
import { openWarehouse, type Warehouse } from './warehouse.ts';

export async function openQuerySource(settings: Settings, runtime: Runtime): Promise<QuerySource> {
  const warehouse = openWarehouse(settings, runtime);
  return { ...querySourceOf(warehouse, runtime), close: () => warehouse.close() };
}

/** Reads through a warehouse that is open already; closing stays with whoever opened it. */
export function querySourceOf(warehouse: Warehouse, runtime: Runtime): QuerySource {
  const { root } = warehouse;
  return {
    list: () => warehouse.tables.list(),
    resolve: (table) => resolve(warehouse, table),
    localFile: async (uri, directory) => {
      const { store, key } = warehouse.locations.resolve(uri);
      if (root.kind === 'local') return join(root.path, key);
      const found = await store.get(key);
      if (found === undefined)
        throw new SluiceError('corrupt', `${uri} is named by the table, but is not there`, {
          remedy: 'query again: the file may have been compacted away meanwhile',
        });
      await mkdir(directory, { recursive: true });
      const path = join(directory, `${uuidV4(runtime.random)}.parquet`);
      await writeFile(path, found.bytes);
      return path;
    },
    close: () => Promise.resolve(),
  };
}

async function resolve({ format, tables, lists }: Warehouse, name: TableName): Promise<QueryTable | undefined> {
  const loaded = await format.load(name);
  if (loaded.kind === 'absent') return undefined;
  const { view } = loaded;
  const files = [];
  for await (const { filePath, fileSizeInBytes } of tables.files(view)) files.push({ filePath, fileSizeInBytes });
  const manifests = await lists.of(currentSnapshot(view.metadata));
  return {
    name,
    schema: view.schema,
    files,
    hasDeletes: manifests.some((manifest) => manifest.content !== 0 && hasLiveFiles(manifest)),
  };
}
