/**
 * One life of a daemon: the real log, coordinator and ingest on simulated effects. Owns assembly, death and a graceful end; decides nothing
 * about when they happen.
 */
import { Coordinator } from '../../../src/checkpoint/coordinator.ts';
import { LetterDesk } from '../../../src/checkpoint/dead-letters/letter-desk.ts';
import { CheckpointHistory } from '../../../src/checkpoint/history.ts';
import { Channels } from '../../../src/checkpoint/producers/channels.ts';
import { StateObjects } from '../../../src/checkpoint/producers/state-objects.ts';
import { AttemptBook } from '../../../src/checkpoint/poison/attempt-book.ts';
import { Ingest } from '../../../src/checkpoint/ingest.ts';
import type { Disk } from '../../../src/contracts/disk.ts';
import type { Entry, Log } from '../../../src/contracts/log.ts';
import type { IngestPort } from '../../../src/contracts/service-ports.ts';
import { isSluiceError, messageOf } from '../../../src/core/errors.ts';
import { pipelineId, type SnapshotId, type TableUuid } from '../../../src/core/ids.ts';
import type { Random } from '../../../src/core/runtime.ts';
import { openLog } from '../../../src/lane/open-log.ts';
import { Effects, SimClock } from './effects.ts';
import type { SimPrepared, SimView } from './model-catalog.ts';
import { SimChecker } from './records.ts';
import { diskHook } from './sim-disk.ts';
import { SimEngine } from './sim-engine.ts';
import { SimFormat } from './sim-format.ts';
import { SimStore, type LocalFiles } from './sim-store.ts';
import { SimTrials } from './sim-trials.ts';
import type { Plant } from '../plants.ts';
import type { WorldCore } from './core.ts';
import type { SimVolume } from './volumes.ts';

export const PIPELINE = pipelineId('main');

export class Life {
  readonly name: string;
  readonly volume: SimVolume;
  readonly effects: Effects;
  readonly clock: SimClock;
  /** Snapshots it reported as committed. */
  readonly reported = new Set<SnapshotId>();
  /** Tables whose progress somebody else moved during this life. */
  readonly recut = new Set<string>();
  /** Tables that stopped at some time during this life: nobody promises when they have caught up again. */
  readonly stopped = new Set<TableUuid>();
  state: 'starting' | 'ready' | 'stopping' | 'ended' = 'starting';
  log: Log | undefined;
  coordinator: Coordinator<SimView, SimPrepared> | undefined;
  ingest: IngestPort | undefined;
  channels: Channels | undefined;
  desk: LetterDesk<SimView, SimPrepared> | undefined;
  format: SimFormat | undefined;
  readonly #core: WorldCore;
  readonly #plant: Plant | undefined;
  #close: ((reason: string) => Promise<void>) | undefined;

  constructor(core: WorldCore, volume: SimVolume, number: number, plant: Plant | undefined) {
    this.#core = core;
    this.#plant = plant;
    this.name = `d${number}`;
    this.volume = volume;
    this.effects = new Effects(core.scheduler, this.name);
    this.clock = new SimClock(this.effects, core.time);
  }

  get alive(): boolean {
    return this.state !== 'ended';
  }

  /** Runs until ready, or ends the life when the start is refused. */
  async start(): Promise<void> {
    const { scheduler } = this.#core;
    try {
      await this.#open();
      if (this.state === 'starting') this.state = 'ready';
      scheduler.note(`${this.name} ready on ${this.volume.name}`);
    } catch (error) {
      if (!isSluiceError(error, 'unavailable') && !isSluiceError(error, 'closed'))
        this.#core.violation('I10', `${this.name} refuses to start: ${messageOf(error)}`);
      scheduler.note(`${this.name} could not start: ${messageOf(error)}`);
      this.end();
    }
  }

  /** Nothing of it runs or is answered any more. The volume keeps its page cache. */
  end(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.effects.kill();
    this.volume.disk.crashKill();
  }

  /** SIGTERM: stops accepting, drains for as long as `signal` allows, and ends. */
  async stop(signal: AbortSignal): Promise<'drained' | 'cut short'> {
    this.state = 'stopping';
    await this.#close?.('the daemon is stopping');
    const drained = await (this.coordinator?.drain('shutdown', signal) ?? Promise.resolve()).then(
      () => 'drained' as const,
      () => 'cut short' as const,
    );
    const acknowledged = drained === 'drained';
    if (acknowledged) this.#core.onDrained(this);
    await this.coordinator?.stop();
    await this.log?.close();
    this.end();
    return drained;
  }

