/**
 * A table that heals itself, from a seed: daemons that ingest and keep it with the real maintenance over the real Iceberg code, other
 * writers, and everything that may go wrong in between. Owns the phases of a run; the rules are `rules.ts`, the actors have files.
 */
import { uuidV4, type Runtime } from '../../../src/core/runtime.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { InvariantViolation, type Invariant } from '../world/core.ts';
import { Effects, SimClock, WorldTime } from '../world/effects.ts';
import type { FaultKind } from '../world/faults.ts';
import { SeededRandom } from '../world/random.ts';
import { Scheduler } from '../world/scheduler.ts';
import { Bucket } from '../world/sim-store.ts';
import { Foreigner } from './foreign.ts';
import { CHORES, Keeper, type Chore } from './keeper.ts';
import { ROOT, tableOf } from './lines.ts';
import type { MaintenancePlant } from './maintenance-plants.ts';
import { Rules } from './rules.ts';
import { drawShape, type MaintainedShape } from './shape.ts';
import { PointerBook } from './sim-pointers.ts';
import { keyOf, StateReader } from './state-reader.ts';

export interface MaintainedOptions {
  readonly seed: number;
  /** Faults and habits that this world has not. */
  readonly without?: ReadonlySet<string>;
  readonly plant?: MaintenancePlant;
}

const HOUR_MS = 3_600_000;
/** Beyond which no request is still under way. */
const LATE_MS = 15_000;
const HEALING_MS = 600_000;

export class MaintainedWorld {
  readonly random: SeededRandom;
  readonly scheduler = new Scheduler();
  readonly time = new WorldTime(this.scheduler);
  readonly bucket = new Bucket(() => this.time.now());
  readonly reader = new StateReader(this.bucket);
  readonly book = new PointerBook((from, to, by) => this.rules.onMove(from, to, by));
  readonly plant: MaintenancePlant | undefined;
  readonly shape: MaintainedShape;
  readonly rules: Rules;
  readonly table;
  /** Of those who are no life of a daemon. */
  readonly runtime: Runtime;
  /** One beside the table, one within its location. */
  readonly neighbours: readonly string[] = [`${ROOT}/db/t-old`, `${ROOT}/db/t/nested`];
  #keepers: Keeper[] = [];
  #lives = 0;

  constructor({ seed, without, plant }: MaintainedOptions) {
    this.random = new SeededRandom(seed);
    this.plant = plant;
    this.shape = drawShape(this.random, without ?? new Set());
    this.table = tableOf(this.shape.partitioned, this.shape.properties);
    const { bucket, book, reader, neighbours } = this;
    this.rules = new Rules({
      bucket,
      book,
      reader,
      neighbours,
      expiry: this.shape.expiry,
      now: () => this.time.now(),
      violation: (invariant, what) => this.violation(invariant, what),
    });
    this.runtime = {
      clock: new SimClock(new Effects(this.scheduler, 'others'), this.time),
      random: this.random.fork('others'),
    };
    this.#create();
  }

  get faults() {
    return this.shape.faults;
  }

  get trouble(): number {
    return this.shape.trouble;
  }

  get partitioned(): boolean {
    return this.shape.partitioned;
  }

  get spells(): boolean {
    return this.shape.spells;
  }

  get pace(): MaintainedShape['pace'] {
    return this.shape.pace;
  }

  /** Plays the seed to its end. Rejects with `InvariantViolation`. */
  async play(): Promise<void> {
    new Foreigner(this).start(this.shape.habits);
    this.rules.shared = this.shape.habits.has('expire');
    this.#wreak();
    this.begin();
    await this.scheduler.run(() => false, this.shape.chaosMs);
    await this.#heal();
  }

