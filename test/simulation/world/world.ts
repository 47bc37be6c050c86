/**
 * A world from a seed: what exists, who acts, how long, and then how it ends. Owns the phases of a run and what actors do to the whole; what
 * the world is like is `shape.ts`, the truth `stored.ts`, the rules `invariants.ts` and `watch.ts`, the end `recovery.ts`, actors have files.
 */
import type { Entry } from '../../../src/contracts/log.ts';
import type { TableUuid } from '../../../src/core/ids.ts';
import { ChannelProducer } from '../actors/channel-producer.ts';
import { wreak } from '../actors/chaos.ts';
import { meddle } from '../actors/foreign.ts';
import { KeyProducer } from '../actors/key-producer.ts';
import { operate } from '../actors/operator.ts';
import { poison } from '../actors/poisoner.ts';
import { produce } from '../actors/producers.ts';
import { replay } from '../actors/replayer.ts';
import type { Plant } from '../plants.ts';
import { InvariantViolation, type Invariant, type WorldCore } from './core.ts';
import { WorldTime, type Effects } from './effects.ts';
import { Invariants } from './invariants.ts';
import { Ledger, type SentRequest } from './ledger.ts';
import { Life } from './life.ts';
import { ModelCatalog, type SimTable } from './model-catalog.ts';
import { SeededRandom } from './random.ts';
import { recover } from './recovery.ts';
import { Scheduler } from './scheduler.ts';
import { countdown, drawShape, type StageShape, type WorldShape } from './shape.ts';
import { Network } from './sim-format.ts';
import type { SimLetterReader } from './sim-letters.ts';
import { Bucket } from './sim-store.ts';
import { Stored } from './stored.ts';
import { SimVolume } from './volumes.ts';
import { Watch } from './watch.ts';
import { WorldTables } from './world-tables.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly without?: ReadonlySet<string>;
  readonly plant?: Plant;
  readonly stage?: StageShape;
}

export class World implements WorldCore {
  readonly random: SeededRandom;
  readonly scheduler = new Scheduler();
  readonly time = new WorldTime(this.scheduler);
  readonly ledger = new Ledger();
  readonly network = new Network();
  readonly bucket = new Bucket(() => this.time.now());
  readonly invariants = new Invariants(this.ledger, this.bucket, (invariant, what) => this.violation(invariant, what));
  readonly catalog: ModelCatalog;
  readonly tables: WorldTables;
  readonly stored = new Stored(this);
  readonly watch = new Watch(this);
  readonly plant: Plant | undefined;
  readonly shape: WorldShape;
  readonly volumes: SimVolume[] = [new SimVolume('v1')];
  readonly lives: Life[] = [];
  diskFullUntil = 0;
  cloned = false;
  pruned = false;
  /** Some clock was off: lanes may be born before older ones, which a retention of a week makes harmless and a prune at once does not. */
  skewed = false;
  suspended = false;
  readonly #channelProducers: ChannelProducer[] = [];
  #foreign = 0;
  #life = 0;

  constructor({ seed, without, plant, stage }: WorldOptions) {
    this.random = new SeededRandom(seed);
    this.plant = plant;
    this.shape = drawShape(this.random, without, plant, stage);
    const now = (): number => this.time.now();
    this.catalog = new ModelCatalog(this.shape.manner, now, (before, after, cause) => {
      this.invariants.onMove(before, after, cause);
      this.stored.compareLetters(after);
    });
    this.tables = new WorldTables(this.catalog, this.random, now, this.lettersByDefault);
    this.faults.active = stage === undefined;
    for (const table of this.shape.tables) this.createTable(table);
    if (stage === undefined) this.#populate();
  }

