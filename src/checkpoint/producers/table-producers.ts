/**
 * The producers of one table (protocol §5). Owns which request is stored, which was stored before, and which is refused, in the order of the
 * log; and the state that travels with each of the table's commits. Appends nothing itself.
 *
 * There are two states. *Head* is as of the last synced frame: it judges requests. *Staged* is as of the last staged record: what is sealed
 * with an epoch counts exactly the records below its cut, so that a log that is lost takes from the channels what it takes from the table.
 */
import type { Admission, Entry, Log } from '../../contracts/log.ts';
import type { ChannelAnswer, ChannelStatus, ProducerRefusal } from '../../contracts/service-ports.ts';
import type { Epoch, LaneId, Offset, TableUuid } from '../../core/ids.ts';
import type { Clock } from '../../core/runtime.ts';
import { decodeNote, encodeNote, type ChannelNote } from './channel-note.ts';
import {
  NO_PRODUCERS,
  ProducerState,
  rebased,
  type Channel,
  type KeyRecord,
  type KeyWindow,
  type ProducerFacts,
} from './producer-state.ts';
import type { StateObjects } from './state-objects.ts';

export interface ProducerLimits extends KeyWindow {
  readonly maxChannels: number;
}

export interface ProducersContext {
  readonly log: Pick<Log, 'note' | 'notes' | 'covered' | 'stamped'>;
  readonly states: StateObjects;
  readonly clock: Clock;
  readonly limits: ProducerLimits;
}

/** State as of an epoch's cut. */
export interface SealedProducers {
  readonly facts: ProducerFacts;
  /** Resolves once what it points to is durable. */
  readonly pointer: Promise<string>;
}

export type ChannelVerdict = { readonly kind: 'stored' } | { readonly kind: 'duplicate' } | ProducerRefusal;

type Standing = Pick<Channel, 'epoch' | 'next'> | 'closed';

/** Published states that are remembered, for a table that is cut again. */
const REMEMBERED = 4;

