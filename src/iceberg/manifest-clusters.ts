/**
 * Manifests written anew so that each holds few partitions and is about as large as the table wants (checklist 7.9, 8.6, 8.7): which ones,
 * and the entries in their new order. Data files and delete manifests stay as they are. Pure.
 */
import { compareSingle, decodeSingle } from '../record/single-value.ts';
import type { PrimitiveType } from '../record/types.ts';
import type { PartitionTuple, PrimitiveValue } from '../record/values.ts';
import { DATA } from './delete-index.ts';
import type { LiveEntry } from './manifest-scan.ts';
import { hasLiveFiles, type ManifestFile } from './manifest-file.ts';

/** Manifests decoded at once, in targets: what a group takes of memory. */
const GROUP_TARGETS = 2n;

/**
 * Groups of data manifests, each of one spec, in the order of their partitions. Left out are manifests that are nearly full and share no
 * partition range with others, and the rest where they are about as few as their bytes need and lie side by side. `typesOf` are the types
 * of a spec's partition fields.
 */
export function planClusters(
  manifests: readonly ManifestFile[],
  targetBytes: bigint,
  typesOf: (specId: number) => readonly PrimitiveType[],
): readonly (readonly ManifestFile[])[] {
  const candidates = manifests.filter(
    (manifest) => manifest.content === DATA && hasLiveFiles(manifest) && manifest.keyMetadata === undefined,
  );
  return [...Map.groupBy(candidates, ({ specId }) => specId)].flatMap(([specId, all]) => {
    const ranges = all.map((manifest) => rangeOf(manifest, typesOf(specId)[0])).toSorted(byLow);
    return runsOfUntidy(ranges, targetBytes)
      .filter((run) => isUntidy(run, targetBytes))
      .flatMap((run) => inGroups(run, targetBytes * GROUP_TARGETS))
      .filter((group) => group.length > 1);
  });
}

/** Cut where a manifest is well as it is: what lies on both sides of it must not come together. */
function runsOfUntidy(sorted: readonly Range[], targetBytes: bigint): readonly (readonly Range[])[] {
  const runs: Range[][] = [[]];
  let highest: PrimitiveValue | null = null;
  for (const [at, range] of sorted.entries()) {
    const next = sorted[at + 1];
    const overlaps =
      compareValues(highest, range.low) > 0 || (next !== undefined && compareValues(range.high, next.low) > 0);
    if (range.manifest.length * 4n >= targetBytes * 3n && !overlaps) runs.push([]);
    else runs.at(-1)?.push(range);
    if (compareValues(range.high, highest) > 0) highest = range.high;
  }
  return runs;
}

function isUntidy(run: readonly Range[], targetBytes: bigint): boolean {
  const bytes = run.reduce((sum, { manifest }) => sum + manifest.length, 0n);
  const needed = (bytes + targetBytes - 1n) / targetBytes;
  return BigInt(run.length) > 2n * needed || !areSideBySide(run);
}

/** In the order of their partitions, in lists that fill a manifest each; `bytes` is what they took so far. */
export function clusters(
  entries: readonly LiveEntry[],
  bytes: bigint,
  targetBytes: bigint,
): readonly (readonly LiveEntry[])[] {
  const sorted = entries.toSorted(
    (a, b) => compareTuples(a.file.partition, b.file.partition) || Number(a.sequenceNumber - b.sequenceNumber),
  );
  const count = Math.max(1, Math.min(sorted.length, Number((bytes + targetBytes - 1n) / targetBytes)));
  const each = Math.ceil(sorted.length / count);
  return Array.from({ length: Math.ceil(sorted.length / each) }, (_, at) => sorted.slice(at * each, (at + 1) * each));
}

/** What a manifest holds of the first partition field; undefined bounds: no values, or nothing is known. */
interface Range {
  readonly manifest: ManifestFile;
  readonly low: PrimitiveValue | null;
  readonly high: PrimitiveValue | null;
}

function rangeOf(manifest: ManifestFile, type: PrimitiveType | undefined): Range {
  const { lowerBound, upperBound } = manifest.partitions?.[0] ?? {};
  if (type === undefined || lowerBound === undefined || upperBound === undefined)
    return { manifest, low: null, high: null };
  return { manifest, low: decodeSingle(type, lowerBound), high: decodeSingle(type, upperBound) };
}

const byLow = (a: Range, b: Range): number => compareValues(a.low, b.low) || compareValues(a.high, b.high);

/** One may begin with the partition that the one before ends with. */
const areSideBySide = (sorted: readonly Range[]): boolean =>
  sorted.every(({ low }, at) => {
    const before = sorted[at - 1];
    return before === undefined || compareValues(before.high, low) <= 0;
  });

function inGroups(run: readonly Range[], maxBytes: bigint): readonly (readonly ManifestFile[])[] {
  const groups: ManifestFile[][] = [];
  let bytes = 0n;
  for (const { manifest } of run) {
    const open = groups.at(-1);
    if (open === undefined || bytes + manifest.length > maxBytes) {
      groups.push([manifest]);
      bytes = manifest.length;
    } else {
      open.push(manifest);
      bytes += manifest.length;
    }
  }
  return groups;
}

/** Nulls first. */
const compareValues = (a: PrimitiveValue | null, b: PrimitiveValue | null): number =>
  a === null || b === null ? Number(a !== null) - Number(b !== null) : compareSingle(a, b);

function compareTuples(a: PartitionTuple, b: PartitionTuple): number {
  for (const [at, value] of a.entries()) {
    const order = compareValues(value, b[at] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}
