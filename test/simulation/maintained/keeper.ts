/**
 * One life of a daemon that keeps the table: the real Iceberg code and the real maintenance on simulated effects, beside an ingestion that
 * commits through the same queue. Owns assembly, pace and death; what may be is `rules.ts`.
 */
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import type { JobReport } from '../../../src/contracts/maintenance-port.ts';
import { NO_TRACER } from '../../../src/contracts/tracing.ts';
import { SluiceError, messageOf } from '../../../src/core/errors.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import type { Runtime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import type { CommitTarget } from '../../../src/maintenance/commit-replace.ts';
import { Compactor } from '../../../src/maintenance/compactor.ts';
import { Expirer } from '../../../src/maintenance/expirer.ts';
import { ManifestRewriter } from '../../../src/maintenance/manifest-rewriter.ts';
import { OrphanRemover } from '../../../src/maintenance/orphan-remover.ts';
import { ownsItsFiles } from '../../../src/service/maintenance-policy.ts';
import { Effects, SimClock } from '../world/effects.ts';
import type { SeededRandom } from '../world/random.ts';
import { SimStore, type LocalFiles } from '../world/sim-store.ts';
import { Ingestion } from './ingestion.ts';
import { LineRewriter, LineScratch, type LocalContext } from './line-rewriter.ts';
import { ROOT } from './lines.ts';
import { SimPointers } from './sim-pointers.ts';
import { keyOf } from './state-reader.ts';
import type { MaintainedWorld } from './world.ts';

export const CHORES = ['compact', 'expire', 'manifests', 'orphans'] as const;
export type Chore = (typeof CHORES)[number];

const NEVER = new AbortController().signal;
const FOLDER_BYTES = 1 << 20;

export class Keeper {
  readonly name: string;
  readonly effects: Effects;
  readonly clock: SimClock;
  readonly local: LocalContext;
  readonly iceberg: Iceberg;
  readonly runtime: Runtime;
  readonly queue = new CommitQueue();
  readonly locations;
  readonly ingestion: Ingestion;
  /** The catalog does not hear it before this moment. */
  cutOffUntil = 0;
  readonly #world: MaintainedWorld;
  readonly #random: SeededRandom;
  readonly #compactor;
  readonly #expirer;
  readonly #manifests;
  readonly #orphans;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(world: MaintainedWorld, number: number) {
    this.#world = world;
    this.name = `d${number}`;
    const { scheduler, faults, trouble, bucket } = world;
    this.effects = new Effects(scheduler, this.name);
    this.clock = new SimClock(this.effects, world.time);
    this.#random = world.random.fork(`keeper ${this.name}`);
    const random = this.#random;
    this.runtime = { clock: this.clock, random: random.fork('product') };
    const local: LocalFiles = new Map();
    const { effects } = this;
    const onDelete = (life: string, key: string): void => world.rules.onDelete(life, key);
    const store = new SimStore({ bucket, effects, faults, random: random.fork('store'), trouble, local, onDelete });
    this.local = { effects, random: random.fork('engine'), bucket, store, local, partitioned: world.partitioned };
    const locations = { resolve: (uri: string) => ({ store, key: keyOf(uri) }) };
    this.locations = locations;
    const pointers = new SimPointers({
      book: world.book,
      effects,
      faults,
      random: random.fork('catalog'),
      trouble,
      cutOff: () => faults.active && scheduler.now < this.cutOffUntil,
    });
    this.iceberg = openIceberg(pointers, locations, ROOT, this.runtime);
    const maintenance = world.plant?.format?.(this.iceberg.maintenance, { store, world }) ?? this.iceberg.maintenance;
    const calm = () => Promise.resolve();
    const shared = { tables: this.iceberg.format, format: maintenance, locations, runtime: this.runtime, calm };
    this.#compactor = new Compactor({
      ...shared,
      rewriter: new LineRewriter(this.local),
      scratch: new LineScratch(this.local),
      layoutOf: ({ schema, spec, sortOrder }) => ({
        schema,
        spec,
        sortOrder,
        targetFileBytes: FOLDER_BYTES,
        compression: 'none',
        metricsColumns: 0,
      }),
      limitsOf: () => world.shape.compaction,
      history: (view) => this.iceberg.tables.snapshots(view),
      onBytes: () => undefined,
      tracer: NO_TRACER,
    });
    this.#expirer = new Expirer({ ...shared, policy: world.shape.expiry, deletesPerSecond: 200 });
    this.#manifests = new ManifestRewriter(shared);
    this.#orphans = new OrphanRemover<IcebergView>({
      ...shared,
      policy: world.shape.orphans,
      listingsOf: (table) => ({ store, prefix: `sluice/orphans/${table}` }),
      neighbours: () => Promise.resolve(world.neighbours),
      ownsItsFiles,
      isSettled: () => true,
    });
    this.ingestion = new Ingestion(world, this);
  }

  get alive(): boolean {
    return !this.effects.dead;
  }

  /** Begins to ingest and to keep the table, each at its pace. */
  start(): void {
    this.ingestion.start();
    for (const chore of CHORES) this.#every(chore);
  }

  /** Nothing of it runs or is answered any more; what it had sent may still take effect. */
  end(): void {
    this.effects.kill();
  }

  /** One chore at a time, as the daemon's jobs on one table are. Resolves when it has ended, however. */
  run(chore: Chore): Promise<void> {
    const turn = this.#turn.then(() => this.#run(chore));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async target(): Promise<CommitTarget & { readonly view: IcebergView }> {
    const loaded = await this.iceberg.format.load(this.#world.table.name);
    if (loaded.kind === 'absent') throw new Error('the table of this world is never dropped');
    const { view } = loaded;
    return { name: view.name, uuid: tableUuid(view.uuid), queue: this.queue, view };
  }

  #every(chore: Chore): void {
    const random = this.#random.fork(chore);
    const pace = this.#world.pace[chore];
    const goOn = (): void => {
      this.effects.scheduler.after(random.between(pace / 4, pace * 2), `${this.name} ${chore}`, () => {
        if (!this.alive || !this.#world.faults.active) return;
        this.run(chore).then(goOn, (error: unknown) => this.effects.scheduler.fail(error));
      });
    };
    goOn();
  }

  async #run(chore: Chore): Promise<void> {
    try {
      const { view, ...target } = await this.target();
      const result = await this.#work(chore, target, view);
      this.effects.scheduler.note(`${this.name} ${chore}: ${shown(result)}`);
    } catch (error) {
      this.effects.scheduler.note(`${this.name} ${chore} failed: ${messageOf(error)}`);
      this.#world.rules.onFailure(this.name, chore, error);
    }
  }

  async #work(chore: Chore, target: CommitTarget, view: IcebergView): Promise<object> {
    const report: JobReport = {
      log: (line) => this.effects.scheduler.note(`${this.name} ${chore}: ${line}`),
      progress: () => undefined,
    };
    switch (chore) {
      case 'compact': {
        const result = await this.#compactor.run(target, view, await this.#compactor.plan(view), report, NEVER);
        if (result.groupsFailed > 0)
          this.#world.rules.onFailure(this.name, chore, new SluiceError('corrupt', 'a group failed'));
        return result;
      }
      case 'expire':
        return this.#expirer.run(target, report, NEVER);
      case 'manifests':
        return this.#manifests.run(target, view, report, NEVER);
      case 'orphans':
        return this.#orphans.run(target, view, report, NEVER);
    }
  }
}

const shown = (result: object): string =>
  Object.entries(result)
    .filter(([, value]) => typeof value === 'number' && value > 0)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
