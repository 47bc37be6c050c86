/**
 * A world from a seed: what may go wrong, who acts, how long, how it heals, and what must then be true. Owns the phases of a run; the rules
 * are `invariants.ts`, the actors each have a file.
 */
import type { FlushLimits } from '../../../src/checkpoint/flush-policy.ts';
import type { PipelineState } from '../../../src/checkpoint/pipeline-context.ts';
import { recordsIn, type Entry } from '../../../src/contracts/log.ts';
import { offset, formatTableName, tableUuid, type TableName, type TableUuid } from '../../../src/core/ids.ts';
import { uuidV4 } from '../../../src/core/runtime.ts';
import { ON_ERROR_PROPERTY } from '../../../src/record/on-error.ts';
import { wreak } from '../actors/chaos.ts';
import { meddle, widen } from '../actors/foreign.ts';
import { operate } from '../actors/operator.ts';
import { KeyProducer } from '../actors/key-producer.ts';
import { ChannelProducer } from '../actors/channel-producer.ts';
import { produce, send } from '../actors/producers.ts';
import { mayReplay, replay, replayTwice } from '../actors/replayer.ts';
import type { Plant } from '../plants.ts';
import { InvariantViolation, type Invariant, type LogSettings, type WorldCore } from './core.ts';
import { WorldTime, type Effects } from './effects.ts';
import { Faults, type FaultKind } from './faults.ts';
import { Invariants, isLetterTable } from './invariants.ts';
import { Ledger, type SentRequest } from './ledger.ts';
import { Life } from './life.ts';
import { ModelCatalog, type SimTable } from './model-catalog.ts';
import { SeededRandom } from './random.ts';
import { areLetters, BASE_SCHEMA, lettersOf, requestOf, rowsOf } from './records.ts';
import { Scheduler } from './scheduler.ts';
import { Network } from './sim-format.ts';
import { SimLetterReader } from './sim-letters.ts';
import { Bucket } from './sim-store.ts';
import { SimVolume } from './volumes.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly without?: ReadonlySet<FaultKind>;
  readonly plant?: Plant;
  /** Nobody acts but the test: these tables, these limits, and of these faults every one that may strike does, while `faults.active`. */
  readonly stage?: {
    readonly tables: readonly string[];
    readonly faults: readonly FaultKind[];
    readonly log: Partial<LogSettings>;
    readonly lettersByDefault: boolean;
  };
}

/** Virtual milliseconds after the last fault within which everything acknowledged must be visible (I10). */
const SETTLING_MS = 500;
const HEALING_MS = 300_000;

export class World implements WorldCore {
  readonly random: SeededRandom;
  readonly scheduler = new Scheduler();
  readonly time = new WorldTime(this.scheduler);
  readonly faults: Faults;
  readonly ledger = new Ledger();
  readonly network = new Network();
  readonly bucket = new Bucket(() => this.time.now());
  readonly invariants = new Invariants(this.ledger, this.bucket, (invariant, what) => this.violation(invariant, what));
  readonly catalog: ModelCatalog;
  readonly plant: Plant | undefined;
  readonly trouble: number;
  /** Tables are narrowed while commits are under way, and the process is killed soon after: what is decided then is in doubt everywhere else. */
  readonly aboutLateRefusals: boolean;
  readonly partitions: number;
  readonly inlineStateBytes: number;
  readonly #channelProducers: ChannelProducer[] = [];
  readonly flushLimits: FlushLimits;
  readonly logLimits: LogSettings;
  readonly volumes: SimVolume[] = [new SimVolume('v1')];
  readonly lives: Life[] = [];
  readonly tableNames: string[] = [];
  /** Tables of dead letters, which nobody but the daemons touches. */
  readonly letterNames: string[] = [];
  /** Whether tables say of themselves that what does not fit becomes dead letters. */
  readonly lettersByDefault: boolean;
  readonly #chaosMs: number;
  diskFullUntil = 0;
  cloned = false;
  pruned = false;
  /** Some clock was off: lanes may be born before older ones, which a retention of a week makes harmless and a prune at once does not. */
  skewed = false;
  suspended = false;
  readonly #stoppedByGap = new Set<TableUuid>();
  #foreign = 0;
  #life = 0;

