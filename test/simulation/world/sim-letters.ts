/** Dead letters of the simulated world, read from the live files of their table as a query would. Owns no rule. */
import type { DeadLetter, LetterFilter, LetterPage, LetterReader } from '../../../src/contracts/dead-letters.ts';
import type { TableName } from '../../../src/core/ids.ts';
import type { Effects } from './effects.ts';
import type { Ledger } from './ledger.ts';
import { markOf } from './records.ts';

export class SimLetterReader implements LetterReader {
  readonly #effects: Effects;
  readonly #rowsIn: (table: TableName) => ReadonlySet<string>;
  readonly #ledger: Pick<Ledger, 'letters' | 'poison'>;

  constructor(
    effects: Effects,
    rowsIn: (table: TableName) => ReadonlySet<string>,
    ledger: Pick<Ledger, 'letters' | 'poison'>,
  ) {
    this.#effects = effects;
    this.#rowsIn = rowsIn;
    this.#ledger = ledger;
  }

  groups(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  page(
    table: TableName,
    { status }: LetterFilter,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): Promise<LetterPage> {
    return this.#effects.do('query', 20, () => {
      const rows = this.#rowsIn(table);
      const { letters: all, poison } = this.#ledger;
      const rowOf = (original: string): string => original.split(' ')[0] ?? '';
      // Whoever replays what the engine does not survive gets another letter of it: nobody does.
      const found = [...all.values()]
        .filter(({ id, original }) => id > after && rows.has(rowOf(original)) && !poison.has(rowOf(original)))
        .map(({ id, original }) => letter(id, rows.has(markOf(id)), original))
        .filter((each) => status === undefined || each.status === status)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const letters = found.slice(0, limit);
      const next = found.length > limit ? letters.at(-1)?.id : undefined;
      return { letters, ...(next === undefined ? {} : { next }) };
    });
  }
}

const letter = (id: string, marked: boolean, original: string): DeadLetter => ({
  id,
  status: marked ? 'replayed' : 'open',
  batch: '',
  receivedAt: '',
  cause: 'refused',
  code: 'unknown_field',
  pointer: '',
  detail: '',
  ignoreUnknownFields: false,
  original: Buffer.from(original, 'latin1'),
});
