/**
 * What is known of a table's producers (protocol §5): channels with their next offset, keys with their answers. Owns the fold over stamps
 * and notes, which may be given again in any number without effect. Reads and writes nothing; who asks which state is `table-producers.ts`.
 */
import { recordsIn, type Entry, type ProducerStamp } from '../../contracts/log.ts';
import type { Position } from '../../contracts/service-ports.ts';
import { offset } from '../../core/ids.ts';
import type { ChannelNote } from './channel-note.ts';

/** Channel offsets `(end - span, end]` lie one after the other in a lane; `position` is where `end` is. */
export interface Run {
  readonly end: bigint;
  readonly span: bigint;
  readonly position: Position;
}

export interface Channel {
  readonly name: string;
  /** Epoch with which it was first opened: stamps of an earlier channel of this name say nothing of this one. */
  readonly born: bigint;
  readonly epoch: bigint;
  readonly start: bigint;
  /** Opened by somebody who knew where it stood, after the table's state had been lost. */
  readonly anew: boolean;
  /** Offset of the next record. */
  readonly next: bigint;
  /** Where its latest records are, oldest first. */
  readonly runs: readonly Run[];
}

export interface KeyRecord {
  /** As stamped, in hex. */
  readonly fingerprint: string;
  /** Records of the request that are in the table, and those that became dead letters. */
  readonly accepted: number;
  readonly rejected: number;
  readonly position: Position;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface KeyWindow {
  readonly maxKeys: number;
  readonly maxAgeMs: number;
}

/** A state that no longer changes. */
export interface ProducerFacts {
  readonly channels: ReadonlyMap<string, Channel>;
  /** By scope, oldest first. */
  readonly keys: ReadonlyMap<string, KeyRecord>;
  /** The highest epoch of any channel, closed ones included. */
  readonly lastEpoch: bigint;
  /** The state before was lost: when that was found, in monotonic milliseconds. */
  readonly lostAt: number | undefined;
}

export const NO_PRODUCERS: ProducerFacts = { channels: new Map(), keys: new Map(), lastEpoch: 0n, lostAt: undefined };

/** Runs kept a channel: the window in which a replay is answered with its first position. */
const MAX_RUNS = 32;

export class ProducerState implements ProducerFacts {
  readonly #window: KeyWindow;
  readonly #channels: Map<string, Channel>;
  readonly #keys: Map<string, KeyRecord>;
  #lastEpoch: bigint;
  readonly lostAt: number | undefined;

  constructor(facts: ProducerFacts, window: KeyWindow) {
    this.#window = window;
    this.#channels = new Map(facts.channels);
    this.#keys = new Map(facts.keys);
    this.#lastEpoch = facts.lastEpoch;
    this.lostAt = facts.lostAt;
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.#channels;
  }

  get keys(): ReadonlyMap<string, KeyRecord> {
    return this.#keys;
  }

  get lastEpoch(): bigint {
    return this.#lastEpoch;
  }

