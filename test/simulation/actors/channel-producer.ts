/**
 * A producer with a channel: it numbers its records, sends each until it hears that it is stored, opens its channel again when in doubt, and
 * meanwhile sends on a second connection, what overlaps, and what it has sent before. Owns what it was told, and I7: nothing it was told is
 * stored is missing or twice.
 */
import { isSluiceError } from '../../../src/core/errors.ts';
import type { AppendAnswer, ChannelAnswer } from '../../../src/contracts/service-ports.ts';
import { TAKERS } from '../world/faults.ts';
import type { SentRequest } from '../world/ledger.ts';
import type { Life } from '../world/life.ts';
import type { SeededRandom } from '../world/random.ts';
import { bodyOf, row } from '../world/records.ts';
import type { World } from '../world/world.ts';
import { asksForLetters, mayBeHalfLost, spoil } from './lettered.ts';

interface Batch {
  readonly request: SentRequest;
  readonly offset: bigint;
  readonly end: bigint;
}

/** An answer that has not come by then never will. */
const PATIENCE_MS = 1_500;

export class ChannelProducer {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #name: string;
  readonly #table: string;
  readonly #pace: number;
  /** Asks for dead letters, and has a use for them. */
  readonly #lettered: boolean;
  #batches: Batch[] = [];
  #epoch: bigint | undefined;
  /** Everything below is stored, as it was told. */
  #told = 0n;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#random = world.random.fork(`channel ${number}`);
    this.#name = `c${number}`;
    this.#table = this.#random.pick(world.tableNames) ?? 't1';
    this.#pace = this.#random.pick([20, 80, 300]) ?? 80;
    this.#lettered = asksForLetters(world, this.#name);
  }

  start(): void {
    this.#world.later(this.#random.between(this.#pace / 4, this.#pace * 2), this.#name, () => this.#act());
  }

  /** I7, where nothing moves any more: what the daemon knows of the channel is what is stored. */
  check(life: Life): void {
    const pipeline = life.coordinator?.pipelines.find(
      ({ uuid, state }) =>
        state.kind !== 'stopped' && uuid === this.#world.catalog.get({ namespace: ['ns'], name: this.#table })?.uuid,
    );
    const stored = this.#batches.filter(
      ({ request }) =>
        request.stored?.table === pipeline?.uuid && !this.#world.isGone(request) && !mayBeHalfLost(request),
    );
    const last = stored.at(-1);
    if (pipeline === undefined || last === undefined || this.#world.invariants.of(pipeline.uuid).wentBack) return;
    const next = pipeline.producers.channel(this.#name)?.next;
    // What was synced in the moment of a kill, the world never saw stored.
    if (next === undefined || next < last.end || !this.#batches.some(({ end }) => end === next))
      this.#violation(`${life.name} expects ${next}, and r${last.request.id} up to ${last.end} is stored`);
    const taken = TAKERS.some((kind) => this.#world.faults.kinds.has(kind));
    for (const { request, end } of this.#batches)
      if (request.stored === undefined && end <= this.#told && !taken && !this.#world.isIn(request.id, pipeline.uuid))
        this.#violation(`r${request.id} was said to be stored, and is not in the table`);
  }

  #act(): void {
    const { lives } = this.#world;
    const life = this.#random.pick(lives.filter((each) => each.alive && each.ingest !== undefined));
    if (life === undefined) this.start();
    else if (this.#epoch === undefined || this.#random.chance(0.03)) this.#open(life);
    else this.#send(life, this.#epoch);
  }

  #open(life: Life): void {
    const name = { namespace: ['ns'], name: this.#table };
    this.#exchange(
      life,
      `opens ${this.#name}`,
      () => life.channels?.open(name, this.#name),
      (answer) => this.#opened(life, answer),
    );
  }

  #opened(life: Life, answer: ChannelAnswer): void {
    this.#world.scheduler.note(
      `${life.name} ${this.#name}: ${answer.kind === 'done' ? `epoch ${answer.channel.epoch}, expects ${answer.channel.next}` : answer.kind}`,
    );
    if (answer.kind === 'producer-refused') this.#violation(`${life.name} refuses to open: ${answer.refusal.kind}`);
    if (answer.kind !== 'done') return;
    this.#epoch = answer.channel.epoch;
    this.#expected(life, answer.channel.next);
  }

  /** The daemon says where it stands. */
  #expected(life: Life, next: bigint): void {
    const above = this.#batches.filter((batch) => batch.end > next);
    const dropped = this.#batches.some(
      ({ request }) => request.stored !== undefined && this.#world.invariants.of(request.stored.table).dropped,
    );
    if (next === 0n && dropped) {
      // Another table of the same name: it begins anew, with new records.
      this.#batches = [];
      this.#told = 0n;
      return;
    }
    for (const { request, offset } of above) {
      if (offset < next) this.#violation(`${life.name} expects ${next}, in the midst of r${request.id}`);
      if (!this.#world.isGone(request) && !mayBeHalfLost(request))
        this.#violation(`${life.name} expects ${next}, and r${request.id} from ${offset} on is stored`);
      if (!mayBeHalfLost(request)) this.#world.ledger.forget(request);
    }
    for (const batch of above) this.#remakeIfHalfLost(batch);
    for (const batch of this.#batches) if (batch.end <= next) this.#heardStored(life, batch, undefined);
    this.#told = next;
  }

  #send(life: Life, epoch: bigint): void {
    const known = this.#batches.find(({ offset }) => offset === this.#told);
    const batch = known === undefined ? this.#newBatch() : this.#remakeIfHalfLost(known);
    const earlier = this.#batches.filter(({ end, request }) => end <= batch.offset && !mayBeHalfLost(request));
    const before = this.#random.pick(earlier.slice(-4));
    if (before !== undefined && this.#random.chance(0.15)) this.#post(life, epoch, before);
    // Whose log is lost with it, a daemon may expect again: then it is no overlap.
    else if (before?.end === batch.offset && isLogged(before.request) && this.#random.chance(0.15))
      this.#post(life, epoch, { ...batch, offset: before.offset }, before);
    else {
      this.#post(life, epoch, batch);
      if (this.#random.chance(0.3)) this.#post(life, epoch, batch, undefined, true);
    }
  }

  #newBatch(): Batch {
    const count = this.#random.int(1, 5);
    const batch = { request: this.#newRequest(count), offset: this.#told, end: this.#told + BigInt(count) };
    this.#batches.push(batch);
    return batch;
  }

  #newRequest(count: number): SentRequest {
    const request = this.#world.ledger.sent(
      this.#table,
      (id) => Array.from({ length: count }, (_, number) => row(id, number)),
      'channel',
    );
    if (this.#lettered) spoil(request, this.#random, this.#world.aboutLateRefusals);
    return request;
  }

  /** Other records with the same offsets. */
  #remakeIfHalfLost(batch: Batch): Batch {
    if (!mayBeHalfLost(batch.request)) return batch;
    const remade = { ...batch, request: this.#newRequest(batch.request.rows.length) };
    this.#batches = this.#batches.map((each) => (each === batch ? remade : each));
    return remade;
  }

  /** `before`: records that are stored already go first, and a daemon must not call the others a duplicate. */
  #post(life: Life, epoch: bigint, batch: Batch, before?: Batch, second = false): void {
    const { request, offset } = batch;
    const body = Buffer.concat(
      [...(before === undefined ? [] : [before.request]), request].map(({ rows, columns, bad }) =>
        bodyOf(rows, columns, bad),
      ),
    );
    const what = `${second ? 'again ' : ''}${before === undefined ? '' : 'overlapping '}r${request.id} at ${offset} of ${this.#name}`;
    const append = () =>
      life.ingest?.append({
        table: { namespace: ['ns'], name: this.#table },
        body,
        format: 'ndjson',
        ignoreUnknownFields: false,
        principal: 'p',
        ...(this.#lettered ? { onError: 'dead_letter' } : {}),
        producer: { kind: 'channel', name: this.#name, epoch, offset },
      });
    this.#exchange(life, what, append, (answer) => this.#hear(life, batch, answer), second);
  }

  #hear(life: Life, batch: Batch, answer: AppendAnswer): void {
    const { request, end } = batch;
    const said = answer.kind === 'producer-refused' ? answer.refusal.kind : answer.kind;
    this.#world.scheduler.note(`${life.name} answers r${request.id} of ${this.#name}: ${said}`);
    // It has begun anew since, on another table.
    if (!this.#batches.some((each) => each.request === request)) return;
    switch (answer.kind) {
      case 'durable':
      case 'duplicate':
        this.#heardStored(life, batch, answer.position);
        if (this.#told < end) this.#told = end;
        return;
      case 'producer-refused':
        if (answer.refusal.kind === 'offset-conflict') this.#doubt(answer.refusal.expected);
        else if (answer.refusal.kind === 'stale-epoch' || answer.refusal.kind === 'no-such-channel')
          this.#epoch = undefined;
        else this.#violation(`${life.name} answers r${request.id}: ${said}`);
        return;
      case 'refused':
      case 'empty':
        this.#violation(`${life.name} answers r${request.id}: ${said}`);
        return;
      default:
        // Later.
        return;
    }
  }

  /** An answer may be older than another that came first: who opens the channel hears what holds now. */
  #doubt(expected: bigint): void {
    if (expected !== this.#told) this.#epoch = undefined;
  }

  #heardStored(
    life: Life,
    { request }: Batch,
    position: Extract<AppendAnswer, { kind: 'durable' }>['position'] | undefined,
  ): void {
    request.state = 'acknowledged';
    request.acknowledgedAt ??= this.#world.scheduler.now;
    const { stored } = request;
    if (position !== undefined && stored !== undefined && !this.#world.isGone(request))
      if (stored.position.lane !== position.lane || stored.position.offset !== position.offset)
        this.#violation(
          `${life.name} says that r${request.id} is at ${position.offset}, and it is at ${stored.position.offset}`,
        );
  }

  /** There and back; goes on when the answer has come, or will not. `aside`: nobody waits for it. */
  #exchange<A>(
    life: Life,
    what: string,
    ask: () => Promise<A> | undefined,
    hear: (answer: A) => void,
    aside = false,
  ): void {
    const { scheduler, faults } = this.#world;
    let over = false;
    const goOn = (): void => {
      if (over || aside) return;
      over = true;
      this.start();
    };
    scheduler.after(this.#random.between(0.2, 5), `${this.#name} to ${life.name}: ${what}`, () => {
      if (!life.alive) return;
      ask()?.then(
        (answer) => {
          if (faults.on('http-lost') && this.#random.chance(this.#world.trouble)) return;
          scheduler.after(this.#random.between(0.2, 5), `answer to ${this.#name}`, () => {
            if (!over || aside) hear(answer);
            goOn();
          });
        },
        (error: unknown) => {
          if (!isSluiceError(error, 'closed')) this.#world.violation('I10', `${what} threw ${String(error)}`);
        },
      );
    });
    this.#world.later(PATIENCE_MS, `${this.#name} waits no longer`, goOn);
  }

  #violation(what: string): void {
    this.#world.violation('I7', `${this.#name} of ${this.#table}: ${what}`);
  }
}

const isLogged = ({ stored, unlogged }: SentRequest): boolean => stored !== undefined && !unlogged;
