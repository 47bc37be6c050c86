/**
 * Finds the records that the process or the column engine does not survive (protocol §3): tries an entry's records in a staging of their
 * own that is thrown away, splits what fails, down to the one record that fails alone. Owns the search; that its finds become dead letters
 * is `late-refusals.ts`.
 */
import { isSluiceError, messageOf } from '../../core/errors.ts';
import { offset, type LaneId, type Offset, type TableUuid } from '../../core/ids.ts';
import type { ColumnEngine, FileLayout } from '../../contracts/column-engine.ts';
import type { LateMisfit } from '../dead-letters/undecided.ts';
import type { AttemptBook, Range } from './attempt-book.ts';

/** So often a table is read back before each of its entries is tried first, and a record is tried alone before it is given up. */
export const STRIKES = 3;
/** Wider than two: a step of the search may cost a life. */
const SPLIT = 16;

export interface Suspects {
  readonly table: TableUuid;
  readonly lane: LaneId;
  readonly baseOffset: Offset;
  /** Of the entry as it is in the log. */
  readonly count: number;
  /** As they are staged, each ended by `\n`, with their index within the entry; ascending. */
  readonly lines: readonly { readonly index: number; readonly line: Uint8Array }[];
  readonly layout: FileLayout;
}

interface Found {
  readonly index: number;
  readonly cause: string;
  /** The process died of it, each time alone. */
  readonly killed: boolean;
}

type Trial = { readonly kind: 'survived' } | { readonly kind: 'failed'; readonly cause: string };

export class PoisonHunt {
  readonly #engine: ColumnEngine;
  readonly #book: AttemptBook;
  #trials = 0;
  /** A record of the table that was written: while it is, the engine is sound. */
  #sound: Uint8Array | undefined;

  constructor(engine: ColumnEngine, book: AttemptBook) {
    this.#engine = engine;
    this.#book = book;
  }

  /**
   * Records of the entry that fail, each alone, while another record of the table is still written afterwards: an engine that fails with
   * every record proves nothing against any. Rejects with kind `unavailable` when something else is in the way, and `closed`.
   */
  async find(suspects: Suspects, signal: AbortSignal): Promise<readonly LateMisfit[]> {
    const { lane, baseOffset, count } = suspects;
    const found: Found[] = [];
    const whole = { lane, from: baseOffset, next: offset(baseOffset + BigInt(count)) };
    await this.#search(suspects, whole, found, signal);
    const sound = found.every(({ killed }) => killed) || (await this.#isSound(suspects, signal));
    return found.filter(({ killed }) => killed || sound).map(misfitOf);
  }

  async #isSound(suspects: Suspects, signal: AbortSignal): Promise<boolean> {
    return this.#sound !== undefined && (await this.#write(suspects, [this.#sound], signal)).kind === 'survived';
  }

  async #search(suspects: Suspects, range: Range, found: Found[], signal: AbortSignal): Promise<void> {
    const { table, baseOffset, lines } = suspects;
    const inside = lines.filter(({ index }) => {
      const at = baseOffset + BigInt(index);
      return at >= range.from && at < range.next;
    });
    const [first] = inside;
    if (first === undefined) return;
    const alone = range.next - range.from === 1n;
    const deaths = this.#book.deathsOf(table, range);
    let cause = 'the process ended each time it was written';
    for (let failures = deaths; failures < (alone ? STRIKES : 1); failures += 1) {
      const trial = await this.#try(suspects, range, inside, signal);
      if (trial.kind === 'survived') return;
      cause = trial.cause;
    }
    if (alone) {
      found.push({ index: first.index, cause, killed: deaths >= STRIKES });
      return;
    }
    for (const part of partsOf(range)) await this.#search(suspects, part, found, signal);
  }

  async #try(suspects: Suspects, range: Range, inside: Suspects['lines'], signal: AbortSignal): Promise<Trial> {
    await this.#book.trying(suspects.table, range);
    try {
      const lines = inside.map(({ line }) => line);
      const trial = await this.#write(suspects, lines, signal);
      if (trial.kind === 'survived') this.#sound = lines[0]?.slice();
      return trial;
    } finally {
      await this.#book.tried(suspects.table);
    }
  }

  async #write({ table, layout }: Suspects, lines: readonly Uint8Array[], signal: AbortSignal): Promise<Trial> {
    this.#trials += 1;
    const staging = this.#engine.staging(layout, `${table}-trial-${this.#trials}`);
    try {
      staging.append(Buffer.concat(lines), lines.length);
      await staging.write(signal);
      return { kind: 'survived' };
    } catch (error) {
      // A full disk says nothing of the records.
      if (isSluiceError(error, 'unavailable') || isSluiceError(error, 'closed')) throw error;
      return { kind: 'failed', cause: messageOf(error) };
    } finally {
      await staging.drop();
    }
  }
}

/** By offset alone, so that each life splits a range alike. */
function partsOf({ lane, from, next }: Range): readonly Range[] {
  const records = next - from;
  const size = (records + BigInt(SPLIT) - 1n) / BigInt(SPLIT);
  const parts: Range[] = [];
  for (let at: bigint = from; at < next; at += size)
    parts.push({ lane, from: offset(at), next: offset(at + size < next ? at + size : next) });
  return parts;
}

const misfitOf = ({ index, cause }: Found): LateMisfit => ({
  index,
  misfit: { pointer: '', code: 'poison', detail: `the column engine does not write the record: ${cause}` },
});
