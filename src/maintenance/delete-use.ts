/** How much deletes weigh on data files, and which of them nothing needs, or not after a rewrite. Pure. */
import type { DeleteFile, LiveDataFile } from '../contracts/maintenance.ts';

/** Deletes that were applied when a data file was made, by its URI: they may still seem to apply. */
export type AppliedDeletes = ReadonlyMap<string, ReadonlySet<string>>;

export class DeleteUse {
  readonly #applied: AppliedDeletes;
  /** By URI of the delete file: rows and number of the live files that it may apply to. */
  readonly #uses = new Map<string, { rows: bigint; files: number }>();

  constructor(files: readonly LiveDataFile[], applied: AppliedDeletes = new Map()) {
    this.#applied = applied;
    for (const file of files)
      for (const { filePath } of this.open(file)) {
        const use = this.#uses.get(filePath) ?? { rows: 0n, files: 0 };
        this.#uses.set(filePath, use);
        use.rows += file.recordCount;
        use.files += 1;
      }
  }

  /** Those of the file's deletes that may take rows of it. */
  open({ filePath, deletes }: LiveDataFile): readonly DeleteFile[] {
    const done = this.#applied.get(filePath);
    return done === undefined ? deletes : deletes.filter((file) => !done.has(file.filePath));
  }

  /** The part of a file's rows that these deletes take away, if each is spread evenly over the files it applies to. */
  share(deletes: readonly DeleteFile[]): number {
    return deletes.reduce((sum, { filePath, recordCount }) => {
      const rows = this.#uses.get(filePath)?.rows ?? 0n;
      return sum + (rows === 0n ? 0 : Number(recordCount) / Number(rows));
    }, 0);
  }

  /** Rows of the file that its deletes take away, about. */
  deletedRows(file: LiveDataFile): bigint {
    return BigInt(Math.round(Math.min(1, this.share(this.open(file))) * Number(file.recordCount)));
  }

  /** Deletes that apply to these files and, of all live files, to no other but those that went before. */
  only(files: readonly LiveDataFile[], before: readonly LiveDataFile[] = []): readonly DeleteFile[] {
    const here = new Map(files.flatMap((file) => this.open(file).map((each) => [each.filePath, each] as const)));
    const counts = new Map<string, number>();
    for (const file of [...before, ...files])
      for (const { filePath } of this.open(file)) counts.set(filePath, (counts.get(filePath) ?? 0) + 1);
    return [...here.values()].filter(({ filePath }) => this.#uses.get(filePath)?.files === counts.get(filePath));
  }

  /** Of all live deletes, those that apply to no live file: each once. */
  dangling(deletes: readonly DeleteFile[]): readonly DeleteFile[] {
    const unused = deletes.filter(({ filePath }) => !this.#uses.has(filePath));
    return [...new Map(unused.map((file) => [file.filePath, file])).values()];
  }
}