  constructor({ seed, without, plant, stage }: WorldOptions) {
    this.random = new SeededRandom(seed);
    this.plant = plant;
    const shape = this.random.fork('shape');
    const letters = this.random.fork('letters');
    this.lettersByDefault = stage?.lettersByDefault ?? letters.chance(0.5);
    this.aboutLateRefusals = stage === undefined && this.lettersByDefault && letters.chance(0.3);
    const often = new Set<FaultKind>(this.lettersByDefault ? ['foreign-narrow'] : []);
    const always = new Set<FaultKind>([
      ...(this.aboutLateRefusals ? (['foreign-narrow', 'kill', 'catalog-late'] as const) : []),
      ...(plant?.needs ?? []),
    ]);
    this.faults =
      stage === undefined
        ? Faults.drawn(this.random.fork('faults'), without ?? new Set(), often, always)
        : new Faults(new Set(stage.faults));
    // Two daemons that hold the same entries may each decide that a record of them no longer fits.
    if (this.faults.kinds.has('volume-cloned')) this.lettersByDefault = false;
    this.trouble = stage === undefined ? (shape.pick([0.02, 0.08, 0.2]) ?? 0.08) : 2;
    if (this.aboutLateRefusals) this.trouble = 0.8;
    this.partitions = shape.int(1, 3);
    this.inlineStateBytes = this.random.fork('inline').pick([0, 2_048]) ?? 0;
    const manner = shape.chance(0.5) ? 'pointer' : 'rest';
    this.catalog = new ModelCatalog(
      manner,
      () => this.time.now(),
      (before, after, cause) => {
        this.invariants.onMove(before, after, cause);
        this.#compareLetters(after);
      },
    );
    this.flushLimits = {
      intervalMs: shape.pick([150, 400, 1_500]) ?? 400,
      maxRows: shape.pick([8, 30, 1_000]) ?? 30,
      maxBytes: shape.pick([200, 2_000, 1 << 20]) ?? 2_000,
    };
    this.logLimits = {
      maxBytes: shape.pick([6_000, 30_000, 1 << 20]) ?? 30_000,
      segmentBytes: shape.pick([300, 1_500, 1 << 16]) ?? 1_500,
      trimGraceMs: shape.pick([0, 1_000, 6_000]) ?? 1_000,
      perTableShare: shape.pick([0.5, 0.8]) ?? 0.5,
      ...stage?.log,
    };
    this.#chaosMs = shape.between(2_000, 12_000);
    if (stage !== undefined) {
      this.flushLimits = { intervalMs: 400, maxRows: 1_000, maxBytes: 1 << 20 };
      this.faults.active = false;
      for (const table of stage.tables) this.createTable(table);
      return;
    }
    for (let table = shape.int(1, 3); table > 0; table -= 1) this.createTable(`t${table}`);
    for (let producer = shape.int(1, 3); producer > 0; producer -= 1) produce(this, producer);
    this.#produceExactly();
    meddle(this);
    wreak(this);
    operate(this);
    replay(this);
  }

  /** A channel and a key have one home (protocol §5): nobody uses them where a clone of the log may appear. */
  #produceExactly(): void {
    if (this.faults.kinds.has('volume-cloned')) return;
    const shape = this.random.fork('exact');
    for (let number = shape.int(0, 2); number > 0; number -= 1)
      this.#channelProducers.push(new ChannelProducer(this, number));
    for (let number = shape.int(0, 2); number > 0; number -= 1) new KeyProducer(this, number).start();
    for (const producer of this.#channelProducers) producer.start();
  }

