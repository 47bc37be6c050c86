/** How much deletes weigh on data files, and which of them a rewrite makes useless. Pure. */
import type { DeleteFile, LiveDataFile } from '../contracts/maintenance.ts';

export class DeleteUse {
  /** By URI of the delete file: rows and number of the live files that it may apply to. */
  readonly #uses = new Map<string, { rows: bigint; files: number }>();

  constructor(files: readonly LiveDataFile[]) {
    for (const { deletes, recordCount } of files)
      for (const { filePath } of deletes) {
        const use = this.#uses.get(filePath) ?? { rows: 0n, files: 0 };
        this.#uses.set(filePath, use);
        use.rows += recordCount;
        use.files += 1;
      }
  }

  /** The part of a file's rows that these deletes take away, if each is spread evenly over the files it applies to. */
  share(deletes: readonly DeleteFile[]): number {
    return deletes.reduce((sum, { filePath, recordCount }) => {
      const rows = this.#uses.get(filePath)?.rows ?? 0n;
      return sum + (rows === 0n ? 0 : Number(recordCount) / Number(rows));
    }, 0);
  }

  /** Deletes that apply to these files and, of all live files, to no other but those that went before. */
  only(files: readonly LiveDataFile[], before: readonly LiveDataFile[] = []): readonly DeleteFile[] {
    const here = new Map(files.flatMap(({ deletes }) => deletes.map((file) => [file.filePath, file] as const)));
    const counts = new Map<string, number>();
    for (const { deletes } of [...before, ...files])
      for (const { filePath } of deletes) counts.set(filePath, (counts.get(filePath) ?? 0) + 1);
    return [...here.values()].filter(({ filePath }) => this.#uses.get(filePath)?.files === counts.get(filePath));
  }
}
