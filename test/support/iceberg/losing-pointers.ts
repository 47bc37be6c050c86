/** Metadata pointers whose answers get lost on demand: before the effect, after it, or with an effect that lands later. */
import type { MetadataPointers, SwapOutcome } from '../../../src/contracts/metadata-pointers.ts';
import type { TableName } from '../../../src/core/ids.ts';

export type Loss = 'before-effect' | 'after-effect' | 'lands-late' | 'throws';

export class LosingPointers implements MetadataPointers {
  readonly #inner: MetadataPointers;
  #next: Loss | undefined;
  #late: (() => Promise<SwapOutcome>)[] = [];

  constructor(inner: MetadataPointers) {
    this.#inner = inner;
  }

  /** The next swap's answer is lost this way. */
  lose(how: Loss): void {
    this.#next = how;
  }

  /** Lets every swap land that was held back, and says how each ended. */
  async landLate(): Promise<readonly SwapOutcome[]> {
    const held = this.#late;
    this.#late = [];
    return Promise.all(held.map((swap) => swap()));
  }

  async swap(table: TableName, from: string, to: string): Promise<SwapOutcome> {
    const loss = this.#next;
    this.#next = undefined;
    switch (loss) {
      case undefined:
        return this.#inner.swap(table, from, to);
      case 'before-effect':
        break;
      case 'after-effect':
        await this.#inner.swap(table, from, to);
        break;
      case 'lands-late':
        this.#late.push(() => this.#inner.swap(table, from, to));
        break;
      case 'throws':
        await this.#inner.swap(table, from, to);
        throw new Error('socket hang up');
    }
    return { kind: 'unknown', cause: new Error('the answer was lost') };
  }

  listNamespaces(): Promise<readonly (readonly string[])[]> {
    return this.#inner.listNamespaces();
  }

  createNamespace(
    namespace: readonly string[],
    properties: ReadonlyMap<string, string>,
  ): Promise<'created' | 'exists'> {
    return this.#inner.createNamespace(namespace, properties);
  }

  listTables(namespace: readonly string[]): Promise<readonly TableName[]> {
    return this.#inner.listTables(namespace);
  }

  locate(table: TableName): Promise<string | undefined> {
    return this.#inner.locate(table);
  }

  create(table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    return this.#inner.create(table, metadataLocation);
  }

  drop(table: TableName): Promise<boolean> {
    return this.#inner.drop(table);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
