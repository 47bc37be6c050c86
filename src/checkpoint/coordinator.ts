/**
 * All tables of one daemon: opening them at their progress, the clock that cuts epochs, checkpoints on request, trimming, parking, draining.
 * Owns the set of pipelines and the epoch counter. What happens inside a table is `table-pipeline.ts`; what requests say is `ingest.ts`.
 */
import { SluiceError, isSluiceError, messageOf } from '../core/errors.ts';
import {
  epoch,
  formatTableName,
  type Epoch,
  type Generation,
  type PipelineId,
  type TableName,
  type TableUuid,
} from '../core/ids.ts';
import { Pace } from '../core/pace.ts';
import type { Runtime } from '../core/runtime.ts';
import { TaskGroup } from '../core/task-group.ts';
import type { ColumnEngine, FileLayout } from '../contracts/column-engine.ts';
import type { Locations } from '../contracts/locations.ts';
import type { Log } from '../contracts/log.ts';
import type { RecordChecker } from '../contracts/record-checker.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import type { LoadOutcome, PreparedChange, TableFormat, TableView } from '../contracts/table-format.ts';
import type { Tables } from '../contracts/tables.ts';
import { NO_TRACER, type Tracer } from '../contracts/tracing.ts';
import type { TrialWriter } from '../contracts/trial-writer.ts';
import { deadLetterTableOf } from '../record/dead-letter-table.ts';
import { onErrorOf } from '../record/on-error.ts';
import type { Progress } from '../record/progress.ts';
import { Burials } from './dead-letters/burials.ts';
import { DeadLetters, orUnavailable, type DeadLettersContext } from './dead-letters/dead-letters.ts';
import { LateRefusals } from './dead-letters/late-refusals.ts';
import { fenceLostLanes } from './fence-lost.ts';
import type { FlushLimits } from './flush-policy.ts';
import { GONE_GRACE_MS, GoneTables } from './gone-tables.ts';
import type { CheckpointHistory } from './history.ts';
import { tablesToPark } from './parking.ts';
import type { AttemptBook } from './poison/attempt-book.ts';
import { lanesOf, lostLanes, nextGeneration } from './protocol.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { TableProducers, type ProducerLimits } from './producers/table-producers.ts';
import type { StateObjects } from './producers/state-objects.ts';
import { outcomeUnknown, type Stop } from './stops.ts';
import { TablePipeline } from './table-pipeline.ts';

export interface CoordinatorOptions<V extends TableView, P extends PreparedChange> {
  readonly format: TableFormat<V, P>;
  readonly tables: Tables<V>;
  readonly log: Log;
  readonly engine: ColumnEngine;
  readonly locations: Locations;
  readonly runtime: Runtime;
  readonly pipeline: PipelineId;
  readonly limits: FlushLimits;
  readonly layoutOf: (view: V) => FileLayout;
  readonly checkerOf: (view: V) => RecordChecker;
  readonly history: CheckpointHistory;
  /** Default: no traces. */
  readonly tracer?: Tracer;
  readonly producerStates: StateObjects;
  readonly producerLimits: ProducerLimits;
  /** Hears what people should know: state changes, lost answers, retries. */
  readonly onTrouble: (table: string, state: string, cause: string) => void;
  readonly onCheckpoint: (record: CheckpointRecord) => void;
  /** Makes a table with the daemon's defaults; one that exists stays as it is. */
  readonly createTable: DeadLettersContext<V, P>['createTable'];
  readonly attempts: AttemptBook;
  readonly trials: TrialWriter;
  readonly onDeadLetters: DeadLettersContext<V, P>['onDeadLetters'];
}

/** How often due epochs are looked for; the precision of the checkpoint interval. */
const TICK_MS = 50;
const UPKEEP_MS = 1_000;
/** Tables that could not be opened, or are gone, are asked for again every so many rounds. */
const TAKE_UP_ROUNDS = 10;

export class Coordinator<V extends TableView, P extends PreparedChange> {
  /** For work on large payloads: one step of any of it a turn of the event loop. */
  readonly pace: Pace;
  readonly deadLetters: DeadLetters<V, P>;
  readonly #options: CoordinatorOptions<V, P>;
  readonly #late: LateRefusals<V, P>;
  readonly #gone: GoneTables<V, P>;
  readonly #pipelines = new Map<TableUuid, TablePipeline<V, P>>();
  readonly #byName = new Map<string, Promise<TablePipeline<V, P> | undefined>>();
  readonly #group: TaskGroup;
  #generation: Generation;
  #epoch: Epoch = epoch(0);

