/** One table's share of one checkpoint while it is open and after it is sealed. Owns the arithmetic of its cut; writes nothing. */
import { formatTableName, type Epoch, type LaneId, type Offset, type SnapshotId, type TableName } from '../core/ids.ts';
import type { UploadedFiles } from '../commit/file-age.ts';
import type { Staging } from '../contracts/column-engine.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import type { Span } from '../contracts/tracing.ts';
import type { SealedProducers } from './producers/table-producers.ts';
import type { LaneCut } from './protocol.ts';
import { RequestLinks } from './request-links.ts';

export class OpenEpoch {
  readonly staging: Staging;
  readonly requests = new RequestLinks();
  /** Monotonic milliseconds of its first record; the interval trigger counts from here. */
  readonly firstAt: number;
  readonly #lanes = new Map<LaneId, LaneCut>();

  constructor(staging: Staging, firstAt: number) {
    this.staging = staging;
    this.firstAt = firstAt;
  }

  get rows(): number {
    return this.staging.rows;
  }

  get bytes(): number {
    return this.staging.bytes;
  }

  get lanes(): ReadonlyMap<LaneId, LaneCut> {
    return this.#lanes;
  }

  /** The cut of the lane now ends at `to`; it began where the table's staging stood before. */
  extend(lane: LaneId, from: Offset | undefined, to: Offset): void {
    const cut = this.#lanes.get(lane);
    this.#lanes.set(lane, { from: cut === undefined ? from : cut.from, to });
  }
}

export interface SealedEpoch {
  readonly epoch: Epoch;
  readonly token: SnapshotId;
  readonly trigger: CheckpointRecord['trigger'];
  readonly lanes: ReadonlyMap<LaneId, LaneCut>;
  readonly staging: Staging;
  readonly rows: number;
  readonly bytes: number;
  readonly firstAt: number;
  /** Wall clock of the cut. */
  readonly sealedAt: number;
  /** Of the whole checkpoint of this table, from the cut to the end of the commit. */
  readonly span: Span;
  /** Written and uploaded; rejects when that is hopeless or cancelled. */
  readonly files: Promise<UploadedEpoch>;
  /** State of the producers as of the cut; undefined when the table holds it already. */
  readonly producers: SealedProducers | undefined;
}

export interface UploadedEpoch extends UploadedFiles {
  readonly writeSeconds: number;
  readonly uploadSeconds: number;
}

/** Where the table stands once this epoch is in. */
export const endOf = (lanes: ReadonlyMap<LaneId, LaneCut>): ReadonlyMap<LaneId, Offset> =>
  new Map([...lanes].map(([lane, cut]) => [lane, cut.to]));

/** What the history keeps of an epoch that is in its table. */
export function recordOf(
  table: TableName,
  sealed: SealedEpoch,
  uploaded: UploadedEpoch,
  commitSeconds: number,
  freshnessSeconds: number,
): CheckpointRecord {
  return {
    table: formatTableName(table),
    epoch: sealed.epoch,
    trigger: sealed.trigger,
    startedAt: sealed.sealedAt,
    result: 'committed',
    snapshot: sealed.token,
    records: sealed.rows,
    files: uploaded.files.length,
    bytes: Number(uploaded.files.reduce((sum, file) => sum + file.fileSizeInBytes, 0n)),
    cut: Object.fromEntries([...endOf(sealed.lanes)].map(([lane, to]) => [lane, to.toString()])),
    freshnessSeconds,
    phases: { write: uploaded.writeSeconds, upload: uploaded.uploadSeconds, commit: commitSeconds },
  };
}
