/**
 * What the process may not have survived (protocol §3), in a small file beside the log: how often a table's records were read back without
 * an end, and which records were being tried when a life ended. Owns the file and its account; what follows from it is `poison-hunt.ts`.
 * Losing the file loses the counts, no record: one that cannot be read counts as none.
 */
import type { Disk } from '../../contracts/disk.ts';
import { laneId, offset, tableUuid, type LaneId, type Offset, type TableUuid } from '../../core/ids.ts';
import { parseJson64, stringifyJson64 } from '../../core/json64.ts';

/** Records `[from, next)` of a lane. */
export interface Range {
  readonly lane: LaneId;
  readonly from: Offset;
  readonly next: Offset;
}

interface Account {
  /** Lives that began to read the table's records back and ended before it took any of them in. */
  readonly begun: number;
  readonly trial?: Range;
  readonly deaths: readonly (Range & { readonly times: number })[];
}

const NONE: Account = { begun: 0, deaths: [] };

export class AttemptBook {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #accounts: Map<TableUuid, Account>;
  #turn: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, path: string, accounts: Map<TableUuid, Account>) {
    this.#disk = disk;
    this.#path = path;
    this.#accounts = accounts;
  }

  /** The directory of `path` exists. */
  static async open(disk: Disk, path: string): Promise<AttemptBook> {
    const size = await disk.size(path);
    const bytes = size === undefined ? undefined : await disk.read(path, 0, size);
    const accounts = bytes === undefined ? [] : decode(Buffer.from(bytes).toString('utf8'));
    return new AttemptBook(disk, path, new Map(accounts.map(([table, account]) => [table, died(account)])));
  }

  /** Lives in a row that began to read the table's records back in vain, this one among them. */
  begunFor(table: TableUuid): number {
    return this.#of(table).begun;
  }

  /** How many lives ended while exactly these records were tried. */
  deathsOf(table: TableUuid, range: Range): number {
    return this.#of(table).deaths.find((each) => same(each, range))?.times ?? 0;
  }

  /** Resolves when it is durable that the table's records are read back. Rejects with kind `unavailable`. */
  begin(table: TableUuid): Promise<void> {
    const account = this.#of(table);
    return this.#set(table, { ...account, begun: account.begun + 1 });
  }

  /** The table takes its records in again. */
  async end(table: TableUuid): Promise<void> {
    if (this.#accounts.has(table)) await this.#set(table, undefined);
  }

  /** Resolves when it is durable that these records are tried. Rejects with kind `unavailable`. */
  trying(table: TableUuid, trial: Range): Promise<void> {
    return this.#set(table, { ...this.#of(table), trial });
  }

  /** The trial ended, well or not: the process lives. */
  tried(table: TableUuid): Promise<void> {
    const { trial: _trial, ...account } = this.#of(table);
    return this.#set(table, account);
  }

  #of(table: TableUuid): Account {
    return this.#accounts.get(table) ?? NONE;
  }

  #set(table: TableUuid, account: Account | undefined): Promise<void> {
    if (account === undefined) this.#accounts.delete(table);
    else this.#accounts.set(table, account);
    const saved = this.#turn.then(() => this.#save());
    this.#turn = saved.catch(() => undefined);
    return saved;
  }

  async #save(): Promise<void> {
    const temporary = `${this.#path}.new`;
    await this.#disk.remove(temporary);
    const file = await this.#disk.open(temporary, 'create-new');
    try {
      await file.append([Buffer.from(encode(this.#accounts), 'utf8')]);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncDirectory(this.#path.slice(0, this.#path.lastIndexOf('/')));
  }
}

/** The life before ended while it tried them. */
function died({ trial, ...account }: Account): Account {
  if (trial === undefined) return account;
  const times = (account.deaths.find((each) => same(each, trial))?.times ?? 0) + 1;
  return { ...account, deaths: [...account.deaths.filter((each) => !same(each, trial)), { ...trial, times }] };
}

const same = (a: Range, b: Range): boolean => a.lane === b.lane && a.from === b.from && a.next === b.next;

type RangeText = readonly [string, number | bigint, number | bigint];
type AccountText = readonly [string, number, RangeText | null, readonly (readonly [...RangeText, number])[]];

const encode = (accounts: ReadonlyMap<TableUuid, Account>): string =>
  `${stringifyJson64(
    [...accounts].map(([table, { begun, trial, deaths }]) => [
      table,
      begun,
      trial === undefined ? null : [trial.lane, trial.from, trial.next],
      deaths.map((each) => [each.lane, each.from, each.next, each.times]),
    ]),
  )}\n`;

function decode(text: string): readonly (readonly [TableUuid, Account])[] {
  const rangeOf = ([lane, from, next]: RangeText): Range => ({
    lane: laneId(lane),
    from: offset(from),
    next: offset(next),
  });
  try {
    return (parseJson64(text, 'attempts') as unknown as readonly AccountText[]).map(([table, begun, trial, deaths]) => [
      tableUuid(table),
      {
        begun,
        ...(trial === null ? {} : { trial: rangeOf(trial) }),
        deaths: deaths.map(([lane, from, next, times]) => ({ ...rangeOf([lane, from, next]), times })),
      },
    ]);
  } catch {
    return [];
  }
}
