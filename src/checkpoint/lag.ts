/** How far a table is behind what was acknowledged. Owns the arithmetic; where the parts come from is `table-pipeline.ts`. */
import type { OpenEpoch, SealedEpoch } from './epoch.ts';

/** Acknowledged and not known to be in the table, as far as this life has seen it. */
export interface Lag {
  readonly records: bigint;
  readonly bytes: number;
  /** The part of `bytes` that is staged in the spool. */
  readonly stagedBytes: number;
  /** Bytes of the log that wait for a commit of the table, frames included. */
  readonly logBytes: number;
  /** Monotonic milliseconds. */
  readonly oldestAt: number | undefined;
}

/** `lateSince`: arrival of records whose epoch was given up. */
export function lagOf(
  waiting: readonly (OpenEpoch | SealedEpoch)[],
  unstaged: { readonly records: number; readonly bytes: number },
  logBytes: number,
  lateSince: number | undefined,
): Lag {
  const stagedBytes = waiting.reduce((sum, epoch) => sum + epoch.bytes, 0);
  return {
    records: BigInt(waiting.reduce((sum, epoch) => sum + epoch.rows, unstaged.records)),
    bytes: stagedBytes + unstaged.bytes,
    stagedBytes,
    logBytes,
    oldestAt: lateSince ?? waiting[0]?.firstAt,
  };
}