  /** Plays the seed to its end. Rejects with `InvariantViolation`. */
  async play(): Promise<void> {
    this.start(this.volumes[0] ?? new SimVolume('v1'));
    await this.scheduler.run(() => false, this.#chaosMs);
    this.#heal();
    const deadline = this.scheduler.now + HEALING_MS;
    await this.#recover(deadline);
    this.#checkEnd();
    await this.scheduler.run(() => true, deadline);
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

  createTable(name: string): void {
    if (!this.tableNames.includes(name)) this.tableNames.push(name);
    this.#create(name, new Map(this.lettersByDefault ? [[ON_ERROR_PROPERTY, 'dead_letter']] : []));
  }

  #create(name: string, properties: ReadonlyMap<string, string>): void {
    const uuid = tableUuid(uuidV4(this.random));
    const table = {
      name: { namespace: ['ns'], name },
      uuid,
      location: `mem://tables/${name}-${uuid.slice(0, 8)}`,
      schema: BASE_SCHEMA,
      snapshots: new Map(),
      main: undefined,
      lastSequence: 0n,
      lastUpdatedMs: this.time.now(),
      properties,
    };
    this.catalog.move(table.name, table, { kind: 'foreign', what: 'create' });
  }

  createLetterTable(name: string): void {
    if (this.catalog.get({ namespace: ['ns'], name }) !== undefined) return;
    this.letterNames.push(name);
    this.#create(name, new Map());
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

  /** Every row of the request is in the table, or in a dead-letter table. */
  isIn(request: number, uuid: TableUuid): boolean {
    const held = this.#tables().filter((table) => table.uuid === uuid || isLetterTable(table));
    const rows = held.map((table) => this.invariants.rowsIn(table));
    return this.ledger.requests[request]?.rows.every((row) => rows.some((each) => each.has(row))) === true;
  }

  letterTables(): readonly TableUuid[] {
    return this.#tables()
      .filter(isLetterTable)
      .map(({ uuid }) => uuid);
  }

  letterReader(effects: Effects): SimLetterReader {
    const rowsIn = (name: TableName): ReadonlySet<string> => {
      const table = this.catalog.get(name);
      return table === undefined ? new Set() : this.invariants.rowsIn(table);
    };
    return new SimLetterReader(effects, rowsIn, this.ledger.letters);
  }

  onDecided(entry: Entry): void {
    const position = { lane: entry.lane, offset: offset(entry.baseOffset + BigInt(entry.count)) };
    const at = this.scheduler.now;
    for (const letter of lettersOf(entry.payload).filter(({ status }) => status === 'open')) {
      const row = letter.original.split(' ')[0] ?? '';
      this.ledger.letters.set(letter.id, letter);
      this.ledger.requests[requestOf(row) ?? -1]?.letters.set(row, { position, table: entry.table, at });
    }
  }

  /** Whenever one of the two has moved. */
  #compareLetters(moved: SimTable | undefined): void {
    if (moved === undefined) return;
    const base = moved.name.name.replace(/__dead_letters$/, '');
    const [table, letters] = [base, `${base}__dead_letters`].map((name) =>
      name === moved.name.name ? moved : this.catalog.get({ namespace: ['ns'], name }),
    );
    if (table === undefined || letters === undefined || this.cloned || this.invariants.of(table.uuid).wentBack) return;
    this.invariants.apart(table, letters);
  }

  #tables(): readonly SimTable[] {
    return [...this.tableNames, ...this.letterNames].flatMap(
      (name) => this.catalog.get({ namespace: ['ns'], name }) ?? [],
    );
  }

  violation(invariant: Invariant, what: string): void {
    this.scheduler.note(`VIOLATION ${invariant}: ${what}`);
    this.scheduler.fail(new InvariantViolation(invariant, what));
  }

  onStored(life: Life, entries: readonly Entry[]): void {
    // Of an exact producer's request that is dead letters alone.
    const stampOnly = entries.find((entry) => recordsIn(entry) === 0);
    for (const entry of entries) {
      const { lane, baseOffset, count, table } = stampOnly ?? entry;
      const position = { lane, offset: offset(baseOffset + BigInt(count)) };
      const rows = rowsOf(entry.payload);
      if (areLetters(entry.payload)) this.onDecided(entry);
      for (const { id, status } of lettersOf(entry.payload)) if (status !== 'open') this.ledger.marks.add(id);
      const request = this.ledger.requests[requestOf(rows[0] ?? '') ?? -1];
      if (request === undefined) continue;
      if (request.stored !== undefined) {
        // A replay brings what were dead letters.
        const replayed = rows.every((row) => this.ledger.requests[requestOf(row) ?? -1]?.letters.has(row) === true);
        if ((areLetters(entry.payload) && stampOnly === undefined) || replayed) continue;
        this.#storedAgain(request);
      }
      request.stored = { position, table, volume: life.volume.name, at: this.scheduler.now };
      this.invariants.onStored(request, table);
      if (this.invariants.of(table).dropped) request.excused ??= 'table dropped';
    }
  }

