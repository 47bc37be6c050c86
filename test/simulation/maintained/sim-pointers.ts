/**
 * The catalog of the maintained world: one pointer, and each life's way to it. Swaps take time, answers get lost, some land late, even when
 * the life that sent them is gone. Owns how a swap travels; `onMove` hears of every one that went in.
 */
import type { MetadataPointers, SwapOutcome } from '../../../src/contracts/metadata-pointers.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { TableName } from '../../../src/core/ids.ts';
import type { Effects } from '../world/effects.ts';
import type { Faults, FaultKind } from '../world/faults.ts';
import type { SeededRandom } from '../world/random.ts';

export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly life: string;
  lost: boolean;
}

export class PointerBook {
  location: string | undefined;
  readonly flying = new Set<Flight>();
  readonly #onMove: (before: string, after: string, by: string) => void;

  constructor(onMove: (before: string, after: string, by: string) => void) {
    this.#onMove = onMove;
  }

  swap(from: string, to: string, by: string): SwapOutcome {
    if (this.location !== from) return { kind: 'lost-race' };
    this.location = to;
    this.#onMove(from, to, by);
    return { kind: 'swapped' };
  }

  /** Requests do not outlive a long suspension. */
  loseAll(): void {
    for (const flight of this.flying) flight.lost = true;
  }

  /** What may still come to be the table's state. */
  mayLand(): readonly Flight[] {
    return [...this.flying].filter(({ from, lost }) => !lost && from === this.location);
  }
}

export interface PointerContext {
  readonly book: PointerBook;
  readonly effects: Effects;
  readonly faults: Faults;
  readonly random: SeededRandom;
  readonly trouble: number;
  /** The catalog does not hear this life, whoever else it hears. */
  readonly cutOff: () => boolean;
}

export class SimPointers implements MetadataPointers {
  readonly #context: PointerContext;

  constructor(context: PointerContext) {
    this.#context = context;
  }

  locate(_table: TableName): Promise<string | undefined> {
    const { book, effects, random } = this.#context;
    const fails = this.#meets('catalog-error');
    return effects.send('locate', random.between(0.5, 5), random.between(0.5, 5), () => {
      if (fails || this.#context.cutOff()) throw new SluiceError('unavailable', 'the catalog did not answer');
      return book.location;
    });
  }

  async swap(_table: TableName, from: string, to: string): Promise<SwapOutcome> {
    const { effects, random } = this.#context;
    const unknown = (why: string): Promise<SwapOutcome> =>
      effects.do('swap timeout', random.between(20, 500), () => {
        effects.scheduler.note(`${effects.name} hears nothing of a swap (${why})`);
        return { kind: 'unknown', cause: new Error(why) };
      });
    if (this.#meets('catalog-twice')) this.#fly(from, to, random.between(50, 4_000)).catch(() => undefined);
    if (this.#meets('catalog-late')) {
      this.#fly(from, to, random.between(100, 8_000)).catch(() => undefined);
      return unknown('late');
    }
    if (this.#context.cutOff() || this.#meets('catalog-lost-before')) return unknown('lost before');
    const lostAfter = this.#meets('catalog-lost-after');
    const outcome = await this.#fly(from, to, random.between(1, 15));
    return lostAfter ? unknown('lost after') : outcome;
  }

  #fly(from: string, to: string, after: number): Promise<SwapOutcome> {
    const { book, effects, random } = this.#context;
    const flight: Flight = { from, to, life: effects.name, lost: false };
    book.flying.add(flight);
    return effects.send('swap', after, random.between(0.5, 5), () => {
      book.flying.delete(flight);
      return flight.lost ? { kind: 'lost-race' } : book.swap(from, to, effects.name);
    });
  }

  #meets(kind: FaultKind): boolean {
    const { faults, random, trouble } = this.#context;
    return faults.on(kind) && random.chance(trouble);
  }

  listNamespaces(): Promise<readonly (readonly string[])[]> {
    return Promise.resolve([['db']]);
  }

  createNamespace(): Promise<'created' | 'exists'> {
    return Promise.resolve('exists');
  }

  listTables(): Promise<readonly TableName[]> {
    return Promise.resolve([]);
  }

  create(_table: TableName, metadataLocation: string): Promise<'created' | 'exists'> {
    this.#context.book.location = metadataLocation;
    return Promise.resolve('created');
  }

  drop(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
