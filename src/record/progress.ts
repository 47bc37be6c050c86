/**
 * What a table says it holds of one pipeline (protocol §1, §4): kept as a one-line table property inside every commit of ours.
 * Owns the value and its text form. Decides nothing: `checkpoint/protocol.ts` does.
 */
import { SluiceError } from '../core/errors.ts';
import type { Epoch, Generation, LaneId, Offset, PipelineId, SnapshotId, TableUuid } from '../core/ids.ts';
import { epoch, generation, laneId, offset, pipelineId, snapshotId, tableUuid } from '../core/ids.ts';
import { asLong, parseJson64, stringifyJson64 } from '../core/json64.ts';

export interface LaneProgress {
  /** Every record of the lane below this offset that belongs to the table is in it. */
  readonly next: Offset;
  readonly generation: Generation;
  /** The log of the lane was lost and what its last life may have had in flight is fenced off (protocol §6). */
  readonly lost?: true;
}

export interface Progress {
  readonly pipeline: PipelineId;
  readonly table: TableUuid;
  readonly epoch: Epoch;
  /** Snapshot id of the last commit of this pipeline. */
  readonly token: SnapshotId;
  /** Producer state as of the cut, or where it is. */
  readonly state?: string;
  readonly lanes: ReadonlyMap<LaneId, LaneProgress>;
  /** Milliseconds: lanes born up to then that are not in the map were fully committed and have been pruned. */
  readonly prunedTo?: number;
}

/** Larger properties are refused: a table with this many lanes wants pruning. */
export const MAX_PROGRESS_BYTES = 64 * 1024;

export const progressKey = (pipeline: PipelineId): string => `sluice.progress.${pipeline}`;

/** One line of JSON; throws kind `misconfigured` above 64 KiB. */
export function encodeProgress(progress: Progress): string {
  const lanes = Object.fromEntries(
    [...progress.lanes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([lane, at]) => [
        lane,
        [at.next.toString(), at.generation.toString(), ...(at.lost === true ? ['lost'] : [])],
      ]),
  );
  const text = stringifyJson64({
    v: 1,
    table: progress.table,
    epoch: progress.epoch,
    token: progress.token.toString(),
    ...(progress.state === undefined ? {} : { state: progress.state }),
    ...(progress.prunedTo === undefined ? {} : { pruned: progress.prunedTo }),
    lanes,
  });
  if (Buffer.byteLength(text) > MAX_PROGRESS_BYTES)
    throw new SluiceError('misconfigured', 'progress of the table exceeds 64 KiB', {
      context: { pipeline: progress.pipeline, table: progress.table, lanes: progress.lanes.size },
      remedy: 'shorten the retention of committed lanes so that they are pruned',
    });
  return text;
}

/** Throws kind `corrupt` on any other text: nothing may start again at 0 because a property could not be read. */
export function decodeProgress(pipeline: string, text: string): Progress {
  const what = `table property ${progressKey(pipelineId(pipeline))}`;
  const raw = parseJson64(text, what) as {
    readonly v?: unknown;
    readonly table?: unknown;
    readonly epoch?: unknown;
    readonly token?: unknown;
    readonly state?: unknown;
    readonly pruned?: unknown;
    readonly lanes?: Readonly<Record<string, readonly [string, string, 'lost'?]>>;
  };
  if (raw.v !== 1 || typeof raw.table !== 'string' || typeof raw.token !== 'string' || typeof raw.lanes !== 'object')
    throw new SluiceError('corrupt', `${what} is not a progress record this version understands`, {
      remedy: 'restore the property from an earlier metadata file, or use the version of Sluice that wrote it',
    });
  return {
    pipeline: pipelineId(pipeline),
    table: tableUuid(raw.table),
    epoch: epoch(asLong(raw.epoch, `${what}: epoch`)),
    token: snapshotId(BigInt(raw.token)),
    ...(typeof raw.state === 'string' ? { state: raw.state } : {}),
    ...(typeof raw.pruned === 'number' ? { prunedTo: raw.pruned } : {}),
    lanes: new Map(
      Object.entries(raw.lanes).map(([lane, [next, gen, lost]]) => [
        laneId(lane),
        {
          next: offset(BigInt(next)),
          generation: generation(BigInt(gen)),
          ...(lost === 'lost' ? { lost: true as const } : {}),
        },
      ]),
    ),
  };
}
