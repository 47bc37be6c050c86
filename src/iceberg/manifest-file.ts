/**
 * One line of a manifest list as data (checklist 8.2, 8.3), and how the summary of a manifest's partitions is made.
 * Owns no bytes: `manifest-list.ts` does.
 */
import { compareSingle, decodeSingle, encodeSingle } from '../record/single-value.ts';
import type { PrimitiveType } from '../record/types.ts';
import type { PartitionTuple, PrimitiveValue } from '../record/values.ts';

export interface FieldSummary {
  readonly containsNull: boolean;
  readonly containsNan?: boolean;
  readonly lowerBound?: Uint8Array;
  readonly upperBound?: Uint8Array;
}

export interface ManifestFile {
  /** URI. */
  readonly path: string;
  readonly length: bigint;
  readonly specId: number;
  /** 0 data, 1 deletes. */
  readonly content: number;
  readonly sequenceNumber: bigint;
  readonly minSequenceNumber: bigint;
  readonly addedSnapshotId: bigint;
  readonly addedFiles: number;
  readonly existingFiles: number;
  readonly deletedFiles: number;
  readonly addedRows: bigint;
  readonly existingRows: bigint;
  readonly deletedRows: bigint;
  /** One per field of the spec, in its order. */
  readonly partitions?: readonly FieldSummary[];
  readonly keyMetadata?: Uint8Array;
}

export const hasLiveFiles = (manifest: ManifestFile): boolean => manifest.addedFiles > 0 || manifest.existingFiles > 0;

/**
 * Bounds over all tuples, one summary a field. Bounds are exact values of the partition type; undefined when no bounds are right for
 * every reader (see `isDisputed`).
 */
export function summarise(
  types: readonly PrimitiveType[],
  tuples: Iterable<PartitionTuple>,
): readonly FieldSummary[] | undefined {
  const fields = types.map(() => ({
    nulls: false,
    nans: false,
    low: undefined as PrimitiveValue | undefined,
    high: undefined as PrimitiveValue | undefined,
    signs: new Set<number>(),
  }));
  for (const tuple of tuples)
    for (const [position, field] of fields.entries()) {
      const value = tuple[position] ?? null;
      if (value === null) field.nulls = true;
      else if (typeof value === 'number' && Number.isNaN(value)) field.nans = true;
      else {
        if (types[position]?.kind === 'uuid') field.signs.add(signsOf(value as Uint8Array));
        if (field.low === undefined || compareSingle(value, field.low) < 0) field.low = value;
        if (field.high === undefined || compareSingle(value, field.high) > 0) field.high = value;
      }
    }
  if (fields.some((field) => isDisputed(field.signs))) return undefined;
  return types.map((type, position) => {
    const field = fields[position];
    const low = field?.low;
    const high = field?.high;
    return {
      containsNull: field?.nulls ?? false,
      containsNan: field?.nans ?? false,
      ...(low === undefined ? {} : { lowerBound: encodeSingle(type, low) }),
      ...(high === undefined ? {} : { upperBound: encodeSingle(type, high) }),
    };
  });
}

/**
 * Iceberg Java and Spark order the two halves of a uuid as signed numbers, all others its bytes: over uuids whose halves differ in sign no
 * bounds suit both (conformance 8.1). Bounds alone cannot be left out: Java takes a field without them for one of nulls only.
 */
const isDisputed = (signs: ReadonlySet<number>): boolean => signs.size > 1;

const signsOf = (uuid: Uint8Array): number => ((uuid[0] ?? 0) & 0x80) | (((uuid[8] ?? 0) & 0x80) >> 7);

/** The summary of several manifests of one spec together; undefined when one of them says nothing, or no bounds suit every reader. */
export function mergeSummaries(
  types: readonly PrimitiveType[],
  all: readonly (readonly FieldSummary[] | undefined)[],
): readonly FieldSummary[] | undefined {
  if (all.some((summaries) => summaries === undefined)) return undefined;
  const partsOf = (position: number): readonly FieldSummary[] =>
    all.flatMap((summaries) => summaries?.[position] ?? []);
  const boundsOf = (position: number): readonly Uint8Array[] =>
    partsOf(position).flatMap(({ lowerBound, upperBound }) => [lowerBound ?? [], upperBound ?? []].flat());
  if (types.some(({ kind }, position) => kind === 'uuid' && isDisputed(new Set(boundsOf(position).map(signsOf)))))
    return undefined;
  return types.map((type, position) => {
    const parts = partsOf(position);
    const lows = parts.flatMap((part) => part.lowerBound ?? []);
    const highs = parts.flatMap((part) => part.upperBound ?? []);
    const nans = new Set(parts.map((part) => part.containsNan));
    const lowest = extreme(type, lows, -1);
    const highest = extreme(type, highs, 1);
    return {
      containsNull: parts.some((part) => part.containsNull),
      ...(nans.has(undefined) ? {} : { containsNan: nans.has(true) }),
      ...(lowest === undefined ? {} : { lowerBound: lowest }),
      ...(highest === undefined ? {} : { upperBound: highest }),
    };
  });
}

function extreme(type: PrimitiveType, bounds: readonly Uint8Array[], sign: 1 | -1): Uint8Array | undefined {
  let best: { readonly bytes: Uint8Array; readonly value: PrimitiveValue } | undefined;
  for (const bytes of bounds) {
    const value = decodeSingle(type, bytes);
    if (best === undefined || sign * compareSingle(value, best.value) > 0) best = { bytes, value };
  }
  return best?.bytes;
}
