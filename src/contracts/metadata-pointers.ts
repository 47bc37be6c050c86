/**
 * A catalog that keeps, per table, one pointer to the current metadata file and moves it by compare-and-swap: SQL, Glue, object store.
 * Owns names and pointers. Reads and writes no metadata file: `iceberg/pointer-catalog.ts` does, so that all of these share its rules.
 */
import type { TableName } from '../core/ids.ts';

export type SwapOutcome =
  | { readonly kind: 'swapped' }
  /** The pointer was not at `from`; it is certainly not at `to` because of us. */
  | { readonly kind: 'lost-race' }
  /** The answer was lost: the pointer may be at `to`, or may still move there. */
  | { readonly kind: 'unknown'; readonly cause: unknown };

export interface MetadataPointers {
  listNamespaces(): Promise<readonly (readonly string[])[]>;
  createNamespace(namespace: readonly string[], properties: ReadonlyMap<string, string>): Promise<'created' | 'exists'>;
  listTables(namespace: readonly string[]): Promise<readonly TableName[]>;
  /** URI of the current metadata file; undefined when the table is absent. */
  locate(table: TableName): Promise<string | undefined>;
  /** Registers a new table. */
  create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'>;
  swap(table: TableName, from: string, to: string): Promise<SwapOutcome>;
  /** Removes the name; deletes no file. False when it was not there. */
  drop(table: TableName): Promise<boolean>;
  close(): Promise<void>;
}
