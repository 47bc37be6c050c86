/** Metadata pointers in memory: for tests and simulations. Atomic because it never awaits between check and write. */
import type { MetadataPointers, SwapOutcome } from '../../../src/contracts/metadata-pointers.ts';
import { formatTableName, type TableName } from '../../../src/core/ids.ts';

export class MemoryPointers implements MetadataPointers {
  readonly #namespaces = new Map<string, readonly string[]>();
  readonly #tables = new Map<string, { readonly name: TableName; readonly location: string }>();

  async listNamespaces(): Promise<readonly (readonly string[])[]> {
    return [...this.#namespaces.values()];
  }

  async createNamespace(namespace: readonly string[]): Promise<'created' | 'exists'> {
    const key = namespace.join('.');
    if (this.#namespaces.has(key)) return 'exists';
    this.#namespaces.set(key, namespace);
    return 'created';
  }

  async listTables(namespace: readonly string[]): Promise<readonly TableName[]> {
    const wanted = namespace.join('.');
    return [...this.#tables.values()].map((row) => row.name).filter((name) => name.namespace.join('.') === wanted);
  }

  async locate(table: TableName): Promise<string | undefined> {
    return this.#tables.get(formatTableName(table))?.location;
  }

  async create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    const key = formatTableName(table);
    if (this.#tables.has(key)) return 'exists';
    this.#tables.set(key, { name: table, location: metadataLocation });
    return 'created';
  }

  async swap(table: TableName, from: string, to: string): Promise<SwapOutcome> {
    const key = formatTableName(table);
    if (this.#tables.get(key)?.location !== from) return { kind: 'lost-race' };
    this.#tables.set(key, { name: table, location: to });
    return { kind: 'swapped' };
  }

  async drop(table: TableName): Promise<boolean> {
    return this.#tables.delete(formatTableName(table));
  }

  async close(): Promise<void> {}
}
