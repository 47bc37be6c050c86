/**
 * One request of a producer on its way through the ingest: what it is stamped with, when it is admitted, what it is answered when nothing
 * is stored. Owns fingerprints and scopes of keys; the rules are `table-producers.ts`.
 *
 * The fingerprint of a key: SHA-256 of the request, then the uuid (16 bytes) that names its dead letters, so that a replay can name them, too.
 */
import { createHash } from 'node:crypto';
import { SluiceError } from '../../core/errors.ts';
import { offset, type TableName } from '../../core/ids.ts';
import { uuidV7, type Runtime } from '../../core/runtime.ts';
import type { Admission, ProducerStamp } from '../../contracts/log.ts';
import type { AppendAnswer, AppendRequest, Committed, Position, Producer } from '../../contracts/service-ports.ts';
import { batchOf, deadLetterTableOf } from '../../record/dead-letter-table.ts';
import { positionOf, type KeyRecord } from './producer-state.ts';
import type { ChannelVerdict, TableProducers } from './table-producers.ts';

export interface ProducerTurn {
  /** Known before the records are looked at. */
  readonly answer?: AppendAnswer;
  /** What the request's dead letters are named; undefined: anything. */
  readonly batch?: string;
  stamp(records: number): ProducerStamp;
  admission(records: number): Admission | undefined;
  /** The records do not fit the table: that is no matter when they were stored before it changed. */
  refused(records: number): AppendAnswer | undefined;
  /** The log wrote nothing, as the admission said. */
  withheld(records: number): AppendAnswer;
  /** The request is answered, however it ended. */
  end(): void;
}

export interface TurnTable {
  readonly name: TableName;
  readonly runtime: Runtime;
  readonly producers: TableProducers;
  readonly positions: { wait(position: Position): Promise<Committed> };
  /** Resolves when every dead letter of the table that was acknowledged before the call is committed. Rejects like `positions.wait`. */
  readonly lettersCommitted: () => Promise<void>;
}

/** Undefined: a plain request. */
export function turnOf(table: TurnTable, request: AppendRequest): ProducerTurn | undefined {
  const { producer } = request;
  switch (producer?.kind) {
    case undefined:
      return undefined;
    case 'channel':
      return new ChannelTurn(table, producer);
    case 'idempotency-key':
      return keyTurn(table, request, producer.key);
  }
}

class ChannelTurn implements ProducerTurn {
  readonly #table: TurnTable;
  readonly #channel: Extract<Producer, { kind: 'channel' }>;
  #verdict: ChannelVerdict = { kind: 'stored' };

  constructor(table: TurnTable, channel: Extract<Producer, { kind: 'channel' }>) {
    this.#table = table;
    this.#channel = channel;
  }

  stamp(records: number): ProducerStamp {
    const { name, epoch, offset } = this.#channel;
    return { kind: 'channel', name, epoch, offset, records };
  }

  admission(records: number): Admission {
    const { producers } = this.#table;
    const { name, epoch, offset } = this.#channel;
    return {
      admit: () => {
        this.#verdict = producers.place(name, epoch, offset, BigInt(records));
        return this.#verdict.kind === 'stored';
      },
      retract: () => producers.retract(),
    };
  }

  refused(records: number): AppendAnswer | undefined {
    const { name, epoch, offset } = this.#channel;
    const verdict = this.#table.producers.judgeStored(name, epoch, offset, BigInt(records));
    return verdict.kind === 'duplicate' ? this.#duplicate(records) : undefined;
  }

  withheld(records: number): AppendAnswer {
    const verdict = this.#verdict;
    return verdict.kind === 'stored' || verdict.kind === 'duplicate'
      ? this.#duplicate(records)
      : { kind: 'producer-refused', refusal: verdict };
  }

  end(): void {
    // Channels hold nothing for a request under way.
  }

  #duplicate(records: number): AppendAnswer {
    const { producers } = this.#table;
    const { name, offset } = this.#channel;
    const channel = producers.channel(name);
    const position = channel === undefined ? undefined : positionOf(channel, offset + BigInt(records));
    // Where it is may be forgotten; that it is before the channel's oldest remembered record is not.
    const latest = position ?? channel?.runs.at(0)?.position;
    return {
      kind: 'duplicate',
      ...(position === undefined ? {} : { position }),
      ...(latest === undefined ? {} : { committed: () => bothCommitted(this.#table, latest) }),
    };
  }
}

function keyTurn(table: TurnTable, request: AppendRequest, key: string): ProducerTurn {
  const { producers } = table;
  const scope = `${request.principal}\u0000${key}`;
  const digest = digestOf(request);
  const uuid = uuidV7(table.runtime);
  const known = producers.key(scope);
  const answer: AppendAnswer | undefined =
    known !== undefined
      ? replayed(table, known, digest)
      : producers.keysLost
        ? { kind: 'producer-refused', refusal: { kind: 'state-lost' } }
        : producers.enterKey(scope)
          ? undefined
          : { kind: 'producer-refused', refusal: { kind: 'key-in-flight' } };
  return {
    ...(answer === undefined ? {} : { answer }),
    batch: batchOf(uuid),
    stamp: (records) => ({
      kind: 'idempotency-key',
      name: scope,
      fingerprint: Buffer.from(digest + uuid.replaceAll('-', ''), 'hex'),
      records,
    }),
    admission: () => undefined,
    refused: () => undefined,
    withheld: () => ({ kind: 'producer-refused', refusal: { kind: 'key-in-flight' } }),
    end: () => {
      if (answer === undefined) producers.leaveKey(scope);
    },
  };
}

function replayed(table: TurnTable, known: KeyRecord, digest: string): AppendAnswer {
  if (!known.fingerprint.startsWith(digest)) return { kind: 'producer-refused', refusal: { kind: 'key-reused' } };
  const { accepted, rejected, position } = known;
  const answer = { kind: 'durable', accepted, position, replayed: true } as const;
  if (rejected === 0) return { ...answer, committed: () => table.positions.wait(position) };
  const letters = deadLetterTableOf(table.name);
  if (letters === undefined) throw new SluiceError('internal', 'a key remembers dead letters of a table without any');
  const deadLetters = {
    table: letters,
    batch: batchOf(known.fingerprint.slice(digest.length)),
    rejected,
    // Their entry is the next in its frame.
    position: { lane: position.lane, offset: offset(position.offset + BigInt(rejected)) },
  };
  return { ...answer, committed: () => bothCommitted(table, position), deadLetters };
}

/** Letters of the first request lay in its frame: whatever is acknowledged now has them among it. */
async function bothCommitted({ positions, lettersCommitted }: TurnTable, position: Position): Promise<Committed> {
  const letters = lettersCommitted();
  // Whichever fails first is the answer; the other is nobody's then.
  const [committed] = await Promise.all([positions.wait(position), letters]);
  return committed;
}

/** Of the body as it was before any encoding, and of what else decides which records are stored. */
function digestOf({ body, format, ignoreUnknownFields, onError }: AppendRequest): string {
  return createHash('sha256')
    .update(`${format} ${ignoreUnknownFields ? 'ignore' : 'reject'} ${onError ?? ''}\n`)
    .update(body)
    .digest('hex');
}
