/** What a compaction has done so far, and what of the table it has taken away. Owns the sums. */
import type { DeleteFile, LiveDataFile } from '../contracts/maintenance.ts';
import type { RewriteGroup } from './compaction-plan.ts';
import type { DeleteUse } from './delete-use.ts';
import type { RewrittenGroup } from './rewrite-group.ts';

export interface CompactionResult {
  readonly groupsCommitted: number;
  readonly groupsDropped: number;
  /** Left as they are; the log of the job says why. */
  readonly groupsFailed: number;
  readonly filesRemoved: number;
  readonly filesAdded: number;
  readonly bytesRead: bigint;
  readonly bytesWritten: bigint;
  /** By which the table is smaller for what was committed; below 0 when it is larger. */
  readonly bytesSaved: bigint;
  readonly rowsDeleted: bigint;
  readonly deleteFilesRemoved: number;
  readonly seconds: number;
}

export class CompactionTotal {
  readonly #use: DeleteUse;
  /** Files that committed groups took out of the table. */
  readonly #gone: LiveDataFile[] = [];
  result: CompactionResult = {
    groupsCommitted: 0,
    groupsDropped: 0,
    groupsFailed: 0,
    filesRemoved: 0,
    filesAdded: 0,
    bytesRead: 0n,
    bytesWritten: 0n,
    bytesSaved: 0n,
    rowsDeleted: 0n,
    deleteFilesRemoved: 0,
    seconds: 0,
  };

  constructor(use: DeleteUse) {
    this.#use = use;
  }

  /** What no live file needs once this group is in, beside those that are. */
  removableDeletes({ files }: RewriteGroup): readonly DeleteFile[] {
    return this.#use.only(files, this.#gone);
  }

  committed(group: RewriteGroup, made: RewrittenGroup): void {
    this.#cost(group, made);
    this.#gone.push(...group.files.filter(({ deletes }) => deletes.length > 0));
    const { result } = this;
    this.result = {
      ...result,
      groupsCommitted: result.groupsCommitted + 1,
      filesRemoved: result.filesRemoved + group.files.length,
      filesAdded: result.filesAdded + made.files.length,
      bytesSaved: result.bytesSaved + group.bytes - made.bytesOut,
      rowsDeleted: result.rowsDeleted + made.rowsDeleted,
    };
  }

  deletesRemoved(count: number): void {
    this.result = { ...this.result, deleteFilesRemoved: this.result.deleteFilesRemoved + count };
  }

  dropped(group: RewriteGroup, made: RewrittenGroup): void {
    this.#cost(group, made);
    this.result = { ...this.result, groupsDropped: this.result.groupsDropped + 1 };
  }

  failed(): void {
    this.result = { ...this.result, groupsFailed: this.result.groupsFailed + 1 };
  }

  #cost({ bytes }: RewriteGroup, { bytesOut, seconds }: RewrittenGroup): void {
    const { result } = this;
    this.result = {
      ...result,
      bytesRead: result.bytesRead + bytes,
      bytesWritten: result.bytesWritten + bytesOut,
      seconds: result.seconds + seconds,
    };
  }
}