  /** Only where nothing of the first copy is left may a producer send it once more. */
  #storedAgain(request: SentRequest): void {
    const { stored, exact } = request;
    if (exact === undefined) this.violation('I2', `r${request.id} was stored twice`);
    else if (!this.isGone(request))
      this.violation(
        exact === 'channel' ? 'I7' : 'I8',
        `r${request.id}, stored at ${stored?.position.lane.slice(0, 6)}-${stored?.position.offset}, was stored again`,
      );
    this.ledger.forget(request);
  }

  /** The log that held it was lost before the table had it, or its table was dropped. */
  isGone(request: SentRequest): boolean {
    const { stored, unlogged } = request;
    if (stored === undefined) return true;
    if (this.invariants.of(stored.table).dropped) return true;
    return unlogged && !this.isIn(request.id, stored.table);
  }

  onDelete(life: string, key: string): void {
    this.scheduler.note(`${life} deletes ${key}`);
    if (!key.startsWith('tables/')) return;
    for (const flight of this.network.flying.values())
      if (flight.files.includes(`mem://${key}`))
        this.violation('I5', `${life} deletes ${key}, which an attempt may still commit`);
    for (const name of this.tableNames) {
      const table = this.catalog.get({ namespace: ['ns'], name });
      if (table === undefined) continue;
      for (const snapshot of table.snapshots.values())
        if (snapshot.files.includes(`mem://${key}`))
          this.violation('I5', `${life} deletes ${key}, which ${name} reaches`);
    }
  }

  onTrouble(life: Life, table: string, state: string, cause: string): void {
    this.scheduler.note(`${life.name} ${table} ${state}: ${cause}`);
    if (!life.alive) return;
    if (state.startsWith('task failed')) this.violation('I10', `${life.name} ${state}: ${cause}`);
    if (state === 'recut') life.recut.add(table.slice('ns.'.length));
    if (!state.startsWith('stopped')) return;
    const uuids = (life.coordinator?.pipelines ?? [])
      .filter((pipeline) => formatTableName(pipeline.name) === table && pipeline.state.kind === 'stopped')
      .map((pipeline) => pipeline.uuid);
    for (const uuid of uuids) life.stopped.add(uuid);
    const seen = uuids.map((uuid) => this.invariants.of(uuid));
    if (state === 'stopped: gap') for (const uuid of uuids) this.#stoppedByGap.add(uuid);
    const allowed = {
      'stopped: gap': seen.some((at) => at.wentBack),
      'stopped: table-gone': seen.some((at) => at.dropped),
      // A table that goes back takes the columns with it that were added since.
      'stopped: not-writable': seen.some((at) => at.narrowed || at.wentBack),
      'stopped: fenced': this.cloned,
      // Two daemons on one table come later: one may prune the other's lane, a week after it began.
      'stopped: internal': this.cloned && this.suspended && cause.includes('has forgotten'),
    }[state];
    if (cause.includes('has forgotten')) for (const uuid of uuids) this.#stoppedByGap.add(uuid);
    if (allowed !== true) this.violation('I10', `${life.name} stopped ${table} without reason: ${state}: ${cause}`);
  }

  onStagedBytes(life: Life, held: number): void {
    // Two sealed epochs and an open one a table, each over its limit by less than one request.
    const tables = this.tableNames.length + (this.faults.kinds.has('foreign-drop') ? 4 : 0);
    const letters = this.letterNames.length * 3 * (this.flushLimits.maxBytes + 6 * LETTER_BYTES);
    // A replay is one request with every letter there is, and a mark for each.
    const replayed = mayReplay(this) ? this.ledger.letters.size * 2 * LETTER_BYTES : 0;
    if (held > tables * 3 * (this.flushLimits.maxBytes + 200) + letters + replayed)
      this.violation('I9', `${life.name} holds ${held} bytes in staging`);
  }

  /** Acknowledged by this life's log, for tables it could take up, and not excused. */
  openRequests(life: Life): readonly SentRequest[] {
    const tables = new Set((life.coordinator?.pipelines ?? []).map((pipeline) => pipeline.uuid));
    return this.ledger.requests.filter(
      (request) =>
        request.state === 'acknowledged' &&
        request.stored?.volume === life.volume.name &&
        tables.has(request.stored.table) &&
        !this.#heldBack(life, request) &&
        request.excused === undefined,
    );
  }

  onDrained(life: Life): void {
    this.onCheckpointed(life, this.openRequests(life));
  }

  onCheckpointed(life: Life, requests: readonly SentRequest[], since = Number.POSITIVE_INFINITY): void {
    for (const request of requests) {
      const uuid = request.stored?.table;
      const pipeline = life.coordinator?.pipelines.find((candidate) => candidate.uuid === uuid);
      if (uuid === undefined || pipeline === undefined || life.stopped.has(uuid) || request.excused !== undefined)
        continue;
      // Refused late while the checkpoint was under way: their letters are of the next one.
      if (this.#heldBack(life, request) || [...request.letters.values()].some(({ at }) => at >= since)) continue;
      if (!this.invariants.of(uuid).wentBack && !this.isIn(request.id, uuid))
        this.violation('I10', `${life.name} said that all is committed, and r${request.id} is not in ${request.table}`);
    }
  }

  /** Some of its letters are in a table that stopped, or could not be read since the start. */
  #heldBack(life: Life, { letters }: SentRequest): boolean {
    return [...letters.values()].some(({ table }) => life.stopped.has(table) || !takenUp(life, table));
  }

  #heal(): void {
    this.faults.active = false;
    this.network.downUntil = 0;
    this.diskFullUntil = 0;
    this.scheduler.note('the world heals');
    for (const name of this.tableNames) {
      const table = this.catalog.get({ namespace: ['ns'], name });
      if (table === undefined) this.createTable(name);
      else widen(this, table);
    }
  }

  /** Each volume's daemon, one after another, brings everything it acknowledged into the tables. */
  async #recover(deadline: number): Promise<void> {
    const until = async (what: string, done: () => boolean): Promise<void> => {
      if (!(await this.scheduler.run(done, deadline)))
        this.violation('I10', `${what}, ${HEALING_MS / 1000} s after the last fault`);
      await this.scheduler.run(() => true, deadline);
    };
    await until('an attempt is still under way', () => this.network.flying.size === 0);
    // What was failing as the world healed has failed by then.
    let settled = false;
    this.scheduler.after(SETTLING_MS, 'settled', () => (settled = true));
    await this.scheduler.run(() => settled, deadline);
    const keep = this.volumes.length === 1 && this.random.chance(0.5) && this.#mayGoOn();
    if (!keep) for (const life of this.lives) if (life.state !== 'stopping') life.end();
    for (const volume of this.volumes) {
      const running = this.lives.find((life) => life.alive && life.volume === volume);
      if (running?.state === 'stopping') await until(`${running.name} does not stop`, () => !running.alive);
      if (running !== undefined && !(keep && running.alive)) running.end();
      const life = keep && running?.alive === true ? running : this.start(volume);
      if (life === undefined) continue;
      await until(`${life.name} is not ready`, () => life.ingest !== undefined || !life.alive);
      await this.#probe(life, until);
      await until(`${life.name} has not drained`, () => this.#drained(life));
      await replayTwice(this, life, until);
      await until('a request that waits for its commit hears nothing', () => !this.#waits(life));
      if (running === life) this.#checkReports(life);
      for (const producer of this.#channelProducers) producer.check(life);
      life.end();
    }
  }

  /** Nothing of the running daemon waits for an operator to start it anew. */
  #mayGoOn(): boolean {
    return this.lives.every(
      (life) =>
        life.state === 'ready' &&
        life.log?.status().accepting !== false &&
        (life.coordinator?.pipelines ?? []).every((pipeline) => !stoppedForGood(pipeline)),
    );
  }

  #drained(life: Life): boolean {
    const pipelines = life.coordinator?.pipelines ?? [];
    // Letters of late refusals wait for the table that they were refused by.
    const waits = ({ name }: { readonly name: TableName }): boolean =>
      pipelines.some((each) => stoppedForGood(each) && name.name.startsWith(`${each.name.name}__`));
    return (
      this.letterTables().every((uuid) => takenUp(life, uuid)) &&
      pipelines.every((pipeline) => pipeline.drained || stoppedForGood(pipeline) || waits(pipeline))
    );
  }

  /** Somebody waits for a commit that cannot come to nothing: its table runs on. */
  #waits(life: Life): boolean {
    return this.ledger.requests.some(({ awaits, stored }) => {
      const pipeline = life.coordinator?.pipelines.find((candidate) => candidate.uuid === stored?.table);
      return awaits === life.name && pipeline !== undefined && !stoppedForGood(pipeline);
    });
  }

  /** A new request for every table goes all the way. */
  async #probe(life: Life, until: (what: string, done: () => boolean) => Promise<void>): Promise<void> {
    for (const name of this.tableNames) {
      const uuid = this.catalog.get({ namespace: ['ns'], name })?.uuid;
      if (uuid === undefined) continue;
      const stopped = (): boolean =>
        (life.coordinator?.pipelines ?? []).some((pipeline) => pipeline.uuid === uuid && stoppedForGood(pipeline));
      let done = false;
      const probe = (): void => send(this, name, 1, true, true, onEnd, life);
      const onEnd = (request: SentRequest): void => {
        const check = (): void => {
          if (stopped()) done = true;
          else if (request.state !== 'acknowledged') this.scheduler.after(500, 'probe again', probe);
          else if (request.committed !== undefined) done = true;
          // It went to a table that is gone.
          else if (request.awaits === undefined) this.scheduler.after(500, 'probe again', probe);
          else this.scheduler.after(100, 'probe waits', check);
        };
        check();
      };
      probe();
      await until(`a new request for ${name} does not get through`, () => done);
    }
  }

  // I11: what this life put into a table, it has reported.
  #checkReports(life: Life): void {
    if (this.suspended) return;
    for (const [token, landed] of this.invariants.landed) {
      const seen = this.invariants.of(landed.uuid);
      if (
        landed.life === life.name &&
        landed.requests.size > 0 &&
        !life.reported.has(token) &&
        !seen.wentBack &&
        !seen.dropped
      )
        this.violation('I11', `${life.name} committed snapshot ${token} and never said so`);
    }
  }

  #checkEnd(): void {
    const tables = this.#tables();
    const held = new Map(tables.map((table) => [table.uuid, this.invariants.rowsIn(table)]));
    const letters = new Set(tables.filter(isLetterTable).flatMap((table) => [...(held.get(table.uuid) ?? [])]));
    for (const table of tables) this.invariants.filesExist(table);
    for (const request of this.ledger.requests) {
      const { stored } = request;
      if (request.state !== 'acknowledged' || stored === undefined || request.excused !== undefined) continue;
      // Dead letters may wait for the table that refused them.
      const own = tables.find(({ name }) => name.name === request.table)?.uuid ?? stored.table;
      if (this.#stoppedByGap.has(stored.table) || this.#stoppedByGap.has(own)) continue;
      const rows = held.get(stored.table);
      const missing = request.rows.find((row) => rows?.has(row) !== true && !letters.has(row));
      if (missing !== undefined)
        this.violation(
          'I1',
          `r${request.id} was acknowledged at ${stored.position.lane.slice(0, 6)}-${stored.position.offset} and ${missing} is neither in ${request.table} nor in its dead letters`,
        );
    }
  }
}

/** The life works on the table, or has nothing for it. */
const takenUp = (life: Life, table: TableUuid): boolean =>
  life.coordinator?.pipelines.some(({ uuid }) => uuid === table) === true ||
  life.log?.pendingTables().includes(table) !== true;

/** More than a dead letter of this world ever has. */
const LETTER_BYTES = 700;

/** Until a daemon is started anew. A schema that was changed back is found without. */
const stoppedForGood = ({ state }: { readonly state: PipelineState }): boolean =>
  state.kind === 'stopped' && state.code !== 'not-writable';