  constructor(options: CoordinatorOptions<V, P>) {
    this.#options = options;
    this.pace = new Pace(options.runtime.clock);
    const pipelineOf = (name: TableName) => this.pipelineOf(name);
    this.deadLetters = new DeadLetters({ ...options, pace: this.pace, pipelineOf });
    this.#late = new LateRefusals({
      ...options,
      letters: this.deadLetters,
      pipelineOf,
      onTrouble: (table, state, cause) => options.onTrouble(this.#nameOf(table), state, cause),
    });
    this.#gone = new GoneTables({
      ...options,
      clock: options.runtime.clock,
      burials: new Burials({ ...options, letters: this.deadLetters }),
      pipelineOf: (table) => this.#pipelines.get(table),
    });
    this.#generation = nextGeneration([], options.runtime.clock.now());
    this.#group = new TaskGroup((name, error) => options.onTrouble('', `task failed: ${name}`, messageOf(error)));
  }

  get pipelines(): readonly TablePipeline<V, P>[] {
    return [...this.#pipelines.values()];
  }

  /**
   * Takes up every table the log still holds records for, and keeps trying in the background with those that cannot be read now:
   * one broken table delays no other. Resolves when each was tried once.
   */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#group.spawn('tick', (signal) => this.#tick(signal));
    this.#group.spawn('upkeep', (signal) => this.#upkeep(signal));
  }

  /** The pipeline of a table, opened on first use; undefined when the catalog has no such table. Rejects with `unavailable` for now. */
  pipelineOf(name: TableName): Promise<TablePipeline<V, P> | undefined> {
    const key = formatTableName(name);
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    const opening = this.#open(name);
    this.#byName.set(key, opening);
    // Neither an absent table nor a failure is remembered: the next request asks again.
    opening.then(
      (pipeline) => pipeline === undefined && this.#byName.delete(key),
      () => this.#byName.delete(key),
    );
    return opening;
  }

  /**
   * Cuts every table (or one) in one step; resolves when what was cut, and what waited before it, is committed or its table stopped.
   * Answers the last commit of each table since the cut: none for a table that had nothing new.
   */
  async checkpoint(
    only: TableUuid | undefined,
    trigger: CheckpointRecord['trigger'],
    signal: AbortSignal,
  ): Promise<readonly CheckpointRecord[]> {
    const number = this.#nextEpoch();
    const cut = this.pipelines.filter((pipeline) => only === undefined || pipeline.uuid === only);
    for (const pipeline of cut) pipeline.cut(number, trigger);
    await Promise.all(cut.map((pipeline) => pipeline.settled(trigger, signal)));
    return cut.flatMap(({ lastCheckpoint }) =>
      lastCheckpoint !== undefined && lastCheckpoint.epoch >= number ? [lastCheckpoint] : [],
    );
  }

  /**
   * Resolves when every dead letter of the table that was acknowledged before the call is committed, if it has any. Rejects with kind
   * `closed` or `fenced` when this process will not learn it.
   */
  async lettersCommitted(table: TableName): Promise<void> {
    const name = deadLetterTableOf(table);
    const letters = name === undefined ? undefined : await orUnavailable(this.pipelineOf(name));
    if (letters === undefined) return;
    if (letters === 'unavailable') throw outcomeUnknown(LETTERS_UNAVAILABLE);
    await letters.settled(undefined, this.#group.signal);
    if (letters.state.kind === 'stopped') throw outcomeUnknown(letters.state);
  }

  /** Resolves when every acknowledged record is in its table (stopped tables aside), or rejects when the signal aborts first. */
  async drain(trigger: CheckpointRecord['trigger'], signal: AbortSignal): Promise<void> {
    // What one table took in while another was still draining counts too.
    while (this.pipelines.some((pipeline) => !pipeline.drained && pipeline.state.kind !== 'stopped'))
      await Promise.all(this.pipelines.map((pipeline) => pipeline.drain(trigger, signal)));
  }

  /** Ends every loop. What is not committed stays in the log. */
  async stop(): Promise<void> {
    await this.#group.stop();
    const error = new SluiceError('closed', 'outcome unknown: the daemon is stopping; the record is durable', {
      remedy: 'ask for the position after the restart',
    });
    await Promise.all(this.pipelines.map((pipeline) => pipeline.close(error)));
  }

  async #takeUp(): Promise<void> {
    const { log, format, tables, runtime } = this.#options;
    const missing = new Set(
      log.pendingTables().filter((uuid) => {
        const pipeline = this.#pipelines.get(uuid);
        return pipeline === undefined || pipeline.goneSince !== undefined;
      }),
    );
    if (missing.size === 0) return;
    const progresses: (Progress | undefined)[] = [];
    const names: TableName[] = [];
    const listed = await this.#orReport('catalog', () => tables.list(), undefined);
    let whole = listed !== undefined;
    for (const name of distinct([...(listed ?? []), ...[...missing].flatMap((uuid) => this.#lastNameOf(uuid) ?? [])])) {
      const found = await this.#orReport(
        formatTableName(name),
        () => format.load(name).then((loaded) => this.#standing(loaded)),
        'unread' as const,
      );
      whole &&= found !== 'unread';
      if (found === undefined || found === 'unread' || !missing.delete(found.uuid)) continue;
      progresses.push(found.progress);
      names.push(name);
    }
    if (this.#pipelines.size === 0) this.#generation = nextGeneration(progresses, runtime.clock.now());
    for (const name of names) await this.#orReport(formatTableName(name), () => this.pipelineOf(name), undefined);
    await this.#gone.missed(missing, whole);
  }

  #lastNameOf(table: TableUuid): TableName | undefined {
    return this.#pipelines.get(table)?.name ?? this.#options.log.nameOf(table);
  }

  /** Identity and progress, together, so that a progress nobody can read is a failure of its table alone. */
  #standing(loaded: LoadOutcome<V>): { readonly uuid: TableUuid; readonly progress: Progress | undefined } | undefined {
    if (loaded.kind === 'absent') return undefined;
    return { uuid: loaded.view.uuid, progress: this.#options.format.progress(loaded.view, this.#options.pipeline) };
  }

  async #orReport<T, E>(table: string, work: () => Promise<T>, otherwise: E): Promise<T | E> {
    try {
      return await work();
    } catch (error) {
      if (isSluiceError(error, 'closed')) throw error;
      this.#options.onTrouble(table, 'unavailable', messageOf(error));
      return otherwise;
    }
  }

  #nextEpoch(): Epoch {
    this.#epoch = epoch(this.#epoch + 1n);
    return this.#epoch;
  }

  async #open(name: TableName): Promise<TablePipeline<V, P> | undefined> {
    const loaded = await this.#options.format.load(name);
    if (loaded.kind === 'absent') return undefined;
    return this.#gone.whileOpening(loaded.view.uuid, () => this.#openLoaded(name, loaded.view));
  }

  async #openLoaded(name: TableName, loaded: V): Promise<TablePipeline<V, P> | undefined> {
    const { format, log, pipeline, runtime } = this.#options;
    let view = loaded;
    const known = this.#pipelines.get(view.uuid);
    if (known !== undefined) return known;
    const standing = format.progress(view, pipeline);
    if (standing !== undefined && standing.epoch > this.#epoch) this.#epoch = standing.epoch;
    // This table may not have been readable when the daemon's generation was chosen.
    const generation = nextGeneration([standing], Number(this.#generation));
    const lost = lostLanes(view.uuid, standing, log.lanes(), log.trimmed());
    if (lost.length > 0) {
      const events = {
        onTrouble: (state: string, cause: string) => this.#options.onTrouble(formatTableName(name), state, cause),
      };
      const end = await fenceLostLanes(
        format,
        view,
        pipeline,
        lost,
        generation,
        this.#nextEpoch(),
        runtime,
        events,
        this.#group.signal,
      );
      if (end.kind === 'table-gone') return undefined;
      view = end.view;
    }
    const progress = format.progress(view, pipeline);
    const context = this.#context(generation);
    const producers = await TableProducers.recover(context.producers, view.uuid, progress?.state, lanesOf(progress));
    // Without it nobody could say later whose dead letters its records become; that is no reason not to take them.
    await this.#orReport(formatTableName(name), () => log.remember(view.uuid, name), undefined);
    const opened = new TablePipeline(context, view, producers);
    this.#pipelines.set(view.uuid, opened);
    opened.start(progress, lost.length > 0);
    return opened;
  }

  #context(generation: Generation): PipelineContext<V, P> {
    const { history, onCheckpoint, onTrouble, producerStates, producerLimits, ...rest } = this.#options;
    const { tracer = NO_TRACER, ...shared } = rest;
    const { log, runtime } = shared;
    return {
      ...shared,
      tracer,
      producers: { log, states: producerStates, clock: runtime.clock, limits: producerLimits },
      generation,
      late: this.#late,
      pace: this.pace,
      group: this.#group,
      nextEpoch: () => this.#nextEpoch(),
      onCheckpoint: (table, record) => {
        onCheckpoint(record);
        this.#group.spawn('checkpoint record', () => history.record(table, record));
      },
      onTrouble: (table, state, cause) => onTrouble(this.#nameOf(table), state, cause),
    };
  }

  #nameOf(table: TableUuid): string {
    const pipeline = this.#pipelines.get(table);
    return pipeline === undefined ? table : formatTableName(pipeline.name);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.runtime;
    for (;;) {
      await clock.sleep(TICK_MS, signal);
      const now = clock.monotonic();
      const due = this.pipelines.filter((pipeline) => pipeline.due(now) !== undefined);
      if (due.length === 0) continue;
      const number = this.#nextEpoch();
      for (const pipeline of due) pipeline.cut(number, pipeline.due(now) ?? 'interval');
    }
  }

  async #upkeep(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    for (let round = 1; ; round += 1) {
      await runtime.clock.sleep(UPKEEP_MS, signal);
      await this.#orReport('log', () => this.#trim(), undefined);
      if (round % TAKE_UP_ROUNDS !== 0) continue;
      await this.#lookForGoneTables();
      await this.#lookForMendedTables();
      await this.#takeUp();
    }
  }

  async #trim(): Promise<void> {
    const { log } = this.#options;
    const pending = new Set(log.pendingTables());
    const views = [...pending].map((table) => ({
      table,
      committing: this.#pipelines.get(table)?.state.kind === 'running',
    }));
    // A table with nothing to commit counts: it would commit, if only the full log let its producers in.
    const committing = this.pipelines.some(
      ({ state, lastCommit, drained }) => state.kind === 'running' && (lastCommit !== undefined || drained),
    );
    for (const table of tablesToPark(log.status(), views, committing)) {
      await log.park(table);
      this.#options.onTrouble(this.#nameOf(table), 'parked', 'its records were moved aside so that the log can trim');
    }
    await log.trim();
  }

  /** A table that was missing may have been missing for a moment only; one of the same name but another uuid is opened anew by name. */
  async #lookForGoneTables(): Promise<void> {
    const { format, runtime } = this.#options;
    for (const pipeline of this.pipelines) {
      if (pipeline.goneSince === undefined || runtime.clock.monotonic() - pipeline.goneSince < GONE_GRACE_MS) continue;
      await this.#orReport(
        formatTableName(pipeline.name),
        async () => {
          const loaded = await format.load(pipeline.name);
          const standing = this.#standing(loaded);
          if (loaded.kind === 'loaded' && standing?.uuid === pipeline.uuid)
            this.#group.spawn('resume', () => pipeline.resume(loaded.view, standing.progress));
          else await this.#giveUpName(pipeline);
        },
        undefined,
      );
    }
  }

  /** Records that did not fit may fit again once somebody has changed the schema back, or may become dead letters: what the operator was told to do. */
  async #lookForMendedTables(): Promise<void> {
    const { format } = this.#options;
    for (const pipeline of this.pipelines) {
      const { state } = pipeline;
      if (state.kind !== 'stopped' || state.code !== 'not-writable') continue;
      await this.#orReport(
        formatTableName(pipeline.name),
        async () => {
          const loaded = await format.load(pipeline.name);
          const standing = this.#standing(loaded);
          if (loaded.kind === 'absent' || standing?.uuid !== pipeline.uuid) {
            // Dropped or replaced while it was stopped for another reason.
            pipeline.gone();
          } else if (
            loaded.view.schema.schemaId !== state.schemaId ||
            onErrorOf(loaded.view.properties) !== onErrorOf(pipeline.view.properties)
          )
            this.#group.spawn('resume', () => pipeline.resume(loaded.view, standing.progress));
        },
        undefined,
      );
    }
  }

  /** Missing twice, one grace apart: whatever bears the name now is another table. */
  async #giveUpName(pipeline: TablePipeline<V, P>): Promise<void> {
    pipeline.stillGone();
    const key = formatTableName(pipeline.name);
    if ((await this.#byName.get(key)) === pipeline) this.#byName.delete(key);
  }
}

const LETTERS_UNAVAILABLE: Stop = {
  code: 'internal',
  reason: 'the dead-letter table cannot be opened now; the letters are durable',
  remedy: 'send it again later',
};

const distinct = (names: readonly TableName[]): readonly TableName[] => [
  ...new Map(names.map((name) => [formatTableName(name), name])).values(),
];
