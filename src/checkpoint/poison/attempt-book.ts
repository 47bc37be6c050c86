/**
 * How often a table's records were read back and the life ended before the table took any of them in (protocol §3), in a small file beside
 * the log. Owns the file and its counts; what follows from them is `suspicion.ts`. Losing the file loses the counts, no record: one that
 * cannot be read counts as none.
 */
import type { Disk } from '../../contracts/disk.ts';
import { tableUuid, type TableUuid } from '../../core/ids.ts';
import { parseJson64, stringifyJson64 } from '../../core/json64.ts';

export class AttemptBook {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #begun: Map<TableUuid, number>;
  #turn: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, path: string, begun: Map<TableUuid, number>) {
    this.#disk = disk;
    this.#path = path;
    this.#begun = begun;
  }

  /** The directory of `path` exists. */
  static async open(disk: Disk, path: string): Promise<AttemptBook> {
    const size = await disk.size(path);
    const bytes = size === undefined ? undefined : await disk.read(path, 0, size);
    return new AttemptBook(disk, path, new Map(bytes === undefined ? [] : decode(Buffer.from(bytes).toString('utf8'))));
  }

  /** Lives in a row that began to read the table's records back in vain, this one among them. */
  begunFor(table: TableUuid): number {
    return this.#begun.get(table) ?? 0;
  }

  /** Resolves when it is durable that the table's records are read back. Rejects with kind `unavailable`. */
  begin(table: TableUuid): Promise<void> {
    this.#begun.set(table, this.begunFor(table) + 1);
    return this.#saved();
  }

  /** The table takes its records in again. */
  async end(table: TableUuid): Promise<void> {
    if (this.#begun.delete(table)) await this.#saved();
  }

  #saved(): Promise<void> {
    const saved = this.#turn.then(() => this.#save());
    this.#turn = saved.catch(() => undefined);
    return saved;
  }

  async #save(): Promise<void> {
    const temporary = `${this.#path}.new`;
    await this.#disk.remove(temporary);
    const file = await this.#disk.open(temporary, 'create-new');
    try {
      await file.append([Buffer.from(encode(this.#begun), 'utf8')]);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncDirectory(this.#path.slice(0, this.#path.lastIndexOf('/')));
  }
}

const encode = (begun: ReadonlyMap<TableUuid, number>): string => `${stringifyJson64([...begun])}\n`;

function decode(text: string): readonly (readonly [TableUuid, number])[] {
  try {
    const begun = parseJson64(text, 'attempts') as unknown as readonly (readonly [string, number])[];
    return begun.map(([table, lives]) => [tableUuid(table), lives]);
  } catch {
    return [];
  }
}