  /** Another life begins beside those there are. */
  begin(): Keeper {
    const keeper = new Keeper(this, (this.#lives += 1));
    this.#keepers = [...this.#keepers.filter(({ alive }) => alive), keeper];
    this.scheduler.note(`${keeper.name} begins`);
    keeper.start();
    return keeper;
  }

  violation(invariant: Invariant, what: string): void {
    this.scheduler.note(`VIOLATION ${invariant}: ${what}`);
    this.scheduler.fail(new InvariantViolation(invariant, what));
  }

  #create(): void {
    const { clock, random } = this.runtime;
    const metadata = newTableMetadata(this.table, `${ROOT}/db/t`, uuidV4(random), clock.now());
    const location = `${metadata.location}/metadata/00000-${uuidV4(random)}.metadata.json`;
    const put = (uri: string, bytes: Uint8Array): void => {
      this.bucket.put(keyOf(uri), [], bytes, bytes.length, { kind: 'if-absent' });
    };
    put(location, Buffer.from(printMetadata(metadata)));
    for (const place of this.neighbours) put(`${place}/data/theirs.parquet`, Buffer.from('theirs'));
    this.book.location = location;
  }

  /** Lives end, others take over, sometimes while the one before goes on; machines sleep. */
  #wreak(): void {
    this.#every('kill', 1_200, () => {
      this.random.pick(this.#keepers)?.end();
      this.scheduler.after(this.random.between(5, 400), 'begin', () => this.begin());
    });
    this.#every('volume-cloned', 1_000, () => {
      if (this.#keepers.length > 2) return;
      // Nobody told the one before that it has been followed.
      this.rules.shared = true;
      this.begin();
    });
    this.#every('catalog-down', 1_500, () => {
      const keeper = this.random.pick(this.#keepers.filter(({ alive }) => alive));
      if (keeper === undefined) return;
      keeper.cutOffUntil = this.scheduler.now + this.random.between(300, 3_000);
      this.scheduler.note(`${keeper.name} is cut off from the catalog`);
      // What it waits with grows old, while others may clean up.
      const hours = this.random.between(80, 100);
      if (this.faults.kinds.has('suspend') && this.random.chance(0.5))
        this.scheduler.after(this.random.between(50, 300), 'suspend', () => this.#sleep(hours));
    });
    this.#every('suspend', 1_500, () => this.#sleep(this.random.between(1, 100)));
  }

  #sleep(hours: number): void {
    if (hours > 20) this.book.loseAll();
    this.time.jump(hours * HOUR_MS);
    this.scheduler.note(`everything was suspended for ${Math.round(hours)} h`);
  }

  #every(kind: FaultKind, meanMs: number, act: () => void): void {
    const random = this.random.fork(kind);
    const next = (): void => {
      this.scheduler.after(random.between(meanMs / 4, meanMs * 2), kind, () => {
        if (!this.faults.active) return;
        act();
        next();
      });
    };
    if (this.faults.kinds.has(kind)) next();
  }

  /** Nothing goes wrong any more: one daemon keeps the table, and within days nothing is left of what went wrong (I10). */
  async #heal(): Promise<void> {
    this.scheduler.note('the world heals');
    this.faults.active = false;
    for (const keeper of this.#keepers) keeper.end();
    await this.scheduler.run(() => false, this.scheduler.now + LATE_MS);
    if (this.book.flying.size > 0) this.violation('I10', 'a swap is still under way');
    this.rules.healed = true;
    const keeper = new Keeper(this, (this.#lives += 1));
    for (const chore of CHORES) await this.#end(keeper.run(chore), chore);
    for (const chore of ['expire', 'orphans', 'orphans'] as const) {
      this.time.jump(5 * 24 * HOUR_MS);
      await this.#end(keeper.run(chore), chore);
    }
    this.rules.onEnd();
    await this.scheduler.run(() => true, this.scheduler.now);
  }

  async #end(work: Promise<void>, chore: Chore): Promise<void> {
    let over = false;
    work.then(
      () => (over = true),
      (error: unknown) => this.scheduler.fail(error),
    );
    if (!(await this.scheduler.run(() => over, this.scheduler.now + HEALING_MS)))
      this.violation('I10', `${chore} does not end`);
    await this.scheduler.run(() => true, this.scheduler.now);
  }
}