  facts(): ProducerFacts {
    const { lastEpoch, lostAt } = this;
    return { channels: new Map(this.#channels), keys: new Map(this.#keys), lastEpoch, lostAt };
  }

  /** Undefined once it left the window of time. */
  key(scope: string, now: number): KeyRecord | undefined {
    const known = this.#keys.get(scope);
    return known === undefined || now - known.at > this.#window.maxAgeMs ? undefined : known;
  }

  /** A channel was opened or closed. Notes of one table are given in the order of their epochs. */
  note(note: ChannelNote): void {
    if (note.epoch > this.#lastEpoch) this.#lastEpoch = note.epoch;
    if (note.kind === 'closed') {
      this.#channels.delete(note.name);
      return;
    }
    const { name, epoch, born, start, anew } = note;
    const known = this.#channels.get(name);
    const stands = known?.born === born ? known : { next: start, runs: [] };
    this.#channels.set(name, { name, epoch, born, start, anew, next: stands.next, runs: stands.runs });
  }

  /**
   * The entry of a stamped request is stored. True: that was not known. A channel nobody knows is made from stamps of epochs above
   * `unseenFrom`; it was closed otherwise.
   */
  stored(stamp: ProducerStamp, entry: Entry, now: number, unseenFrom?: bigint): boolean {
    const position: Position = { lane: entry.lane, offset: offset(entry.baseOffset + BigInt(entry.count)) };
    return stamp.kind === 'channel'
      ? this.#channelStored(stamp, entry, position, unseenFrom)
      : this.#keyStored(stamp, recordsIn(entry), position, now);
  }

  #channelStored(
    stamp: Extract<ProducerStamp, { kind: 'channel' }>,
    entry: Entry,
    position: Position,
    unseenFrom: bigint | undefined,
  ): boolean {
    const { name, epoch, offset: first, records } = stamp;
    const unseen = unseenFrom !== undefined && epoch > unseenFrom && this.lostAt === undefined;
    const channel =
      this.#channels.get(name) ??
      (unseen ? { name, born: epoch, epoch, start: first, anew: false, next: first, runs: [] } : undefined);
    const end = first + BigInt(records);
    if (channel === undefined || epoch < channel.born || end <= channel.next) return false;
    if (epoch > this.#lastEpoch) this.#lastEpoch = epoch;
    this.#channels.set(name, {
      ...channel,
      epoch: epoch > channel.epoch ? epoch : channel.epoch,
      next: end,
      runs: withRun(channel.runs, end, entry.count === records ? BigInt(records) : 1n, position),
    });
    return true;
  }

  #keyStored(
    stamp: Extract<ProducerStamp, { kind: 'idempotency-key' }>,
    accepted: number,
    position: Position,
    now: number,
  ): boolean {
    const { name, fingerprint, records } = stamp;
    const known = this.#keys.get(name);
    if (known?.position.lane === position.lane && known.position.offset === position.offset) return false;
    this.#keys.delete(name);
    const rejected = records - accepted;
    this.#keys.set(name, {
      fingerprint: Buffer.from(fingerprint).toString('hex'),
      accepted,
      rejected,
      position,
      at: now,
    });
    for (const [scope, { at }] of this.#keys) {
      if (this.#keys.size <= this.#window.maxKeys && now - at <= this.#window.maxAgeMs) break;
      this.#keys.delete(scope);
    }
    return true;
  }
}

function withRun(runs: readonly Run[], end: bigint, span: bigint, position: Position): readonly Run[] {
  const last = runs.at(-1);
  const follows =
    last !== undefined &&
    last.end + span === end &&
    last.position.lane === position.lane &&
    last.position.offset + span === position.offset;
  return follows
    ? [...runs.slice(0, -1), { end, span: last.span + span, position }]
    : [...runs.slice(1 - MAX_RUNS), { end, span, position }];
}

/** Where the channel's record before `end` was stored, as far as that is remembered. */
export function positionOf(channel: Channel, end: bigint): Position | undefined {
  const run = channel.runs.find((each) => each.end - each.span < end && end <= each.end);
  return run === undefined
    ? undefined
    : { lane: run.position.lane, offset: offset(run.position.offset - (run.end - end)) };
}

/**
 * The state as of a place in the log where only what `base` counts was stored, with the channels that are open at the log's head.
 * Opened and closed channels carry no records: they may be known early.
 */
export function rebased(base: ProducerFacts, head: ProducerFacts): ProducerFacts {
  const channels = [...head.channels.values()].map((channel): Channel => {
    const then = base.channels.get(channel.name);
    const stands = then?.born === channel.born ? then : { next: channel.start, runs: [] };
    return { ...channel, next: stands.next, runs: stands.runs };
  });
  return {
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    keys: base.keys,
    lastEpoch: head.lastEpoch > base.lastEpoch ? head.lastEpoch : base.lastEpoch,
    lostAt: base.lostAt ?? head.lostAt,
  };
}
