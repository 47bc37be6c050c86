/** Iceberg over a pointer catalog, put together once. Owns no behaviour. */
import type { Locations } from '../contracts/locations.ts';
import type { MetadataPointers } from '../contracts/metadata-pointers.ts';
import type { Runtime } from '../core/runtime.ts';
import { IcebergFormat } from './iceberg-format.ts';
import { IcebergMaintenance } from './iceberg-maintenance.ts';
import { IcebergTables } from './iceberg-tables.ts';
import { ManifestLists } from './manifest-lists.ts';
import { PointerCatalog } from './pointer-catalog.ts';
import { TableFiles } from './table-files.ts';
import { TableSurveys } from './table-survey.ts';

export interface Iceberg {
  readonly format: IcebergFormat;
  readonly tables: IcebergTables;
  readonly maintenance: IcebergMaintenance;
  readonly lists: ManifestLists;
  readonly surveys: TableSurveys;
}

/** `warehouse` is the URI under which new tables are made. */
export function openIceberg(
  pointers: MetadataPointers,
  locations: Locations,
  warehouse: string,
  runtime: Runtime,
): Iceberg {
  const files = new TableFiles(locations);
  const lists = new ManifestLists(files);
  const catalog = new PointerCatalog(pointers, files, runtime);
  return {
    format: new IcebergFormat(catalog, files, lists, runtime),
    maintenance: new IcebergMaintenance(catalog, files, lists, runtime),
    tables: new IcebergTables(catalog, files, lists, warehouse, runtime),
    lists,
    surveys: new TableSurveys(files, lists, runtime.clock),
  };
}