  #populate(): void {
    for (const producer of countdown(this.shape.producers)) produce(this, producer);
    this.#produceExactly();
    meddle(this);
    wreak(this);
    operate(this);
    replay(this);
    poison(this);
  }

  /** A channel and a key have one home (protocol §5): nobody uses them where a clone of the log may appear. */
  #produceExactly(): void {
    if (this.faults.kinds.has('volume-cloned')) return;
    const shape = this.random.fork('exact');
    for (const number of countdown(shape.int(0, 2))) this.#channelProducers.push(new ChannelProducer(this, number));
    for (const number of countdown(shape.int(0, 2))) new KeyProducer(this, number).start();
    for (const producer of this.#channelProducers) producer.start();
  }

  /** Plays the seed to its end. Rejects with `InvariantViolation`. */
  async play(): Promise<void> {
    this.start(this.volumes[0] ?? new SimVolume('v1'));
    await this.scheduler.run(() => false, this.shape.chaosMs);
    await recover(this, this.#channelProducers);
  }

  later(ms: number, name: string, run: () => void): void {
    this.scheduler.after(ms, name, () => {
      if (this.faults.active) run();
    });
  }

  nextForeign(): number {
    return (this.#foreign += 1);
  }

  foreign(table: SimTable, what: string, after: Omit<SimTable, 'version'> | undefined): void {
    this.scheduler.note(`foreign ${what} on ${table.name.name}`);
    this.catalog.move(table.name, after, { kind: 'foreign', what });
  }

  start(volume: SimVolume): Life | undefined {
    // The directory's lock, and a volume that was taken away meanwhile.
    if (!this.volumes.includes(volume) || this.lives.some((life) => life.alive && life.volume === volume))
      return undefined;
    const life = new Life(this, volume, (this.#life += 1), this.plant);
    this.lives.splice(0, this.lives.length, ...this.lives.filter((other) => other.alive), life);
    this.scheduler.note(`${life.name} starts on ${volume.name}`);
    life.start().then(
      () => {
        if (!life.alive) this.later(200, 'start again', () => this.start(volume));
      },
      (error: unknown) => this.scheduler.fail(error),
    );
    return life;
  }

  anyLife(): Life | undefined {
    return this.random.pick(this.lives.filter((life) => life.alive));
  }

  violation(invariant: Invariant, what: string): void {
    this.scheduler.note(`VIOLATION ${invariant}: ${what}`);
    this.scheduler.fail(new InvariantViolation(invariant, what));
  }

  get faults(): WorldShape['faults'] {
    return this.shape.faults;
  }

  get trouble(): number {
    return this.shape.trouble;
  }

  get lettersByDefault(): boolean {
    return this.shape.lettersByDefault;
  }

  get aboutLateRefusals(): boolean {
    return this.shape.aboutLateRefusals;
  }

  get partitions(): number {
    return this.shape.partitions;
  }

  get inlineStateBytes(): number {
    return this.shape.inlineStateBytes;
  }

  get flushLimits(): WorldShape['flushLimits'] {
    return this.shape.flushLimits;
  }

  get logLimits(): WorldShape['logLimits'] {
    return this.shape.logLimits;
  }

  get tableNames(): readonly string[] {
    return this.tables.names;
  }

  createTable(name: string): void {
    this.tables.create(name);
  }

  createLetterTable(name: string): void {
    this.tables.createLetterTable(name);
  }

  letterTables(): readonly TableUuid[] {
    return this.tables.letterTables();
  }

  letterReader(effects: Effects): SimLetterReader {
    return this.stored.letterReader(effects);
  }

  onStored(life: Life, entries: readonly Entry[]): void {
    this.stored.onStored(life, entries);
  }

  onFound(life: Life, entry: Entry): void {
    this.stored.onFound(life, entry);
  }

  isIn(request: number, uuid: TableUuid): boolean {
    return this.stored.isIn(request, uuid);
  }

  isGone(request: SentRequest): boolean {
    return this.stored.isGone(request);
  }

  /** Whoever looks after the process starts it again, healed world or not: the record is what it is. */
  onDeath(life: Life): void {
    this.scheduler.note(`a record kills ${life.name}`);
    life.end();
    this.scheduler.after(100, 'start', () => this.start(life.volume));
  }

  onDelete(life: string, key: string): void {
    this.watch.onDelete(life, key);
  }

  onTrouble(life: Life, table: string, state: string, cause: string): void {
    this.watch.onTrouble(life, table, state, cause);
  }

  onStagedBytes(life: Life, held: number): void {
    this.watch.onStagedBytes(life, held);
  }

  openRequests(life: Life): readonly SentRequest[] {
    return this.watch.openRequests(life);
  }

  onCheckpointed(life: Life, requests: readonly SentRequest[], since?: number): void {
    this.watch.onCheckpointed(life, requests, since);
  }

  onDrained(life: Life): void {
    this.onCheckpointed(life, this.openRequests(life));
  }
}
