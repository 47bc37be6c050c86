/**
 * What daemons put into their logs, entered in the ledger: where a request lies, which of its records became dead letters, and whether a
 * producer rightly sent it once more. Owns the rules of a second copy (I2, I7, I8); what the tables hold is for `invariants.ts`.
 */
import { recordsIn, type Entry } from '../../../src/contracts/log.ts';
import type { Position } from '../../../src/contracts/service-ports.ts';
import { offset, type TableName, type TableUuid } from '../../../src/core/ids.ts';
import type { Effects } from './effects.ts';
import { isLetterTable } from './invariants.ts';
import type { SentRequest } from './ledger.ts';
import type { Life } from './life.ts';
import type { SimTable } from './model-catalog.ts';
import { areLetters, lettersOf, requestOf, rowsOf } from './records.ts';
import { SimLetterReader } from './sim-letters.ts';
import type { World } from './world.ts';

export class Stored {
  readonly #world: World;
  /** Rows that were buried, by the table they were last buried with. */
  readonly #buried = new Map<string, TableUuid>();

  constructor(world: World) {
    this.#world = world;
  }

  onStored(life: Life, entries: readonly Entry[]): void {
    const { ledger } = this.#world;
    // Of an exact producer's request that is dead letters alone.
    const stampOnly = entries.find((entry) => recordsIn(entry) === 0);
    for (const entry of entries) {
      const { lane, baseOffset, count, table } = stampOnly ?? entry;
      const position = { lane, offset: offset(baseOffset + BigInt(count)) };
      const rows = rowsOf(entry.payload);
      if (areLetters(entry.payload)) this.#onDecided(entry);
      for (const { id, status } of lettersOf(entry.payload)) if (status !== 'open') ledger.marks.add(id);
      const request = ledger.requests[requestOf(rows[0] ?? '') ?? -1];
      if (request === undefined) continue;
      if (request.stored !== undefined) {
        // A replay brings what were dead letters.
        const replayed = rows.every((row) => ledger.requests[requestOf(row) ?? -1]?.letters.has(row) === true);
        if ((areLetters(entry.payload) && stampOnly === undefined) || replayed) continue;
        this.#storedAgain(request);
      }
      this.#isAt(request, life, position, table);
    }
  }

  onFound(life: Life, entry: Entry): void {
    const { lane, baseOffset, count, table, payload } = entry;
    if (areLetters(payload)) this.#onDecided(entry);
    const request = this.#world.ledger.requests[requestOf(rowsOf(payload)[0] ?? '') ?? -1];
    if (areLetters(payload) || request === undefined || request.stored !== undefined) return;
    this.#isAt(request, life, { lane, offset: offset(baseOffset + BigInt(count)) }, table);
  }

  #isAt(request: SentRequest, life: Life, position: Position, table: TableUuid): void {
    const { invariants, scheduler } = this.#world;
    request.stored = { position, table, volume: life.volume.name, at: scheduler.now };
    invariants.onStored(request, table);
    if (!invariants.of(table).dropped) return;
    request.excused ??= 'table dropped';
    request.buriable = true;
  }

  #onDecided(entry: Entry): void {
    const { ledger, scheduler } = this.#world;
    const position = { lane: entry.lane, offset: offset(entry.baseOffset + BigInt(entry.count)) };
    const at = scheduler.now;
    if (entry.buries !== undefined && !this.#world.invariants.of(entry.buries.table).dropped)
      this.#world.violation('I1', `records of table ${entry.buries.table} are buried, and nobody dropped it`);
    for (const letter of lettersOf(entry.payload).filter(({ status }) => status === 'open')) {
      const row = letter.original.split(' ')[0] ?? '';
      if (entry.buries !== undefined) {
        const { table } = entry.buries;
        this.#world.invariants.buriedTwice ||= (this.#buried.get(row) ?? table) !== table;
        this.#buried.set(row, table);
      }
      ledger.letters.set(letter.id, letter);
      ledger.requests[requestOf(row) ?? -1]?.letters.set(row, { position, table: entry.table, at });
    }
  }

  /** Every row of the request is in the table, or in a dead-letter table. */
  isIn(request: number, uuid: TableUuid): boolean {
    const { invariants, ledger, tables } = this.#world;
    const held = tables.all().filter((table) => table.uuid === uuid || isLetterTable(table));
    const rows = held.map((table) => invariants.rowsIn(table));
    return ledger.requests[request]?.rows.every((row) => rows.some((each) => each.has(row))) === true;
  }

  /** The log that held it was lost before the table had it, or its table was dropped. */
  isGone(request: SentRequest): boolean {
    const { stored, unlogged } = request;
    if (stored === undefined) return true;
    if (this.#world.invariants.of(stored.table).dropped) return true;
    return unlogged && !this.isIn(request.id, stored.table);
  }

  /** Dead letters as a query by that life finds them. */
  letterReader(effects: Effects): SimLetterReader {
    const { catalog, invariants, ledger } = this.#world;
    const rowsIn = (name: TableName): ReadonlySet<string> => {
      const table = catalog.get(name);
      return table === undefined ? new Set() : invariants.rowsIn(table);
    };
    return new SimLetterReader(effects, rowsIn, ledger);
  }

  /** Whenever one of the two has moved. */
  compareLetters(moved: SimTable | undefined): void {
    if (moved === undefined) return;
    const { tables, invariants, cloned } = this.#world;
    const base = moved.name.name.replace(/__dead_letters$/, '');
    const [table, letters] = [base, `${base}__dead_letters`].map((name) =>
      name === moved.name.name ? moved : tables.get(name),
    );
    if (table === undefined || letters === undefined || cloned || invariants.of(table.uuid).wentBack) return;
    invariants.apart(table, letters);
  }

  /** Only where nothing of the first copy is left may a producer send it once more. */
  #storedAgain(request: SentRequest): void {
    const { stored, exact } = request;
    if (exact === undefined) this.#world.violation('I2', `r${request.id} was stored twice`);
    else if (!this.isGone(request))
      this.#world.violation(
        exact === 'channel' ? 'I7' : 'I8',
        `r${request.id}, stored at ${stored?.position.lane.slice(0, 6)}-${stored?.position.offset}, was stored again`,
      );
    this.#world.ledger.forget(request);
  }
}
