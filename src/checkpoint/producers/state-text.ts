/**
 * Producer state as text: what an object on the store, or a table's progress property, holds of it. Owns the form. Times are ages, so that
 * neither a jump of the clock nor a restart shortens a window.
 */
import type { TableUuid } from '../../core/ids.ts';
import { laneId, offset } from '../../core/ids.ts';
import { SluiceError } from '../../core/errors.ts';
import { parseJson64, stringifyJson64 } from '../../core/json64.ts';
import type { Channel, KeyRecord, ProducerFacts, Run } from './producer-state.ts';

type Int = number | bigint;
type StoredRun = readonly [end: Int, span: Int, lane: string, offset: Int];
type StoredChannel = readonly [
  name: string,
  born: Int,
  epoch: Int,
  start: Int,
  anew: boolean,
  next: Int,
  runs: readonly StoredRun[],
];
type StoredKey = readonly [
  scope: string,
  fingerprint: string,
  accepted: number,
  rejected: number,
  lane: string,
  offset: Int,
  ageMs: number,
];

interface Stored {
  readonly v: number;
  readonly table: string;
  readonly lastEpoch: Int;
  readonly lostAgeMs?: number;
  readonly channels: readonly StoredChannel[];
  readonly keys: readonly StoredKey[];
}

/** One line. `now` is monotonic. */
export function encodeState(table: TableUuid, facts: ProducerFacts, now: number): string {
  const age = (at: number): number => Math.max(0, Math.floor(now - at));
  const runOf = ({ end, span, position }: Run): StoredRun => [end, span, position.lane, position.offset];
  const stored: Stored = {
    v: 1,
    table,
    lastEpoch: facts.lastEpoch,
    ...(facts.lostAt === undefined ? {} : { lostAgeMs: age(facts.lostAt) }),
    channels: [...facts.channels.values()].map(({ name, born, epoch, start, anew, next, runs }) => [
      name,
      born,
      epoch,
      start,
      anew,
      next,
      runs.map(runOf),
    ]),
    keys: [...facts.keys].map(([scope, { fingerprint, accepted, rejected, position, at }]) => [
      scope,
      fingerprint,
      accepted,
      rejected,
      position.lane,
      position.offset,
      age(at),
    ]),
  };
  return stringifyJson64(stored);
}

/** Throws kind `corrupt` on any other text than ours for this table. */
export function decodeState(table: TableUuid, text: string, now: number): ProducerFacts {
  const what = `producer state of table ${table}`;
  const raw = parseJson64(text, what) as unknown as Partial<Stored>;
  if (raw.v !== 1 || raw.table !== table || raw.channels === undefined || raw.keys === undefined)
    throw new SluiceError('corrupt', `${what} is not a state this version understands`);
  const position = (lane: string, at: Int) => ({ lane: laneId(lane), offset: offset(at) });
  const channels = raw.channels.map(([name, born, epoch, start, anew, next, runs]): Channel => ({
    name,
    born: BigInt(born),
    epoch: BigInt(epoch),
    start: BigInt(start),
    anew,
    next: BigInt(next),
    runs: runs.map(([end, span, lane, at]) => ({
      end: BigInt(end),
      span: BigInt(span),
      position: position(lane, at),
    })),
  }));
  const keys = raw.keys.map(
    ([scope, fingerprint, accepted, rejected, lane, at, ageMs]): readonly [string, KeyRecord] => [
      scope,
      { fingerprint, accepted, rejected, position: position(lane, at), at: now - ageMs },
    ],
  );
  return {
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    keys: new Map(keys),
    lastEpoch: BigInt(raw.lastEpoch ?? 0),
    lostAt: raw.lostAgeMs === undefined ? undefined : now - raw.lostAgeMs,
  };
}
