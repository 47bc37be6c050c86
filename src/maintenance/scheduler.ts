/**
 * Jobs that nobody asked for: at the times of a schedule, and once a minute in between, tables are looked at that have a reason to be.
 * Owns times and what each look came to; the reasons are `triggers.ts`, what a table needs is asked of whoever does it.
 */
import type { JobKind } from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { isOpen, type MaintenanceWindow } from '../record/maintenance-window.ts';
import { nextTime } from './schedule.ts';
import { whyLook, type LastLook, type TableLevels, type Triggers, type Why } from './triggers.ts';

/** As far as known here; the sequence number grows with every commit. */
export interface ScheduledTable extends Pick<TableView, 'name' | 'uuid' | 'sequenceNumber'> {
  /** Undefined before the first look at its metadata. */
  readonly levels: TableLevels | undefined;
}

/** `open`: a job of this kind is under way already. `idle`: there was nothing to do. */
export type LookOutcome = 'done' | 'idle' | 'failed' | 'open';

export interface Duty extends Triggers {
  readonly kind: JobKind;
  /** Cron expression. */
  readonly schedule: string;
  /** Starts a job if there is work. Resolves when it has ended. */
  readonly look: (table: TableName, why: Why) => Promise<LookOutcome>;
}

export interface WindowSettings {
  /** Of the windows and of every schedule. */
  readonly timeZone: string;
  /** None: at any time. */
  readonly windows: readonly MaintenanceWindow[];
}

export interface SchedulerOptions extends WindowSettings {
  readonly duties: readonly Duty[];
  readonly tables: () => readonly ScheduledTable[];
  readonly runtime: Runtime;
  /** The window that was open is over: what began in it, but for what is urgent, is to stop. */
  readonly onWindowEnd: () => void;
  readonly onTrouble: (table: string, kind: JobKind, cause: string) => void;
}

/** Between two looks at the figures of tables and at the windows. */
const TURN_MS = 60_000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #last = new Map<string, LastLook>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** One loop a duty: a long job of one kind delays no other kind. Rejects with kind `closed` when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#windows(signal), ...this.#options.duties.map((duty) => this.#loop(duty, signal))]);
  }

  get #open(): boolean {
    const { windows, timeZone, runtime } = this.#options;
    return isOpen(windows, timeZone, runtime.clock.now());
  }

  async #windows(signal: AbortSignal): Promise<void> {
    const { windows, runtime, onWindowEnd } = this.#options;
    if (windows.length === 0) return;
    for (let before = this.#open; ;) {
      await runtime.clock.sleep(TURN_MS, signal);
      const now = this.#open;
      if (before && !now) onWindowEnd();
      before = now;
    }
  }

  async #loop(duty: Duty, signal: AbortSignal): Promise<void> {
    const { runtime, timeZone, tables } = this.#options;
    const { clock } = runtime;
    const next = (): number => nextTime(duty.schedule, timeZone, clock.now()) ?? Number.POSITIVE_INFINITY;
    for (let scheduledAt = next(); ;) {
      // No sleep is longer than a turn, so that a clock that jumps delays nothing for long.
      await clock.sleep(Math.max(0, Math.min(scheduledAt - clock.now(), TURN_MS)), signal);
      const scheduled = clock.now() >= scheduledAt;
      // Before the looks: a time that passes while a job runs is still to come.
      scheduledAt = next();
      for (const table of tables()) await this.#visit(duty, table, scheduled);
    }
  }

  async #visit(duty: Duty, table: ScheduledTable, scheduled: boolean): Promise<void> {
    const { clock } = this.#options.runtime;
    const { name, uuid, sequenceNumber, levels } = table;
    const key = `${duty.kind} ${uuid}`;
    const last = this.#last.get(key);
    const moment = { sequenceNumber, levels, now: clock.monotonic(), scheduled, open: this.#open };
    const why = whyLook(duty, last, moment);
    if (why === undefined) return;
    const outcome = await this.#look(duty, name, why);
    if (outcome === 'open') return;
    this.#last.set(key, {
      sequenceNumber,
      bytes: levels?.bytes,
      at: clock.monotonic(),
      wallAt: clock.now(),
      idle: outcome === 'idle',
      failures: outcome === 'failed' ? (last?.failures ?? 0) + 1 : 0,
    });
  }

  async #look(duty: Duty, table: TableName, why: Why): Promise<LookOutcome> {
    try {
      return await duty.look(table, why);
    } catch (error) {
      if (isSluiceError(error, 'closed')) throw error;
      this.#options.onTrouble(formatTableName(table), duty.kind, messageOf(error));
      return 'failed';
    }
  }
}
