/**
 * What a compaction is expected to cost and gain, from its plan and from what earlier ones of this daemon took. Owns what was learnt: speed
 * and shrinkage, by whether rows were sorted. Before anything was measured, 20 MiB are read a second, 10 where rows are sorted, and bytes
 * stay as many.
 */
import type { CompactionPlan, RewriteGroup } from './compaction-plan.ts';
import type { RewrittenGroup } from './rewrite-group.ts';

export interface CompactionEstimate {
  readonly groups: number;
  readonly files: number;
  readonly filesAfter: number;
  /** Gain: files fewer, bytes fewer, rows that deletes take away, delete files that are then needed no more. */
  readonly filesSaved: number;
  readonly bytes: bigint;
  readonly bytesSaved: bigint;
  readonly rowsDeleted: bigint;
  readonly deleteFilesRemoved: number;
  readonly seconds: number;
}

interface Learnt {
  readonly bytesPerSecond: number;
  /** Bytes out for a byte in. */
  readonly shrinkage: number;
}

const MiB = 1024 * 1024;
const FIRST: Readonly<Record<'plain' | 'sorted', Learnt>> = {
  plain: { bytesPerSecond: 20 * MiB, shrinkage: 1 },
  sorted: { bytesPerSecond: 10 * MiB, shrinkage: 1 },
};
/** Weight of the latest group. */
const LATEST = 0.3;

export class CompactionExperience {
  readonly #learnt: Record<'plain' | 'sorted', Learnt> = { ...FIRST };

  estimate({ groups, use, dangling, isSorted }: EstimatedPlan): CompactionEstimate {
    const { bytesPerSecond, shrinkage } = this.#learnt[isSorted ? 'sorted' : 'plain'];
    const files = groups.flatMap((group) => group.files);
    const filesAfter = groups.reduce((sum, group) => sum + group.filesAfter, 0);
    const bytes = groups.reduce((sum, group) => sum + group.bytes, 0n);
    return {
      groups: groups.length,
      files: files.length,
      filesAfter,
      filesSaved: files.length - filesAfter,
      bytes,
      bytesSaved: bytes - BigInt(Math.round(Number(bytes) * shrinkage)),
      rowsDeleted: files.reduce((sum, file) => sum + use.deletedRows(file), 0n),
      deleteFilesRemoved: use.only(files).length + dangling.length,
      seconds: Number(bytes) / bytesPerSecond,
    };
  }

  learn(
    { bytes }: Pick<RewriteGroup, 'bytes'>,
    made: Pick<RewrittenGroup, 'bytesOut' | 'seconds'>,
    isSorted: boolean,
  ): void {
    if (made.seconds <= 0 || bytes <= 0n) return;
    const kind = isSorted ? 'sorted' : 'plain';
    const { bytesPerSecond, shrinkage } = this.#learnt[kind];
    this.#learnt[kind] = {
      bytesPerSecond: (1 - LATEST) * bytesPerSecond + (LATEST * Number(bytes)) / made.seconds,
      shrinkage: (1 - LATEST) * shrinkage + (LATEST * Number(made.bytesOut)) / Number(bytes),
    };
  }
}

export type EstimatedPlan = Pick<CompactionPlan, 'groups' | 'use' | 'dangling' | 'isSorted'>;
