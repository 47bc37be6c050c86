/** Parquet statistics of a column chunk as values of Iceberg types (encoder reference §3). Owns byte orders; merges nothing. */
import { decodeSingle, fromTwosComplement } from '../../record/single-value.ts';
import type { PrimitiveType } from '../../record/types.ts';
import type { PrimitiveValue } from '../../record/values.ts';
import { ids, physical } from './parquet-footer.ts';
import type { ThriftStruct } from './thrift-compact.ts';
import { fieldOf } from './thrift-compact.ts';

export interface ChunkBounds {
  readonly min: PrimitiveValue | undefined;
  readonly max: PrimitiveValue | undefined;
}

/** Undefined bounds are not known. Longer text may be shortened already: min is still a lower, max still an upper bound. */
export function chunkBounds(
  type: PrimitiveType,
  statistics: ThriftStruct | undefined,
  physicalType: number,
): ChunkBounds {
  if (statistics === undefined) return { min: undefined, max: undefined };
  return {
    min: valueOf(type, fieldOf(statistics, ids.statistics.minValue), physicalType),
    max: valueOf(type, fieldOf(statistics, ids.statistics.maxValue), physicalType),
  };
}

function valueOf(type: PrimitiveType, bytes: unknown, physicalType: number): PrimitiveValue | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  switch (type.kind) {
    case 'decimal':
      // Little-endian as integers, big-endian as fixed bytes.
      return fromTwosComplement(physicalType === physical.fixed ? bytes : Uint8Array.from(bytes).reverse());
    case 'string':
      return text(bytes);
    case 'fixed':
      return bytes;
    default:
      return decodeSingle(type, bytes);
  }
}

/** Undefined for bytes that are no text: a foreign writer may have cut through a character. */
function text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
