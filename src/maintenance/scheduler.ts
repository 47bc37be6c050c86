/**
 * Jobs that nobody asked for: at the times of a schedule, tables that have changed enough are looked at, and what has work gets a job.
 * Owns times and thresholds; what a table needs is asked of whoever does it.
 */
import type { JobKind } from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { nextTime, pauseMs } from './schedule.ts';

/** As far as known here; the sequence number grows with every commit. */
export type ScheduledTable = Pick<TableView, 'name' | 'uuid' | 'sequenceNumber'>;

export interface Duty {
  readonly kind: JobKind;
  /** Cron expression. */
  readonly schedule: string;
  /** A table is looked at after so many commits, or this long after the last one before. */
  readonly afterCommits: number;
  readonly afterMs: number;
  /** Starts a job if there is work. Resolves when it has ended, with false when it failed. */
  readonly look: (table: TableName) => Promise<boolean>;
}

export interface SchedulerOptions {
  readonly duties: readonly Duty[];
  readonly tables: () => readonly ScheduledTable[];
  readonly runtime: Runtime;
  readonly onTrouble: (table: string, kind: JobKind, cause: string) => void;
}

interface Standing {
  /** When it was looked at last. */
  readonly sequenceNumber: bigint;
  readonly at: number;
  readonly failures: number;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #standing = new Map<string, Standing>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** One loop a duty: a long job of one kind delays no other kind. Rejects with kind `closed` when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.duties.map((duty) => this.#loop(duty, signal)));
  }

  async #loop(duty: Duty, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.runtime;
    for (;;) {
      const at = nextTime(duty.schedule, clock.now());
      if (at === undefined) return;
      // In pieces, so that a clock that jumps delays nothing for long.
      while (clock.now() < at) await clock.sleep(Math.min(at - clock.now(), LONGEST_SLEEP_MS), signal);
      for (const table of this.#options.tables()) await this.#visit(duty, table);
    }
  }

  async #visit(duty: Duty, { name, uuid, sequenceNumber }: ScheduledTable): Promise<void> {
    const key = `${duty.kind} ${uuid}`;
    const before = this.#standing.get(key);
    const now = this.#options.runtime.clock.monotonic();
    if (before !== undefined && !isDue(duty, before, sequenceNumber, now)) return;
    const well = await this.#look(duty, name);
    this.#standing.set(key, { sequenceNumber, at: now, failures: well ? 0 : (before?.failures ?? 0) + 1 });
  }

  async #look(duty: Duty, table: TableName): Promise<boolean> {
    try {
      return await duty.look(table);
    } catch (error) {
      if (isSluiceError(error, 'closed')) throw error;
      this.#options.onTrouble(formatTableName(table), duty.kind, messageOf(error));
      return false;
    }
  }
}

const LONGEST_SLEEP_MS = 60_000;

function isDue(duty: Duty, { sequenceNumber, at, failures }: Standing, current: bigint, now: number): boolean {
  if (failures > 0 && now - at < pauseMs(failures)) return false;
  return current - sequenceNumber >= BigInt(duty.afterCommits) || now - at >= duty.afterMs;
}
