/** The tables of a world by name: those that producers write to, and those of dead letters. Owns how they are made; their versions are the catalog's. */
import { tableUuid, type TableName, type TableUuid } from '../../../src/core/ids.ts';
import { uuidV4 } from '../../../src/core/runtime.ts';
import { ON_ERROR_PROPERTY } from '../../../src/record/on-error.ts';
import { isLetterTable } from './invariants.ts';
import type { ModelCatalog, SimTable } from './model-catalog.ts';
import type { SeededRandom } from './random.ts';
import { BASE_SCHEMA } from './records.ts';

export class WorldTables {
  readonly names: string[] = [];
  /** Nobody touches them but the daemons. */
  readonly letterNames: string[] = [];
  readonly #catalog: ModelCatalog;
  readonly #random: SeededRandom;
  readonly #now: () => number;
  readonly #lettersByDefault: boolean;

  constructor(catalog: ModelCatalog, random: SeededRandom, now: () => number, lettersByDefault: boolean) {
    this.#catalog = catalog;
    this.#random = random;
    this.#now = now;
    this.#lettersByDefault = lettersByDefault;
  }

  get(name: string): SimTable | undefined {
    return this.#catalog.get(named(name));
  }

  /** Those that exist. */
  all(): readonly SimTable[] {
    return [...this.names, ...this.letterNames].flatMap((name) => this.get(name) ?? []);
  }

  letterTables(): readonly TableUuid[] {
    return this.all()
      .filter(isLetterTable)
      .map(({ uuid }) => uuid);
  }

  create(name: string): void {
    if (!this.names.includes(name)) this.names.push(name);
    this.#make(name, new Map(this.#lettersByDefault ? [[ON_ERROR_PROPERTY, 'dead_letter']] : []));
  }

  /** One that is there stays as it is. */
  createLetterTable(name: string): void {
    if (this.get(name) !== undefined) return;
    this.letterNames.push(name);
    this.#make(name, new Map());
  }

  #make(name: string, properties: ReadonlyMap<string, string>): void {
    const uuid = tableUuid(uuidV4(this.#random));
    const table = {
      name: named(name),
      uuid,
      location: `mem://tables/${name}-${uuid.slice(0, 8)}`,
      schema: BASE_SCHEMA,
      snapshots: new Map(),
      main: undefined,
      lastSequence: 0n,
      lastUpdatedMs: this.#now(),
      properties,
    };
    this.#catalog.move(table.name, table, { kind: 'foreign', what: 'create' });
  }
}

export const named = (name: string): TableName => ({ namespace: ['ns'], name });
