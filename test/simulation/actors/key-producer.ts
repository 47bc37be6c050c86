/**
 * A producer whose requests carry keys: it sends each until it hears that it is stored, on two connections at times, again long after, and
 * with another body. Owns I8: one effect and one answer a key.
 */
import { isSluiceError } from '../../../src/core/errors.ts';
import type { AppendAnswer, Position } from '../../../src/contracts/service-ports.ts';
import type { SentRequest } from '../world/ledger.ts';
import type { SeededRandom } from '../world/random.ts';
import { bodyOf, row } from '../world/records.ts';
import type { World } from '../world/world.ts';
import { asksForLetters, mayBeHalfLost, spoil } from './lettered.ts';

const PATIENCE_MS = 1_000;

interface Answered {
  readonly position: Position;
  readonly accepted: number;
  readonly rejected: number;
}

interface Keyed {
  readonly key: string;
  readonly request: SentRequest;
  /** What was said of it. */
  answered: Answered | undefined;
}

export class KeyProducer {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #name: string;
  readonly #pace: number;
  /** Asks for dead letters, and has a use for them. */
  readonly #lettered: boolean;
  #current: Keyed | undefined;
  readonly #past: Keyed[] = [];

  constructor(world: World, number: number) {
    this.#world = world;
    this.#random = world.random.fork(`key ${number}`);
    this.#name = `k${number}`;
    this.#pace = this.#random.pick([20, 80, 300]) ?? 80;
    this.#lettered = asksForLetters(world, this.#name);
  }

  start(): void {
    this.#world.later(this.#random.between(this.#pace / 4, this.#pace * 2), this.#name, () => {
      const old = this.#random.pick(this.#past.slice(-5));
      if (old !== undefined && this.#random.chance(0.2)) this.#post(old, this.#random.chance(0.3));
      else {
        const keyed = (this.#current ??= this.#next());
        this.#post(keyed);
        if (this.#random.chance(0.3)) this.#post(keyed);
      }
      this.start();
    });
  }

  #next(): Keyed {
    const table = this.#random.pick(this.#world.tableNames) ?? 't1';
    const count = this.#random.int(1, 4);
    const request = this.#world.ledger.sent(
      table,
      (id) => Array.from({ length: count }, (_, number) => row(id, number)),
      'key',
    );
    if (this.#lettered) spoil(request, this.#random, this.#world.aboutLateRefusals);
    const keyed: Keyed = { key: `${this.#name}-${request.id}`, request, answered: undefined };
    this.#world.later(PATIENCE_MS * 4, `${this.#name} gives up`, () => {
      if (this.#current === keyed) this.#current = undefined;
    });
    return keyed;
  }

  #post(keyed: Keyed, otherBody = false): void {
    const { scheduler, faults, lives } = this.#world;
    const { request, key } = keyed;
    const life = this.#random.pick(lives.filter((each) => each.alive && each.ingest !== undefined));
    const rows = otherBody ? request.rows.map((id) => `x${id}`) : request.rows;
    if (life === undefined) return;
    if (this.#isGoneFor(keyed)) return;
    const what = `${otherBody ? 'another body for ' : ''}r${request.id} as ${key}`;
    scheduler.after(this.#random.between(0.2, 5), `${what} to ${life.name}`, () => {
      if (!life.alive) return;
      life.ingest
        ?.append({
          table: { namespace: ['ns'], name: request.table },
          body: bodyOf(rows, request.columns, request.bad),
          format: 'ndjson',
          ignoreUnknownFields: false,
          principal: 'p',
          ...(this.#lettered ? { onError: 'dead_letter' } : {}),
          producer: { kind: 'idempotency-key', key },
        })
        .then(
          (answer) => {
            if (faults.on('http-lost') && this.#random.chance(this.#world.trouble)) return;
            scheduler.after(this.#random.between(0.2, 5), `answer to ${key}`, () =>
              this.#hear(keyed, answer, otherBody),
            );
          },
          (error: unknown) => {
            if (!isSluiceError(error, 'closed')) this.#world.violation('I10', `${what} threw ${String(error)}`);
          },
        );
    });
  }

  /** What is gone is sent once more, or never when a part of it may be there. */
  #isGoneFor(keyed: Keyed): boolean {
    const { request } = keyed;
    if (request.stored === undefined) return false;
    const parted = request.bad.size > 0 || request.columns.length > 0;
    if (!this.#world.isGone(request) && !mayBeHalfLost(request)) return false;
    if (!parted) this.#world.ledger.forget(request);
    else if (this.#current === keyed) this.#current = undefined;
    return parted;
  }

  #hear(keyed: Keyed, answer: AppendAnswer, otherBody: boolean): void {
    const { request } = keyed;
    const said = answer.kind === 'producer-refused' ? answer.refusal.kind : answer.kind;
    this.#world.scheduler.note(`${keyed.key} is answered ${said}`);
    const gone = this.#world.isGone(request);
    if (said === 'state-lost' || (said === 'key-reused' && !otherBody && !gone))
      this.#violation(`${keyed.key} is answered ${said}`);
    if (answer.kind !== 'durable') return;
    if (otherBody) {
      if (!gone) this.#violation(`another body is taken for ${keyed.key}, which is stored`);
      return;
    }
    if (request.stored === undefined) return;
    const { lane, offset } = request.stored.position;
    if (!gone && (answer.position.lane !== lane || answer.position.offset !== offset))
      this.#violation(`${keyed.key} is said to be at ${answer.position.offset}, and it is at ${offset}`);
    const { position, accepted } = answer;
    const rejected = answer.deadLetters?.rejected ?? 0;
    const before = keyed.answered;
    if (before?.position.lane === lane && before.position.offset === offset && !gone)
      if (before.accepted !== accepted || before.rejected !== rejected)
        this.#violation(
          `${keyed.key} was answered ${before.accepted} and ${before.rejected}, then ${accepted} and ${rejected}`,
        );
    request.state = 'acknowledged';
    request.acknowledgedAt ??= this.#world.scheduler.now;
    keyed.answered = { position, accepted, rejected };
    if (this.#current === keyed) this.#current = undefined;
    if (!this.#past.includes(keyed)) this.#past.push(keyed);
  }

  #violation(what: string): void {
    this.#world.violation('I8', what);
  }
}
