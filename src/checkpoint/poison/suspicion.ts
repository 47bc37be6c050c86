/**
 * Whether a table's records are tried one entry at a time before they are staged: after its replay did not come to an end in several lives,
 * or its files could not be written several times in a row. Owns when that begins and ends; the trials are `poison-hunt.ts`.
 */
import { backoffMs, type BackoffPolicy } from '../../core/backoff.ts';
import { isSluiceError, messageOf } from '../../core/errors.ts';
import type { TableUuid } from '../../core/ids.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { ColumnEngine } from '../../contracts/column-engine.ts';
import type { LateMisfit } from '../dead-letters/undecided.ts';
import type { AttemptBook } from './attempt-book.ts';
import { PoisonHunt, STRIKES, type Suspects } from './poison-hunt.ts';

const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 30_000 };

export interface SuspicionContext {
  readonly engine: ColumnEngine;
  readonly attempts: AttemptBook;
  readonly runtime: Runtime;
}

export class Suspicion {
  readonly #context: SuspicionContext;
  readonly #table: TableUuid;
  readonly #onTrouble: (state: string, cause: string) => void;
  readonly #hunt: PoisonHunt;
  #suspicious = false;
  #failures = 0;

  constructor(context: SuspicionContext, table: TableUuid, onTrouble: (state: string, cause: string) => void) {
    this.#context = context;
    this.#table = table;
    this.#onTrouble = onTrouble;
    this.#hunt = new PoisonHunt(context.engine, context.attempts);
  }

  /** The table's records are about to be read back. Resolves when that is counted; a disk that cannot count them keeps nobody waiting. */
  async begin(): Promise<void> {
    const { attempts } = this.#context;
    if (attempts.begunFor(this.#table) >= STRIKES)
      this.#suspect(`its records were read back in ${attempts.begunFor(this.#table)} lives without an end`);
    await attempts.begin(this.#table).catch((error: unknown) => this.#onTrouble('not-counted', messageOf(error)));
  }

  /** Files of the table could not be written. */
  failed(cause: unknown): void {
    // A full disk or memory says nothing of the records.
    if (isSluiceError(cause, 'unavailable') || isSluiceError(cause, 'closed')) return;
    this.#failures += 1;
    if (this.#failures === STRIKES) this.#suspect(`its files could not be written ${STRIKES} times in a row`);
  }

  /** Files of the table are in it; `all`: everything that was acknowledged is. */
  async wrote(all: boolean): Promise<void> {
    this.#failures = 0;
    if (!all) return;
    this.#suspicious = false;
    await this.#context.attempts
      .end(this.#table)
      .catch((error: unknown) => this.#onTrouble('not-counted', messageOf(error)));
  }

  /** Records that the engine or the process does not survive; none where there is no reason to look. Rejects with `closed`. */
  async poison(suspects: () => Omit<Suspects, 'table'>, signal: AbortSignal): Promise<readonly LateMisfit[]> {
    const { runtime } = this.#context;
    if (!this.#suspicious) return [];
    for (let attempt = 0; ; attempt += 1)
      try {
        return await this.#hunt.find({ ...suspects(), table: this.#table }, signal);
      } catch (error) {
        if (!isSluiceError(error, 'unavailable')) throw error;
        this.#onTrouble('write-failed', messageOf(error));
        await runtime.clock.sleep(backoffMs(BACKOFF, attempt, runtime.random), signal);
      }
  }

  #suspect(why: string): void {
    this.#suspicious = true;
    this.#onTrouble('suspicious', `${why}: each request's records are tried before they are staged`);
  }
}