export class TableProducers {
  readonly #context: ProducersContext;
  readonly #table: TableUuid;
  #head: ProducerState;
  #staged: ProducerState;
  /** Staged differs from what the table's commits hold. */
  #changed: boolean;
  /** Channels as they will stand once the frames placed last are synced. Void when they are not. */
  readonly #placed = new Map<string, Standing>();
  readonly #keysInFlight = new Set<string>();
  readonly #published = new Map<string, ProducerFacts>();
  #lastEpoch: bigint;
  /** Entries of producers in this life. */
  #stored = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(context: ProducersContext, table: TableUuid, base: ProducerFacts, head: ProducerState) {
    this.#context = context;
    this.#table = table;
    this.#head = head;
    this.#staged = new ProducerState(rebased(base, head), context.limits);
    this.#changed = head.lastEpoch !== base.lastEpoch || base.lostAt !== undefined;
    this.#lastEpoch = head.lastEpoch;
  }

  /**
   * What the table's progress points to, and whatever the log holds beyond. The caller has fenced lost lanes: nothing older can land any
   * more. Rejects with `unavailable` when the state cannot be read now.
   */
  static async recover(
    context: ProducersContext,
    table: TableUuid,
    pointer: string | undefined,
    progress: ReadonlyMap<LaneId, Offset>,
  ): Promise<TableProducers> {
    const { log, states, clock } = context;
    const found = pointer === undefined ? NO_PRODUCERS : await states.load(table, pointer);
    const base = found ?? lost(clock);
    const producers = new TableProducers(context, table, base, await headOf(context, table, found, progress));
    if (found !== undefined) log.covered(table, found.lastEpoch);
    if (found !== undefined && pointer !== undefined) producers.#published.set(pointer, found);
    return producers;
  }

  /** An entry of the table is durable. Called in offset order, before it is staged. */
  stored(entry: Entry): void {
    const { producer } = entry;
    if (producer === undefined) return;
    this.#stored += 1;
    this.#head.stored(producer, entry, this.#context.clock.monotonic());
    if (producer.kind === 'channel') this.#settled(producer.name);
  }

  /** An entry is in the open epoch. */
  stagedEntry(entry: Entry): void {
    if (entry.producer === undefined) return;
    this.#changed = this.#staged.stored(entry.producer, entry, this.#context.clock.monotonic()) || this.#changed;
  }

  /** The state that goes with the epoch that is cut in this step; undefined when the table's commits hold it already. */
  seal(epoch: Epoch, signal: AbortSignal): SealedProducers | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const facts = this.#staged.facts();
    const pointer = this.#context.states.put(this.#table, epoch, facts, signal);
    // Whoever commits the epoch hears of a failure; until then it is nobody's.
    pointer.catch(() => undefined);
    return { facts, pointer };
  }

  /** The epoch is in the table with this pointer. Resolves when states that are far behind are removed; never rejects. */
  async committed(facts: ProducerFacts, pointer: string): Promise<void> {
    this.#published.set(pointer, facts);
    for (const old of [...this.#published.keys()].slice(0, -REMEMBERED)) this.#published.delete(old);
    this.#context.log.covered(this.#table, facts.lastEpoch);
    await this.#context.states.settled(this.#table, pointer);
  }

  /** Everything staged was given up, and the table stands where this pointer says. The head stays: it belongs to the log. */
  async rewind(pointer: string | undefined, signal: AbortSignal): Promise<void> {
    const known = pointer === undefined ? NO_PRODUCERS : this.#published.get(pointer);
    const base =
      known ?? (pointer === undefined ? NO_PRODUCERS : await this.#load(pointer, signal)) ?? this.#head.facts();
    this.#staged = new ProducerState(rebased(base, this.#head), this.#context.limits);
    this.#changed = known === undefined || base.lastEpoch !== this.#head.lastEpoch;
  }

  /**
   * Everything staged was given up, the table stands elsewhere than this life found it, and no producer was heard yet: what the table says,
   * and whatever the log holds beyond, as after a start.
   */
  async learn(pointer: string | undefined, progress: ReadonlyMap<LaneId, Offset>, signal: AbortSignal): Promise<void> {
    const found = pointer === undefined ? NO_PRODUCERS : await this.#load(pointer, signal);
    const base = found ?? lost(this.#context.clock);
    for (let stored = -1; stored !== this.#stored;) {
      stored = this.#stored;
      this.#head = await headOf(this.#context, this.#table, found, progress);
    }
    this.#staged = new ProducerState(rebased(base, this.#head), this.#context.limits);
    this.#changed = this.#head.lastEpoch !== base.lastEpoch || base.lostAt !== undefined;
    if (this.#head.lastEpoch > this.#lastEpoch) this.#lastEpoch = this.#head.lastEpoch;
    if (found !== undefined && pointer !== undefined) this.#published.set(pointer, found);
  }

  #load(pointer: string, signal: AbortSignal): Promise<ProducerFacts | undefined> {
    return this.#context.states.untilLoaded(this.#table, pointer, signal);
  }

  /** As of the last synced frame. */
  channel(name: string): Channel | undefined {
    return this.#head.channels.get(name);
  }

  get channels(): Iterable<Channel> {
    return this.#head.channels.values();
  }

  /** The state before was lost. */
  get lost(): boolean {
    return this.#head.lostAt !== undefined;
  }

  /** What becomes of `records` records of a channel, judged against everything placed so far. Owns no side effect but for `stored`. */
  place(name: string, epoch: bigint, offset: bigint, records: bigint): ChannelVerdict {
    const verdict = judge(this.#standing(name), this.lost, epoch, offset, records);
    if (verdict.kind === 'stored') this.#placed.set(name, { epoch, next: offset + records });
    return verdict;
  }

  /** As `place`, against what is synced, and without taking a place. */
  judgeStored(name: string, epoch: bigint, offset: bigint, records: bigint): ChannelVerdict {
    return judge(this.#head.channels.get(name), this.lost, epoch, offset, records);
  }

  /** The frames placed last are not in the log. */
  retract(): void {
    this.#placed.clear();
  }

  /** The answer to the first request with the key; undefined when there was none, or too long ago. */
  key(scope: string): KeyRecord | undefined {
    return this.#head.key(scope, this.#context.clock.monotonic());
  }

  /** False while another request with the key is under way; else it is, until `leaveKey`. */
  enterKey(scope: string): boolean {
    if (this.#keysInFlight.has(scope)) return false;
    this.#keysInFlight.add(scope);
    return true;
  }

  leaveKey(scope: string): void {
    this.#keysInFlight.delete(scope);
  }

  /** A key of the lost state may come again as long as its window would have lasted. */
  get keysLost(): boolean {
    const { lostAt } = this.#head;
    return lostAt !== undefined && this.#context.clock.monotonic() - lostAt <= this.#context.limits.maxAgeMs;
  }

  /** Raises the epoch; resolves when that is durable. */
  open(name: string, start: bigint | undefined): Promise<ChannelAnswer> {
    return this.#inTurn(async () => {
      const known = this.#head.channels.get(name);
      const { maxChannels } = this.#context.limits;
      if (known === undefined && this.lost && start === undefined) return refused({ kind: 'state-lost' });
      const stands = known?.next ?? (this.lost ? start : 0n);
      if (start !== undefined && start !== stands) return refused({ kind: 'offset-conflict', expected: stands ?? 0n });
      if (known === undefined && this.#head.channels.size >= maxChannels)
        return { kind: 'too-many-channels', limit: maxChannels };
      const epoch = (this.#lastEpoch += 1n);
      const from = known ?? { born: epoch, start: start ?? 0n, anew: this.lost };
      const note = { kind: 'opened', name, epoch, born: from.born, start: from.start, anew: from.anew } as const;
      return await this.#note(note, () => {
        const at = this.#standing(name);
        return { epoch, next: at === undefined || at === 'closed' ? from.start : at.next };
      });
    });
  }

  /** Forgets the channel; resolves when that is durable. */
  close(name: string): Promise<ChannelAnswer> {
    return this.#inTurn(async () => {
      if (!this.#head.channels.has(name)) return refused({ kind: this.lost ? 'state-lost' : 'no-such-channel' });
      const epoch = (this.#lastEpoch += 1n);
      return await this.#note({ kind: 'closed', name, epoch }, () => 'closed');
    });
  }

  async #note(note: ChannelNote, standing: () => Standing): Promise<ChannelAnswer> {
    const { name } = note;
    let channel: Channel | undefined;
    const admission: Admission = {
      admit: () => {
        this.#placed.set(name, standing());
        return true;
      },
      retract: () => this.retract(),
    };
    const onStored = (): void => {
      channel = this.#head.channels.get(name);
      this.#head.note(note);
      this.#staged.note(note);
      this.#changed = true;
      this.#settled(name);
      channel = this.#head.channels.get(name) ?? channel;
    };
    const outcome = await this.#context.log.note(encodeNote(this.#table, note), onStored, admission);
    if (channel !== undefined) return { kind: 'done', channel: statusOf(channel) };
    return outcome.kind === 'full'
      ? { kind: 'overloaded', scope: outcome.scope, retryAfterMs: RETRY_AFTER_MS }
      : { kind: 'not-accepting', reason: outcome.kind === 'refused' ? outcome.reason : 'the log did not store it' };
  }

  #standing(name: string): Standing | undefined {
    return this.#placed.get(name) ?? this.#head.channels.get(name);
  }

  /** What was placed for the channel is synced once the head stands there. */
  #settled(name: string): void {
    const placed = this.#placed.get(name);
    const head = this.#head.channels.get(name);
    const same =
      placed === 'closed' ? head === undefined : placed?.epoch === head?.epoch && placed?.next === head?.next;
    if (same) this.#placed.delete(name);
  }

  /** One opening or closing at a time, so that each is decided by what the one before left. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const RETRY_AFTER_MS = 1_000;

function judge(
  at: Standing | undefined,
  lost: boolean,
  epoch: bigint,
  offset: bigint,
  records: bigint,
): ChannelVerdict {
  if (at === undefined || at === 'closed') return { kind: lost ? 'state-lost' : 'no-such-channel' };
  if (epoch !== at.epoch) return { kind: 'stale-epoch', epoch: at.epoch };
  if (offset === at.next) return { kind: 'stored' };
  return offset + records <= at.next ? { kind: 'duplicate' } : { kind: 'offset-conflict', expected: at.next };
}

/** What was found, and whatever the log holds beyond it. */
async function headOf(
  { log, clock, limits }: ProducersContext,
  table: TableUuid,
  found: ProducerFacts | undefined,
  progress: ReadonlyMap<LaneId, Offset>,
): Promise<ProducerState> {
  const base = found ?? lost(clock);
  const head = new ProducerState(base, limits);
  for (const note of log.notes(table).map(decodeNote))
    if (found === undefined ? note.kind === 'opened' && note.anew : note.epoch > found.lastEpoch) head.note(note);
  for await (const entry of log.stamped(table, progress))
    if (entry.producer !== undefined) head.stored(entry.producer, entry, clock.monotonic(), base.lastEpoch);
  return head;
}

export const statusOf = ({ name, epoch, next }: Channel): ChannelStatus => ({ name, epoch, next });

const refused = (refusal: ProducerRefusal): ChannelAnswer => ({ kind: 'producer-refused', refusal });

/** Nobody knows which epochs were given out: what follows is above any that a counter or a clock may have made. */
const lost = (clock: Clock): ProducerFacts => ({
  ...NO_PRODUCERS,
  lastEpoch: BigInt(Math.max(0, Math.trunc(clock.now()))),
  lostAt: clock.monotonic(),
});
