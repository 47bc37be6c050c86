/**
 * One table of a pipeline: its feed, its open and sealed epochs, its commits, and how it is doing. Owns the order
 * cut → write → commit → publish → acknowledge → trim for this table. Does not decide when to checkpoint, nor what other tables do.
 */
import { backoffMs, type BackoffPolicy } from '../core/backoff.ts';
import { type SluiceError, isSluiceError, messageOf } from '../core/errors.ts';
import type { Epoch, LaneId, Offset, TableName, TableUuid } from '../core/ids.ts';
import { CommitQueue } from '../commit/commit-queue.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { Entry, Log } from '../contracts/log.ts';
import type { RecordChecker } from '../contracts/record-checker.ts';
import type { CheckpointRecord, Committed } from '../contracts/service-ports.ts';
import type { PreparedChange, TableView } from '../contracts/table-format.ts';
import { onErrorOf } from '../record/on-error.ts';
import type { Progress } from '../record/progress.ts';
import { canHaveLetters } from './dead-letters/dead-letters.ts';
import { endOf, recordOf, type SealedEpoch, type UploadedEpoch } from './epoch.ts';
import { commitEpoch, emptyEpoch, type EpochEnd } from './epoch-commit.ts';
import { Epochs } from './epochs.ts';
import { Feed, type ReadyLines } from './feed.ts';
import { flushTrigger, type FlushTrigger } from './flush-policy.ts';
import { lagOf, type Lag } from './lag.ts';
import type { PipelineContext, PipelineState } from './pipeline-context.ts';
import { Suspicion } from './poison/suspicion.ts';
import { Positions } from './positions.ts';
import { FirstHearing } from './producers/first-hearing.ts';
import type { TableProducers } from './producers/table-producers.ts';
import { findGap, lanesOf, standingIn, stoodStill, wasPruned, type CommitPlan } from './protocol.ts';
import { Refresher, sameLayout } from './refresher.ts';
import { Signal } from './signal.ts';
import { fencedBy, outcomeUnknown, stopBy, stoppedAtGap, TABLE_GONE, type Stop } from './stops.ts';

const WRITE_BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 60_000 };

export class TablePipeline<V extends TableView, P extends PreparedChange> {
  readonly name: TableName;
  readonly uuid: TableUuid;
  readonly queue = new CommitQueue();
  readonly positions = new Positions();
  readonly producers: TableProducers;
  readonly #context: PipelineContext<V, P>;
  readonly #feed: Feed;
  readonly #hearing: FirstHearing;
  readonly #epochs: Epochs;
  #view: V;
  #checker: RecordChecker;
  #layout: FileLayout;
  #state: PipelineState = { kind: 'running' };
  #lastCommit: Committed | undefined;
  #lastCheckpoint: CheckpointRecord | undefined;
  #goneSince: number | undefined;
  #failures = 0;
  /** When the first record of an epoch came that was given up; undefined once its records are in the table. Monotonic. */
  #lateSince: number | undefined;
  readonly #suspicion: Suspicion;
  readonly #refresher: Refresher;
  /** Raised whenever a sealed epoch leaves, one is added, or the state changes. */
  readonly #changed = new Signal();

  constructor(context: PipelineContext<V, P>, view: V, producers: TableProducers) {
    this.#context = context;
    this.producers = producers;
    this.#view = view;
    this.name = view.name;
    this.uuid = view.uuid;
    this.#layout = context.layoutOf(view);
    this.#checker = context.checkerOf(view);
    this.#epochs = new Epochs(context, view, (state, cause) => this.#trouble(state, cause));
    this.#suspicion = new Suspicion(context, view.uuid, (state, cause) => this.#trouble(state, cause));
    this.#hearing = new FirstHearing({
      clock: context.runtime.clock,
      fence: (signal) => this.queue.run(() => this.#fence(signal)),
      stopped: () => this.#state.kind === 'stopped',
    });
    this.#refresher = new Refresher(context.runtime.clock, () => this.queue.run(() => this.#lookAgain()));
    this.#feed = new Feed(context.log, {
      table: view.uuid,
      checker: () => this.#checker,
      pace: context.pace,
      late: {
        allowed: ({ misfit }) =>
          canHaveLetters(this.name) && (misfit.code === 'poison' || onErrorOf(this.#view.properties) === 'dead_letter'),
        fence: (signal) => this.queue.run(() => this.#fence(signal)),
        decide: (entry, misfits, signal) => context.late.decide(this, entry, misfits, signal),
        poison: (entry, lines, ahead, signal) =>
          this.#suspicion.poison({ ...entry, layout: this.#layout }, lines, ahead, signal),
        passed: (refusals, signal) => context.late.passed(this.name, refusals, signal),
      },
      open: () => this.#epochs.openFor(this.#layout),
      hasRoom: () => this.#state.kind !== 'stopped' && this.#epochs.hasRoom,
      room: (signal) => this.#changed.next(signal),
      onStaged: (entry) => {
        producers.stagedEntry(entry);
        this.#cutBySize();
      },
      onLive: () => {
        this.#suspicion.readBack(this.#feed.staged);
        if (this.drained) {
          this.#lateSince = undefined;
          void this.#suspicion.wrote(this.positions.progress);
        }
        this.#changed.raise();
      },
    });
  }

