/** Sizes of the files of one table by manifest and partition, as far as they were read, and their sums. Pure. */

export interface PartitionSizes {
  readonly files: number;
  readonly bytes: number;
  readonly smallFiles: number;
  readonly smallBytes: number;
}

/** By partition. */
export type ManifestSizes = ReadonlyMap<string, PartitionSizes>;

export interface SizeTotals {
  readonly files: number;
  readonly bytes: number;
  readonly smallFiles: number;
  readonly sparableFiles: number;
  readonly partitions: { readonly count: number; readonly largestBytes: number; readonly medianBytes: number };
}

const NOTHING: PartitionSizes = { files: 0, bytes: 0, smallFiles: 0, smallBytes: 0 };

export class SizeBook {
  /** Files below are small. */
  readonly smallBytes: number;
  readonly #manifests = new Map<string, ManifestSizes>();

  constructor(smallBytes: number) {
    this.smallBytes = smallBytes;
  }

  has(path: string): boolean {
    return this.#manifests.has(path);
  }

  set(path: string, sizes: ManifestSizes): void {
    this.#manifests.set(path, sizes);
  }

  /** Forgets manifests that the table no longer has. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.#manifests.keys()) if (!paths.has(path)) this.#manifests.delete(path);
  }

  total(targetBytes: number): SizeTotals {
    const partitions = new Map<string, PartitionSizes>();
    for (const sizes of this.#manifests.values())
      for (const [partition, more] of sizes)
        partitions.set(partition, plus(partitions.get(partition) ?? NOTHING, more));
    const all = [...partitions.values()];
    const { files, bytes, smallFiles } = all.reduce(plus, NOTHING);
    const ordered = all.map((sizes) => sizes.bytes).sort((a, b) => a - b);
    return {
      files,
      bytes,
      smallFiles,
      sparableFiles: all.reduce((spared, sizes) => spared + sparable(sizes, targetBytes), 0),
      partitions: {
        count: all.length,
        largestBytes: ordered.at(-1) ?? 0,
        medianBytes: ordered[Math.floor((ordered.length - 1) / 2)] ?? 0,
      },
    };
  }
}

const plus = (a: PartitionSizes, b: PartitionSizes): PartitionSizes => ({
  files: a.files + b.files,
  bytes: a.bytes + b.bytes,
  smallFiles: a.smallFiles + b.smallFiles,
  smallBytes: a.smallBytes + b.smallBytes,
});

/** Small files less the files that their bytes would fill. */
const sparable = ({ smallFiles, smallBytes }: PartitionSizes, targetBytes: number): number =>
  smallFiles === 0 ? 0 : Math.max(0, smallFiles - Math.max(1, Math.ceil(smallBytes / targetBytes)));
