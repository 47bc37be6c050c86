/**
 * What the Iceberg format needs of a catalog, in the REST vocabulary of updates and requirements. `pointer-catalog.ts` implements it
 * over a compare-and-swap of a pointer; a REST catalog implements it by sending them.
 */
import type { CommitOutcome } from '../contracts/table-format.ts';
import type { TableName } from '../core/ids.ts';
import type { TableMetadata } from './metadata.ts';
import type { MetadataUpdate, Requirement } from './updates.ts';

/** Immutable: one load, one value. */
export interface LoadedTable {
  readonly name: TableName;
  readonly metadata: TableMetadata;
  /** URI of the file that holds exactly this metadata. */
  readonly metadataLocation: string;
}

export interface IcebergCatalog {
  list(): Promise<readonly TableName[]>;
  /** Fresh. Undefined when absent. */
  load(name: TableName): Promise<LoadedTable | undefined>;
  /** Creates missing namespaces too. */
  create(name: TableName, metadata: TableMetadata): Promise<{ readonly kind: 'created' | 'exists' }>;
  /**
   * One compare-and-swap on exactly `base`. Every end is a value, but for errors of our own (`internal`, `corrupt`, `unsupported`),
   * which are thrown before anything is sent.
   */
  commit(
    base: LoadedTable,
    requirements: readonly Requirement[],
    updates: readonly MetadataUpdate[],
  ): Promise<CommitOutcome<LoadedTable>>;
}
