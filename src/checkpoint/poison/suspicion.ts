/**
 * Which of a table's records are tried before they are staged: what earlier lives left, after several of them ended before the table took
 * anything in; what was staged, after its files could not be written several times in a row. Owns when that begins and ends; which are
 * tried together is `clearance.ts`, and what fails is searched by `poison-hunt.ts`.
 */
import { backoffMs, type BackoffPolicy } from '../../core/backoff.ts';
import { isSluiceError, messageOf } from '../../core/errors.ts';
import { offset, type LaneId, type Offset, type TableUuid } from '../../core/ids.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { TrialWriter } from '../../contracts/trial-writer.ts';
import type { LateMisfit } from '../dead-letters/undecided.ts';
import type { AttemptBook } from './attempt-book.ts';
import { Clearance, type EntryLines } from './clearance.ts';
import { PoisonHunt, type Suspects } from './poison-hunt.ts';

/** So many lives in a row that ended in vain, or failures to write files, are reason to look. */
export const STRIKES = 3;
const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 30_000 };

export interface SuspicionContext {
  readonly trials: TrialWriter;
  readonly attempts: AttemptBook;
  readonly runtime: Runtime;
}

export class Suspicion {
  readonly #context: SuspicionContext;
  readonly #table: TableUuid;
  readonly #onTrouble: (state: string, cause: string) => void;
  readonly #hunt: PoisonHunt;
  /** Records below these are tried; undefined: none is. */
  #suspects: ReadonlyMap<LaneId, Offset> | undefined;
  #clearance: Clearance;
  /** Where the table stands once it holds them; known when all of them were read back. */
  #end: ReadonlyMap<LaneId, Offset> | undefined;
  #failures = 0;

  constructor(context: SuspicionContext, table: TableUuid, onTrouble: (state: string, cause: string) => void) {
    this.#context = context;
    this.#table = table;
    this.#onTrouble = onTrouble;
    this.#hunt = new PoisonHunt(context.trials);
    this.#clearance = new Clearance(this.#hunt);
  }

  /**
   * The table's records below `ends` are about to be read back. Resolves when that is counted; a disk that cannot count them keeps nobody
   * waiting.
   */
  async begin(ends: ReadonlyMap<LaneId, Offset>): Promise<void> {
    const { attempts } = this.#context;
    const lives = attempts.begunFor(this.#table);
    if (lives >= STRIKES)
      this.#suspect(ends, `${lives} lives ended before any of what they read back was in the table`);
    await attempts.begin(this.#table).catch((error: unknown) => this.#onTrouble('not-counted', messageOf(error)));
  }

  /** Files of the table could not be written; `staged` as in `readBack`. */
  failed(cause: unknown, staged: ReadonlyMap<LaneId, Offset>): void {
    // A full disk or memory says nothing of the records.
    if (isSluiceError(cause, 'unavailable') || isSluiceError(cause, 'closed')) return;
    this.#failures += 1;
    if (this.#failures === STRIKES) this.#suspect(staged, `its files could not be written ${STRIKES} times in a row`);
  }

  /** Everything in the log is staged up to these. */
  readBack(staged: ReadonlyMap<LaneId, Offset>): void {
    if (this.#suspects === undefined || this.#end !== undefined) return;
    this.#end = new Map([...this.#suspects].map(([lane, end]) => [lane, lesser(end, staged.get(lane) ?? offset(0))]));
  }

  /** The table holds what is below these, and something of it is new, or there is nothing new. */
  async wrote(progress: ReadonlyMap<LaneId, Offset>): Promise<void> {
    this.#failures = 0;
    if (this.#suspects !== undefined) {
      const end = this.#end;
      if (end === undefined || [...end].some(([lane, next]) => (progress.get(lane) ?? 0n) < next)) return;
      this.#suspects = undefined;
      this.#end = undefined;
    }
    await this.#context.attempts
      .end(this.#table)
      .catch((error: unknown) => this.#onTrouble('not-counted', messageOf(error)));
  }

  /**
   * Records of the entry that the engine or the process does not survive; none where there is no reason to look. `ahead` yields the entry
   * and what follows. Rejects with `closed`.
   */
  async poison(
    entry: Pick<Suspects, 'lane' | 'baseOffset' | 'layout'>,
    lines: () => Suspects['lines'],
    ahead: () => AsyncIterable<EntryLines>,
    signal: AbortSignal,
  ): Promise<readonly LateMisfit[]> {
    const { runtime } = this.#context;
    if (entry.baseOffset >= (this.#suspects?.get(entry.lane) ?? 0n)) return [];
    for (let attempt = 0; ; attempt += 1)
      try {
        if (await this.#clearance.clears(entry, ahead(), entry.layout, signal)) return [];
        return await this.#hunt.find({ ...entry, lines: lines() }, signal);
      } catch (error) {
        if (!isSluiceError(error, 'unavailable')) throw error;
        this.#onTrouble('write-failed', messageOf(error));
        await runtime.clock.sleep(backoffMs(BACKOFF, attempt, runtime.random), signal);
      }
  }

  #suspect(ends: ReadonlyMap<LaneId, Offset>, why: string): void {
    this.#suspects = new Map([...(this.#suspects ?? []), ...ends]);
    this.#clearance = new Clearance(this.#hunt);
    this.#end = undefined;
    this.#onTrouble('suspicious', `${why}: they are tried before they are staged`);
  }
}

const lesser = (a: Offset, b: Offset): Offset => (a < b ? a : b);
