/** Creating, listing and looking into Iceberg tables. Owns where new tables lie. Committing is `iceberg-format.ts`. */
import type { SnapshotSummary, TableDefinition, Tables } from '../contracts/tables.ts';
import { SluiceError } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import { uuidV4, type Runtime } from '../core/runtime.ts';
import { partitionText } from '../record/partition-text.ts';
import type { IcebergCatalog } from './iceberg-catalog.ts';
import { viewOf, type IcebergView } from './iceberg-format.ts';
import { DELETED } from './manifest-entry.ts';
import type { ManifestLists } from './manifest-lists.ts';
import { readManifest } from './manifest-read.ts';
import { partitionColumns } from './manifest-schema.ts';
import { ancestors, currentSnapshot, sourceTypes, specById, type TableMetadata } from './metadata.ts';
import { newTableMetadata } from './new-table.ts';
import type { TableFiles } from './table-files.ts';

export interface LiveFile {
  readonly filePath: string;
  readonly recordCount: bigint;
  readonly fileSizeInBytes: bigint;
  readonly specId: number;
  /** As people read it, one a partition field. */
  readonly partition: readonly (string | null)[];
}

export class IcebergTables implements Tables<IcebergView> {
  readonly #catalog: IcebergCatalog;
  readonly #files: TableFiles;
  readonly #lists: ManifestLists;
  readonly #warehouse: string;
  readonly #runtime: Runtime;

  /** `warehouse` is the URI under which tables without a location of their own are made. */
  constructor(catalog: IcebergCatalog, files: TableFiles, lists: ManifestLists, warehouse: string, runtime: Runtime) {
    this.#catalog = catalog;
    this.#files = files;
    this.#lists = lists;
    this.#warehouse = withoutSlash(warehouse);
    this.#runtime = runtime;
  }

  list(): Promise<readonly TableName[]> {
    return this.#catalog.list();
  }

  async create(
    definition: TableDefinition,
  ): Promise<{ readonly kind: 'created' | 'exists'; readonly view: IcebergView }> {
    const { name } = definition;
    const there = await this.#catalog.load(name);
    if (there !== undefined) return { kind: 'exists', view: viewOf(there) };
    const uuid = uuidV4(this.#runtime.random);
    const location = definition.location ?? (await this.#newLocation(name, uuid));
    const metadata = newTableMetadata(definition, withoutSlash(location), uuid, this.#runtime.clock.now());
    const { kind } = await this.#catalog.create(name, metadata);
    const made = await this.#catalog.load(name);
    // Java keeps views in the same table of names.
    if (made === undefined)
      throw new SluiceError(
        'invalid-input',
        `the name ${formatTableName(name)} belongs to something that is no table`,
        {
          remedy: 'choose another name',
        },
      );
    return { kind, view: viewOf(made) };
  }

  snapshots(view: IcebergView): readonly SnapshotSummary[] {
    return recentSnapshots(view.metadata, Number.POSITIVE_INFINITY).reverse();
  }

  async *files(view: IcebergView): AsyncGenerator<LiveFile> {
    for (const manifest of await this.#lists.of(currentSnapshot(view.metadata))) {
      if (manifest.content !== 0) continue;
      const spec = specById(view.metadata, manifest.specId);
      const sources = sourceTypes(view.metadata, spec);
      const bytes = await this.#files.read(manifest.path);
      for (const entry of readManifest(bytes, manifest, partitionColumns(spec, sources))) {
        if (entry.status === DELETED) continue;
        yield {
          filePath: entry.file.filePath,
          recordCount: entry.file.recordCount,
          fileSizeInBytes: entry.file.fileSizeInBytes,
          specId: spec.specId,
          partition: spec.fields.map((field, position) => {
            const source = sources[position];
            return source === undefined
              ? null
              : partitionText(field.transform, source, entry.file.partition[position] ?? null);
          }),
        };
      }
    }
  }

  async #newLocation(name: TableName, uuid: string): Promise<string> {
    const plain = [this.#warehouse, ...name.namespace, name.name].join('/');
    return (await this.#files.isTaken(plain)) ? `${plain}-${uuid}` : plain;
  }
}

/** Of `main`, newest first. */
export function recentSnapshots(metadata: TableMetadata, most: number): SnapshotSummary[] {
  const recent: SnapshotSummary[] = [];
  for (const snapshot of ancestors(metadata)) {
    if (recent.length >= most) break;
    recent.push({
      snapshotId: snapshot.snapshotId,
      ...(snapshot.parentId === undefined ? {} : { parentId: snapshot.parentId }),
      sequenceNumber: snapshot.sequenceNumber,
      timestampMs: snapshot.timestampMs,
      // A missing operation counts as "overwrite", as in Java (checklist 1.11).
      operation: snapshot.summary['operation'] ?? 'overwrite',
      summary: new Map(Object.entries(snapshot.summary)),
    });
  }
  return recent;
}

const withoutSlash = (uri: string): string => uri.replace(/\/+$/, '');