  async #open(): Promise<void> {
    const core = this.#core;
    const { effects } = this;
    const random = core.random.fork(`life ${this.name}`);
    const shared = { effects, faults: core.faults };
    this.volume.disk.hook = diskHook({
      ...shared,
      random: random.fork('disk'),
      trouble: core.trouble,
      full: () => core.scheduler.now < core.diskFullUntil,
    });
    const chance: Random = this.#plant?.random?.(random.fork('product')) ?? random.fork('product');
    const runtime = { clock: this.#plant?.clock?.(this.clock) ?? this.clock, random: chance };
    let opening = true;
    const mounted = this.volume.disk.mount();
    const disk: Disk = this.#plant?.disk?.(mounted, () => opening) ?? mounted;
    const opened = await openLog({ disk, directory: '/log', runtime, ...core.logLimits });
    opening = false;
    await this.#look(opened);
    const log = this.#observed(this.#plant?.log?.(opened, core) ?? opened);
    const local: LocalFiles = new Map();
    const store = new SimStore({
      ...shared,
      bucket: core.bucket,
      random: random.fork('store'),
      trouble: core.trouble,
      local,
      onDelete: (life, key) => core.onDelete(life, key),
    });
    const format = new SimFormat({
      ...shared,
      catalog: core.catalog,
      network: core.network,
      random: random.fork('catalog'),
      trouble: core.trouble,
      createTable: (name) => core.createLetterTable(name),
    });
    this.format = format;
    const engine = new SimEngine({
      ...shared,
      random: random.fork('engine'),
      trouble: core.trouble,
      local,
      partitions: core.partitions,
      onBytes: (held) => core.onStagedBytes(this, held),
      poison: core.ledger.poison,
      die: () => core.onDeath(this),
    });
    this.log = log;
    const planted = this.#plant?.format?.(format, { core, log, store, random: random.fork('plant') }) ?? format;
    this.coordinator = new Coordinator<SimView, SimPrepared>({
      format: planted,
      tables: format,
      log,
      engine,
      locations: { resolve: (uri) => ({ store, key: uri.slice('mem://'.length) }) },
      runtime,
      pipeline: PIPELINE,
      limits: core.flushLimits,
      layoutOf: (view) => ({
        schema: view.schema,
        spec: view.spec,
        sortOrder: view.sortOrder,
        targetFileBytes: 1 << 20,
        compression: 'none',
        metricsColumns: 0,
      }),
      checkerOf: (view) => new SimChecker(view.schema),
      history: new CheckpointHistory(store, 'sluice/history', 5, () => undefined),
      producerStates: new StateObjects(store, 'sluice/producers', runtime, () => undefined, core.inlineStateBytes),
      producerLimits: { maxKeys: 100_000, maxAgeMs: 1e12, maxChannels: 100 },
      onTrouble: (table, state, cause) => core.onTrouble(this, table, state, cause),
      attempts: await AttemptBook.open(disk, '/log/attempts'),
      trials: new SimTrials({
        ...shared,
        random: random.fork('trials'),
        trouble: core.trouble,
        poison: core.ledger.poison,
      }),
      createTable: ({ name }) => format.makeTable(name),
      onDeadLetters: () => undefined,
      onCheckpoint: (record) => {
        if (record.snapshot !== undefined) this.reported.add(record.snapshot as SnapshotId);
      },
    });
    await this.coordinator.start();
    const ingest = new Ingest(this.coordinator, log, runtime);
    this.#close = (reason) => ingest.close(reason);
    this.ingest = this.#plant?.ingest?.(ingest) ?? ingest;
    this.channels = new Channels(this.coordinator);
    const letters = core.letterReader(effects);
    this.desk = new LetterDesk(this.coordinator, log, this.#plant?.letters?.(letters) ?? letters, runtime);
  }

  /** What nobody heard of may have reached the disk before the life that wrote it ended. It is the world that looks: nothing takes time, or fails. */
  async #look(log: Log): Promise<void> {
    const { disk } = this.volume;
    const { hook } = disk;
    disk.hook = undefined;
    for (const table of log.pendingTables())
      for await (const entry of log.entries(table, new Map())) this.#core.onFound(this, entry);
    disk.hook = hook;
  }

  /** Tells the truth's ledger where each request was stored, as the log says so. */
  #observed(log: Log): Log {
    const stored = (entries: readonly Entry[]): void => this.#core.onStored(this, entries);
    return new Proxy(log, {
      get: (target, key) => {
        if (key === 'append')
          return (...[drafts, onAppended, admission]: Parameters<Log['append']>) =>
            target.append(
              drafts,
              (entries) => {
                stored(entries);
                onAppended?.(entries);
              },
              admission,
            );
        if (key === 'decide')
          return (...[refusals, letters, onAppended]: Parameters<Log['decide']>) =>
            target.decide(refusals, letters, (entries) => {
              stored(entries);
              onAppended?.(entries);
            });
        if (key === 'bury')
          return (...[burial, letters, onAppended]: Parameters<Log['bury']>) =>
            target.bury(burial, letters, (entries) => {
              stored(entries);
              onAppended?.(entries);
            });
        const member: unknown = Reflect.get(target, key, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
}