  get view(): V {
    return this.#view;
  }

  get checker(): RecordChecker {
    return this.#checker;
  }

  get state(): PipelineState {
    return this.#state;
  }

  get lastCheckpoint(): CheckpointRecord | undefined {
    return this.#lastCheckpoint;
  }

  get lastCommit(): Committed | undefined {
    return this.#lastCommit;
  }

  get lag(): Lag {
    const logBytes = this.#context.log.pendingBytes(this.uuid);
    return lagOf(this.#epochs.waiting, this.#feed.unstaged, logBytes, this.#lateSince);
  }

  /** Every acknowledged record is in the table. */
  get drained(): boolean {
    return this.#feed.live && this.#epochs.waiting.length === 0;
  }

  durableTo(lane: LaneId): Offset | undefined {
    return this.#feed.durableTo(lane);
  }

  /** Begins from what the table says, where the producers stand already; `fenced` by a commit of the caller. Stops at once at a gap. */
  start(progress: Progress | undefined, fenced: boolean): void {
    if (fenced) this.#hearing.begin();
    this.#restart(progress);
    const { group, log } = this.#context;
    const left = log.pendingTables().includes(this.uuid) ? endsOf(log) : undefined;
    group.spawn(`feed ${this.uuid}`, async (signal) => {
      if (left !== undefined) await this.#suspicion.begin(left);
      await this.#whileRunning(() => this.#feed.run(signal), signal);
    });
    group.spawn(`commit ${this.uuid}`, (signal) => this.#whileRunning(() => this.#commitSealed(signal), signal));
  }

  /** To be awaited before a request of a producer is judged; undefined when there is nothing to wait for. */
  producersReady(): Promise<void> | undefined {
    return this.#hearing.ready(this.#context.group.signal);
  }

  /** Monotonic milliseconds since when the name has not led to this table; undefined while it does. */
  get goneSince(): number | undefined {
    return this.#goneSince;
  }

  /** The name leads to no table, or to another one: stopped, and asked again after a grace. */
  gone(): void {
    this.stillGone();
    this.#stop(TABLE_GONE);
  }

  /** Asked again and answered the same. */
  stillGone(): void {
    this.#goneSince = this.#context.runtime.clock.monotonic();
  }

  /** What it waited for with is dead letters now. */
  buried(): void {
    this.#feed.letGo();
    this.#lateSince = undefined;
  }

  /** The table is back under the same uuid, or has another schema: begins again from what it says, after a commit under way. */
  resume(view: V, progress: Progress | undefined): Promise<void> {
    return this.queue.run(async () => {
      if (this.#state.kind !== 'stopped') return;
      await this.#forgetUncommitted();
      await this.producers.rewind(progress?.state, this.#context.group.signal);
      this.#goneSince = undefined;
      this.#state = { kind: 'running' };
      this.#adopt(view);
      this.#context.onTrouble(this.uuid, 'resumed', 'the table can be written again');
      this.#restart(progress);
      this.#changed.raise();
    });
  }

  /**
   * Looks whether somebody changed the table's schema since the last commit, at most once a second; `checker` is another afterwards if so.
   * Waits for a commit under way, so that no view is taken for newer than it is, but not for long.
   */
  refresh(): Promise<void> {
    return this.#refresher.refresh();
  }

  async #lookAgain(): Promise<void> {
    const loaded = await this.#context.format.load(this.name).catch(() => undefined);
    if (loaded?.kind !== 'loaded' || loaded.view.uuid !== this.uuid || this.#state.kind === 'stopped') return;
    this.#adopt(loaded.view);
  }

  /** Called in offset order with every synced entry of this table. */
  onAppended(entry: Entry, ready?: ReadyLines): void {
    this.producers.stored(entry);
    try {
      this.#feed.onAppended(entry, ready);
    } catch (error) {
      this.#stop(stopBy(error));
    }
  }

  /** The open epoch, if it is due at this moment. */
  due(nowMonotonic: number): FlushTrigger | undefined {
    const { open } = this.#epochs;
    return open === undefined ? undefined : flushTrigger(open, this.#context.limits, nowMonotonic);
  }

  /**
   * Fixes the cut, swaps staging and goes on ingesting into the next epoch, all in one step. False when there is nothing to cut or two
   * sealed epochs wait already.
   */
  cut(epoch: Epoch, trigger: CheckpointRecord['trigger']): boolean {
    const state = (signal: AbortSignal) => this.producers.seal(epoch, signal);
    if (this.#state.kind === 'stopped' || !this.#epochs.seal(epoch, trigger, this.#view.location, state)) return false;
    this.#changed.raise();
    return true;
  }

  /**
   * Resolves when every record acknowledged before the call is in the table, whatever was given up and written anew on the way, or when
   * the table has stopped. With a trigger it cuts what is still open of them; later records wait for their own turn.
   */
  async settled(trigger: CheckpointRecord['trigger'] | undefined, signal: AbortSignal): Promise<void> {
    while (!this.#feed.live && this.#state.kind !== 'stopped') await this.#changed.next(signal);
    const target = this.positions.beyond(this.#feed.staged);
    while (this.#state.kind !== 'stopped' && this.positions.beyond(target).size > 0) {
      const open = [...(this.#epochs.open?.lanes ?? [])];
      if (trigger !== undefined && open.some(([lane, cut]) => (cut.from ?? 0n) < (target.get(lane) ?? 0n)))
        this.cut(this.#context.nextEpoch(), trigger);
      await this.#changed.next(signal);
    }
  }

  /** Resolves when every acknowledged record is in the table, or the table has stopped. Cuts what is open. */
  async drain(trigger: CheckpointRecord['trigger'], signal: AbortSignal): Promise<void> {
    while (!this.drained && this.#state.kind !== 'stopped') {
      this.cut(this.#context.nextEpoch(), trigger);
      if (!this.drained) await this.#changed.next(signal);
    }
  }

  /** Local files of this life go; the records stay in the log. */
  async close(error: SluiceError): Promise<void> {
    this.positions.close(error);
    await this.#forgetUncommitted();
  }

  #cutBySize(): void {
    const due = this.due(this.#epochs.open?.firstAt ?? 0);
    if (due === 'bytes' || due === 'rows') this.cut(this.#context.nextEpoch(), due);
    this.#changed.raise();
  }

  async #commitSealed(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { next } = this.#epochs;
      if (next === undefined || this.#state.kind === 'stopped') await this.#changed.next(signal);
      else await this.queue.run(() => this.#commit(next, signal));
    }
  }

  /** What could not be written (full disk, an engine's failure) is written anew from the log: nothing is lost, the table is late. */
  async #writeAgain(cause: unknown, signal: AbortSignal): Promise<void> {
    const { runtime, format, pipeline } = this.#context;
    this.#trouble('write-failed', messageOf(cause));
    this.#suspicion.failed(cause, this.#feed.staged);
    await this.#forgetUncommitted();
    await runtime.clock.sleep(backoffMs(WRITE_BACKOFF, this.#failures, runtime.random), signal);
    this.#failures += 1;
    await this.#beginAgain(format.progress(this.#view, pipeline), signal);
  }

  get #seen(): Pick<CommitPlan, 'known' | 'alone'> {
    return { known: this.positions.progress, alone: !this.#hearing.begun };
  }

  /** An empty commit: no attempt against an earlier base can land any more. */
  async #fence(signal: AbortSignal): Promise<boolean> {
    if (this.#state.kind === 'stopped') return false;
    const { format, pipeline, runtime, nextEpoch } = this.#context;
    const end = await commitEpoch(
      this.#context,
      this,
      this.#seen,
      emptyEpoch(nextEpoch(), runtime.random),
      { files: [], uploadedAt: runtime.clock.now() },
      undefined,
      (state, cause) => this.#trouble(state, cause),
      signal,
    );
    const progress = end.kind === 'in' ? format.progress(end.view, pipeline) : undefined;
    const held = end.kind === 'in' && stoodStill(progress, this.positions.progress);
    if (!held) await this.#goElsewhere(end.kind === 'in' ? { kind: 'recut', view: end.view } : end, signal);
    else this.#hearing.begin();
    if (held) this.#adopt(end.view);
    return held;
  }

  async #commit(sealed: SealedEpoch, signal: AbortSignal): Promise<void> {
    const written = await Promise.all([sealed.files, sealed.producers?.pointer]).catch((error: unknown) => ({
      failed: error,
    }));
    if ('failed' in written) {
      await this.#writeAgain(written.failed, signal);
      return;
    }
    const [uploaded, statePointer] = written;
    const end = await commitEpoch(
      this.#context,
      this,
      this.#seen,
      sealed,
      uploaded,
      statePointer,
      (state, cause) => this.#trouble(state, cause),
      signal,
    );
    if (end.kind !== 'in') return this.#goElsewhere(end, signal);
    this.#hearing.begin();
    this.#publishProducers(sealed, statePointer);
    this.#publish(sealed, uploaded, end.view, end.seconds);
    await this.#epochs.drop(sealed.staging);
  }

  /** What was to be committed is not in, and never will be as it was. */
  async #goElsewhere(end: Exclude<EpochEnd<V>, { kind: 'in' }>, signal: AbortSignal): Promise<void> {
    switch (end.kind) {
      case 'recut':
        this.#trouble('recut', 'another writer moved the progress of this pipeline');
        await this.#forgetUncommitted();
        this.#adopt(end.view);
        await this.#beginAgain(this.#context.format.progress(end.view, this.#context.pipeline), signal);
        return;
      case 'fenced':
        this.#stop(fencedBy(end.by));
        return;
      case 'table-gone':
        await this.#forgetUncommitted();
        this.gone();
    }
  }

  // Acknowledge last: a crash in between repeats work, the reverse loses records.
  #publish(sealed: SealedEpoch, uploaded: UploadedEpoch, view: V, commitSeconds: number): void {
    const { clock } = this.#context.runtime;
    const at = clock.now();
    const lanes = endOf(sealed.lanes);
    const freshness = (clock.monotonic() - (this.#lateSince ?? sealed.firstAt)) / 1000;
    this.#epochs.committed();
    this.#adopt(view);
    this.#lastCommit = { snapshot: sealed.token, at };
    this.#lateSince = undefined;
    this.#failures = 0;
    if (this.#state.kind === 'failing') this.#state = { kind: 'running' };
    this.#lastCheckpoint = recordOf(this.name, sealed, uploaded, commitSeconds, freshness);
    this.#context.onCheckpoint(this.uuid, this.#lastCheckpoint);
    this.positions.committed(lanes, sealed.token, at);
    this.#context.log.committed(this.uuid, lanes);
    void this.#suspicion.wrote(this.positions.progress);
    this.#changed.raise();
  }

  // Rows of one epoch share a layout: what is open under the old one is cut before the new one counts. False when that must wait.
  #adopt(view: V): boolean {
    if (!sameLayout(view, this.#view)) {
      if (this.#epochs.open !== undefined && !this.cut(this.#context.nextEpoch(), 'interval')) return false;
      this.#checker = this.#context.checkerOf(view);
      this.#layout = this.#context.layoutOf(view);
    }
    this.#view = view;
    return true;
  }

  #publishProducers({ producers }: SealedEpoch, pointer: string | undefined): void {
    if (producers === undefined || pointer === undefined) return;
    this.#context.group.spawn('producer state', () => this.producers.committed(producers.facts, pointer));
  }

  /** What was staged is given up; what producers have sent stays as the log has it, once they were heard. */
  async #beginAgain(progress: Progress | undefined, signal: AbortSignal): Promise<void> {
    if (this.#hearing.begun) await this.producers.rewind(progress?.state, signal);
    else await this.producers.learn(progress?.state, lanesOf(progress), signal);
    this.#restart(progress);
  }

  #restart(progress: Progress | undefined): void {
    const { log } = this.#context;
    const gap = findGap(this.uuid, progress, log.trimmed());
    if (gap !== undefined) {
      this.#stop(stoppedAtGap(gap));
      return;
    }
    const lanes = lanesOf(progress);
    const snapshot = progress && { snapshot: progress.token, at: this.#context.runtime.clock.now() };
    this.positions.restore(lanes, snapshot);
    log.committed(this.uuid, standingIn(progress, log.lanes()));
    this.#feed.rewind(lanes, (lane) => wasPruned(progress, lane));
  }

  async #forgetUncommitted(): Promise<void> {
    const { waiting } = this.#epochs;
    this.#lateSince ??= waiting[0]?.firstAt;
    this.#feed.hold(this.#epochs.held);
    await this.#epochs.forget();
    this.#changed.raise();
  }

  /** What the work throws stops the table; the work begins again when the table is resumed. */
  async #whileRunning(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      await work().catch((error: unknown) => {
        if (isSluiceError(error, 'closed')) throw error;
        this.#stop(stopBy(error));
      });
      while (this.#state.kind === 'stopped') await this.#changed.next(signal);
    }
  }

  #stop(stop: Stop): void {
    this.#state = { kind: 'stopped', ...stop, schemaId: this.#view.schema.schemaId };
    this.positions.close(outcomeUnknown(stop));
    this.#context.onTrouble(this.uuid, `stopped: ${stop.code}`, stop.reason);
    this.#changed.raise();
  }

  #trouble(state: string, cause: string): void {
    // A lost race is daily life; only what keeps commits from landing is failing.
    if (this.#state.kind !== 'stopped' && state !== 'conflict') this.#state = { kind: 'failing', reason: cause };
    this.#context.onTrouble(this.uuid, state, cause);
  }
}

const endsOf = (log: Log): ReadonlyMap<LaneId, Offset> => new Map(log.lanes().map(({ lane, end }) => [lane, end]));
