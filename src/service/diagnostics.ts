/** The daemon looked at as a whole (`DiagnosisPort`): gathers the facts, lets the rules judge. Owns the gathering and its upkeep. */
import type { DaemonFacts, Diagnosis, DiagnosisPort, TableFacts } from '../contracts/diagnosis.ts';
import type { Levels } from '../contracts/metrics.ts';
import type { LogStatus } from '../contracts/log.ts';
import type { ControlPort, TableStatus } from '../contracts/service-ports.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../core/errors.ts';
import { formatTableName, type TableName, type TableUuid } from '../core/ids.ts';
import type { Clock } from '../core/runtime.ts';
import { diagnose } from '../diagnose/diagnose.ts';
import { healthOf } from '../diagnose/health.ts';
import type { HealthHistory } from './health-history.ts';
import { EventLoopDelay, processMemory } from './process-facts.ts';
import { causeOf, type SurveyCache } from './survey-cache.ts';
import { WINDOW_SECONDS, type Watch } from './watch.ts';

export interface DiagnosticsParts {
  readonly control: Pick<ControlPort, 'tables' | 'describe' | 'notReady'>;
  readonly surveys: SurveyCache;
  readonly history: Pick<HealthHistory, 'of'>;
  readonly watch: Watch;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Undefined while the daemon starts. */
  readonly log: () => LogStatus | undefined;
  readonly bodies: () => NonNullable<Levels['memory']>;
  /** Tables that were taken up, by uuid. */
  readonly nameOf: (uuid: TableUuid) => TableName | undefined;
}

/** A first diagnosis of a daemon with many tables does not wait until each was looked at. */
const MOST_LOOKS = 20;
const LOOK_PATIENCE_MS = 3_000;

export class Diagnostics implements DiagnosisPort {
  readonly #parts: DiagnosticsParts;
  readonly #loop = new EventLoopDelay();
  readonly #ending = new AbortController();
  readonly #upkeep: Promise<void>;

  constructor(parts: DiagnosticsParts) {
    this.#parts = parts;
    this.#upkeep = parts.surveys.run(() => {
      this.#loop.turn();
      parts.watch.lookAtClocks();
    }, this.#ending.signal);
  }

  async diagnose(table: TableName | undefined, visible: (table: TableName) => boolean): Promise<Diagnosis | undefined> {
    const { control, surveys, watch } = this.#parts;
    watch.lookAtClocks();
    const listed = await statusesOf(control);
    const chosen =
      table === undefined
        ? listed.statuses.filter(({ name }) => visible(name))
        : listed.statuses.filter(({ name }) => formatTableName(name) === formatTableName(table));
    // A catalog that cannot be asked does not make a table unknown.
    if (table !== undefined && chosen.length === 0 && listed.error === undefined) return undefined;
    const wanted = table === undefined ? chosen.filter(({ name }) => surveys.get(name) === undefined) : chosen;
    await this.#look(wanted.slice(0, MOST_LOOKS).map(({ name }) => name));
    const parked = this.#parkedNames();
    const view = {
      daemon: this.#daemonFacts(listed.error),
      tables: chosen.map((status) => this.#tableFacts(status, parked)),
    };
    return { view, findings: diagnose(view) };
  }

  async health(table: TableName): ReturnType<DiagnosisPort['health']> {
    const surveyed = await this.#parts.surveys.fresh(table);
    switch (surveyed.kind) {
      case 'absent':
        return undefined;
      case 'unreadable':
        throw surveyed.cause;
      case 'surveyed':
        return { survey: surveyed.survey, health: healthOf(surveyed.survey, formatTableName(table)) };
    }
  }

  async healthHistory(table: TableName, limit: number): ReturnType<DiagnosisPort['healthHistory']> {
    const surveyed = await this.#parts.surveys.fresh(table);
    switch (surveyed.kind) {
      case 'absent':
        return undefined;
      case 'unreadable':
        throw surveyed.cause;
      case 'surveyed':
        return this.#parts.history.of(surveyed.uuid, limit);
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#loop.close();
    await this.#upkeep;
  }

  /** Waits, but not long: a store that does not answer is a reason to ask, not one to go without an answer. */
  async #look(names: readonly TableName[]): Promise<void> {
    const { surveys, clock } = this.#parts;
    if (names.length === 0) return;
    const patience = new AbortController();
    const waited = clock.sleep(LOOK_PATIENCE_MS, patience.signal).catch(() => undefined);
    const looks = (async () => {
      for (const name of names) {
        if (patience.signal.aborted) return;
        await surveys.fresh(name);
      }
    })();
    await Promise.race([looks, waited]);
    patience.abort();
  }

  #tableFacts(status: TableStatus, parked: ReadonlySet<string>): TableFacts {
    const { surveys, watch } = this.#parts;
    const name = formatTableName(status.name);
    const surveyed = surveys.get(status.name);
    const unreadable = causeOf(surveyed);
    return {
      ...watch.table(name),
      status,
      parked: parked.has(name),
      ...(unreadable === undefined ? {} : { unreadable }),
      ...(surveyed?.kind === 'surveyed' ? { survey: surveyed.survey } : {}),
    };
  }

  #daemonFacts(catalogError: string | undefined): DaemonFacts {
    const { watch, settings, clock, control, log: statusOf, bodies } = this.#parts;
    const log = statusOf();
    const { used, limit } = bodies();
    const { clockJump } = watch;
    return {
      now: clock.now(),
      startedAt: watch.startedAt,
      windowSeconds: WINDOW_SECONDS,
      pipeline: settings.pipeline,
      notReady: control.notReady(),
      ...(catalogError === undefined ? {} : { catalogError }),
      ...(log === undefined ? {} : { log: { ...log, parkedTables: log.parked.length } }),
      memory: { bodiesUsed: used, bodiesLimit: limit, ...processMemory() },
      eventLoop: this.#loop.facts,
      store: watch.store,
      ...(clockJump === undefined ? {} : { clockJump }),
      settings: {
        checkpointIntervalMs: settings.checkpoint.intervalMs,
        trimGraceMs: settings.log.trimGraceMs,
      },
    };
  }

  #parkedNames(): ReadonlySet<string> {
    const { log, nameOf } = this.#parts;
    return new Set(
      (log()?.parked ?? []).map((uuid) => {
        const name = nameOf(uuid);
        return name === undefined ? uuid : formatTableName(name);
      }),
    );
  }
}

async function statusesOf(
  control: Pick<ControlPort, 'tables'>,
): Promise<{ readonly statuses: readonly TableStatus[]; readonly error?: string }> {
  try {
    return { statuses: await control.tables() };
  } catch (error) {
    return { statuses: [], error: messageOf(error) };
  }
}
