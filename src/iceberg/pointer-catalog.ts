/**
 * A catalog over metadata files and one pointer a table (checklist 13.0): writes the next file, then moves the pointer from exactly the
 * base's file. Owns metadata file names. Whatever keeps the pointers (SQL, Glue, object store) knows nothing of this.
 */
import { gunzipSync } from 'node:zlib';
import type { MetadataPointers, SwapOutcome } from '../contracts/metadata-pointers.ts';
import type { CommitOutcome } from '../contracts/table-format.ts';
import { SluiceError, isSluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import type { IcebergCatalog, LoadedTable } from './iceberg-catalog.ts';
import { parseMetadata, printMetadata } from './metadata-json.ts';
import { metadataDirectory, type TableMetadata } from './metadata.ts';
import type { TableFiles } from './table-files.ts';
import { applyUpdates, violated, type MetadataUpdate, type Requirement } from './updates.ts';

export class PointerCatalog implements IcebergCatalog {
  readonly #pointers: MetadataPointers;
  readonly #files: TableFiles;
  readonly #runtime: Runtime;
  /** The last metadata seen of each table: files never change, so an unmoved pointer needs no reading. */
  readonly #last = new Map<string, LoadedTable>();

  constructor(pointers: MetadataPointers, files: TableFiles, runtime: Runtime) {
    this.#pointers = pointers;
    this.#files = files;
    this.#runtime = runtime;
  }

  async list(): Promise<readonly TableName[]> {
    const namespaces = await this.#pointers.listNamespaces();
    return (await Promise.all(namespaces.map((namespace) => this.#pointers.listTables(namespace)))).flat();
  }

  async load(name: TableName): Promise<LoadedTable | undefined> {
    const key = formatTableName(name);
    const location = await this.#pointers.locate(name);
    const known = this.#last.get(key);
    if (location === undefined) {
      this.#last.delete(key);
      return undefined;
    }
    if (known?.metadataLocation === location) return known;
    const text = decodeText(await this.#files.read(location), location);
    const loaded = { name, metadata: parseMetadata(text, location), metadataLocation: location };
    this.#last.set(key, loaded);
    return loaded;
  }

  async create(name: TableName, metadata: TableMetadata): Promise<{ readonly kind: 'created' | 'exists' }> {
    await this.#pointers.createNamespace(name.namespace, new Map());
    const location = this.#newFile(metadata, undefined);
    await this.#files.create(location, Buffer.from(printMetadata(metadata)));
    return { kind: await this.#pointers.create(name, location) };
  }

  async commit(
    base: LoadedTable,
    requirements: readonly Requirement[],
    updates: readonly MetadataUpdate[],
  ): Promise<CommitOutcome<LoadedTable>> {
    const broken = violated(base.metadata, requirements);
    if (broken !== undefined) return { kind: 'conflict', cause: broken };
    const metadata = applyUpdates(base.metadata, base.metadataLocation, updates, this.#runtime.clock.now());
    const metadataLocation = this.#newFile(metadata, base.metadataLocation);
    const bytes = Buffer.from(printMetadata(metadata));
    try {
      await this.#files.create(metadataLocation, bytes);
    } catch (error) {
      // Nothing was swapped, but the put may still land: kept, like everything of an unsettled attempt.
      if (isSluiceError(error, 'unavailable')) return { kind: 'unknown', cause: error };
      throw error;
    }
    const swap = await this.#swap(base, metadataLocation);
    switch (swap.kind) {
      case 'swapped': {
        const view = { name: base.name, metadata, metadataLocation };
        this.#last.set(formatTableName(base.name), view);
        return { kind: 'committed', view };
      }
      case 'lost-race':
        return { kind: 'conflict', cause: 'the table moved while the commit was made' };
      case 'unknown':
        return { kind: 'unknown', cause: swap.cause };
    }
  }

  /** Whatever is not a definite answer is unknown (checklist 14.9). */
  async #swap(base: LoadedTable, to: string): Promise<SwapOutcome> {
    try {
      return await this.#pointers.swap(base.name, base.metadataLocation, to);
    } catch (error) {
      return { kind: 'unknown', cause: error };
    }
  }

  /** `<V+1>-<uuid>.metadata.json` (checklist 1.10). Never gzipped: the codec goes by the name. */
  #newFile(metadata: TableMetadata, previous: string | undefined): string {
    const version = previous === undefined ? 0 : versionOf(previous) + 1;
    return `${metadataDirectory(metadata)}/${String(version).padStart(5, '0')}-${uuidV7(this.#runtime)}.metadata.json`;
  }
}

/** The number in front of the uuid; -1 for names of another kind, as Java has it. */
function versionOf(metadataLocation: string): number {
  const match = /^(\d+)-/.exec(metadataLocation.slice(metadataLocation.lastIndexOf('/') + 1));
  return match === null ? -1 : Number(match[1]);
}

function decodeText(bytes: Uint8Array, location: string): string {
  const gzipped = location.endsWith('.gz.metadata.json') || location.endsWith('.metadata.json.gz');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(gzipped ? gunzipSync(bytes) : bytes);
  } catch (error) {
    throw new SluiceError('corrupt', `${location} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
