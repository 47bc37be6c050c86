/**
 * What happened lately in this daemon, kept for whoever asks how it does: rates, lost attempts, troubles, slow-downs, clock jumps.
 * Listens beside the metrics. Bounded: a few numbers a table, the last checkpoints, no records. Judges nothing.
 */
import type { Exposition, Metrics } from '../contracts/metrics.ts';
import type { DaemonFacts, TableFacts } from '../contracts/diagnosis.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import { RollingSum } from '../core/rolling-sum.ts';
import type { Clock } from '../core/runtime.ts';
import { SLOW_DOWN } from '../store/retrying-store.ts';

export const WINDOW_SECONDS = 600;
const WINDOW_MS = WINDOW_SECONDS * 1000;
const BUCKET_MS = 30_000;
const RATE_MS = 30_000;
const RATE_BUCKET_MS = 2_000;
const CHECKPOINTS_KEPT = 20;
/** Wall and monotonic clock drift apart by less than this between two looks, unless somebody sets one. */
const JUMP_MS = 1_000;

const ANSWERS = new Set(['ok', 'absent', 'lost-race']);

type Lately = Pick<TableFacts, 'checkpoints' | 'intake' | 'attempts' | 'trouble' | 'deadLetters'>;

export class Watch {
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #tables = new Map<string, TableWatch>();
  readonly #requests = counter();
  readonly #failed = counter();
  readonly #slowDowns = counter();
  #clocks: { readonly wall: number; readonly monotonic: number };
  #jump: DaemonFacts['clockJump'];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAt = clock.now();
    this.#clocks = { wall: clock.now(), monotonic: clock.monotonic() };
  }

  /** The same registry, with this watch listening. */
  beside(metrics: Metrics & Exposition): Metrics & Exposition {
    return {
      ...metrics,
      ingest: (seen) => {
        metrics.ingest(seen);
        if (seen.result === 'accepted' && seen.table !== undefined) this.#table(seen.table).accepted(seen.records);
      },
      checkpoint: (record) => {
        metrics.checkpoint(record);
        this.#table(record.table).checkpoint(record);
      },
      commitAttempt: (table, outcome) => {
        metrics.commitAttempt(table, outcome);
        this.#table(table).attempt(outcome);
      },
      storeRequest: (operation, code, seconds) => {
        metrics.storeRequest(operation, code, seconds);
        const now = this.#clock.monotonic();
        this.#requests.add(1, now);
        if (!ANSWERS.has(code)) this.#failed.add(1, now);
      },
      storeRetry: (operation, reason) => {
        metrics.storeRetry(operation, reason);
        if (reason === SLOW_DOWN) this.#slowDowns.add(1, this.#clock.monotonic());
      },
      deadLetters: (table, code, records) => {
        metrics.deadLetters(table, code, records);
        this.#table(table).deadLetters(code, records);
      },
    };
  }

  trouble(table: string, state: string, cause: string): void {
    this.#table(table).trouble(state, cause);
  }

  /** Compares the two clocks; to be called now and then. */
  lookAtClocks(): void {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const byMs = Math.round(wall - this.#clocks.wall - (monotonic - this.#clocks.monotonic));
    if (Math.abs(byMs) >= JUMP_MS) this.#jump = { at: wall, byMs };
    this.#clocks = { wall, monotonic };
  }

  get clockJump(): DaemonFacts['clockJump'] {
    return this.#jump;
  }

  get store(): DaemonFacts['store'] {
    const lately = (sum: RollingSum): number => sum.sum(this.#clock.monotonic(), WINDOW_MS);
    return {
      requests: lately(this.#requests),
      failed: lately(this.#failed),
      slowDowns: lately(this.#slowDowns),
    };
  }

  table(name: string): Lately {
    return this.#tables.get(name)?.facts ?? NOTHING_YET;
  }

  #table(name: string): TableWatch {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const fresh = new TableWatch(this.#clock);
    this.#tables.set(name, fresh);
    return fresh;
  }
}

const NOTHING_YET: Lately = {
  checkpoints: [],
  intake: { recordsPerSecond: 0 },
  attempts: { committed: 0, conflicts: 0, unknown: 0 },
};

class TableWatch {
  readonly #clock: Clock;
  readonly #since: number;
  readonly #records = new RollingSum(RATE_BUCKET_MS, RATE_MS / RATE_BUCKET_MS + 1);
  readonly #attempts = { committed: counter(), conflict: counter(), unknown: counter() };
  /** By code, from a bounded set. */
  readonly #deadLetters = new Map<string, RollingSum>();
  readonly #checkpoints: CheckpointRecord[] = [];
  #lastAt: number | undefined;
  #trouble: TableFacts['trouble'];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  accepted(records: number): void {
    this.#lastAt = this.#clock.now();
    this.#records.add(records, this.#clock.monotonic());
  }

  checkpoint(record: CheckpointRecord): void {
    this.#checkpoints.push(record);
    if (this.#checkpoints.length > CHECKPOINTS_KEPT) this.#checkpoints.shift();
  }

  attempt(outcome: 'committed' | 'conflict' | 'unknown'): void {
    this.#attempts[outcome].add(1, this.#clock.monotonic());
  }

  deadLetters(code: string, records: number): void {
    const sum = this.#deadLetters.get(code) ?? counter();
    this.#deadLetters.set(code, sum);
    sum.add(records, this.#clock.monotonic());
  }

  trouble(state: string, cause: string): void {
    this.#trouble = { state, cause, at: this.#clock.now() };
  }

  get facts(): Lately {
    const now = this.#clock.monotonic();
    // A table that came ten seconds ago is told by those ten.
    const overMs = Math.min(RATE_MS, Math.max(RATE_BUCKET_MS, now - this.#since));
    return {
      checkpoints: [...this.#checkpoints],
      intake: {
        recordsPerSecond: (this.#records.sum(now, overMs) / overMs) * 1000,
        ...(this.#lastAt === undefined ? {} : { lastAt: this.#lastAt }),
      },
      attempts: {
        committed: this.#attempts.committed.sum(now, WINDOW_MS),
        conflicts: this.#attempts.conflict.sum(now, WINDOW_MS),
        unknown: this.#attempts.unknown.sum(now, WINDOW_MS),
      },
      deadLetters: [...this.#deadLetters].map(([code, sum]) => ({ code, records: sum.sum(now, WINDOW_MS) })),
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }
}

function counter(): RollingSum {
  return new RollingSum(BUCKET_MS, WINDOW_MS / BUCKET_MS + 1);
}
