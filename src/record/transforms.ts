/**
 * Partition transforms of single values (spec "Partition Transforms", Appendix B; checklist 3.3–3.10). The column engine computes the
 * same in bulk; this is the judge, and what filters, tests and partition tuples of single values use.
 */
import { SluiceError } from '../core/errors.ts';
import { firstCodePoints } from './bounds.ts';
import { civilFromDays, floorDiv } from './civil.ts';
import { murmur3 } from './murmur3.ts';
import { transformName, type Transform } from './partition-spec.ts';
import { encodeSingle } from './single-value.ts';
import { primitiveName, type PrimitiveType } from './types.ts';
import type { PrimitiveValue } from './values.ts';

const MICROS_OF_DAY = 86_400_000_000n;
const MICROS_OF_HOUR = 3_600_000_000n;

const DATES: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);
const TRUNCATABLE: ReadonlySet<string> = new Set(['int', 'long', 'decimal', 'string', 'binary']);
const NOT_BUCKETABLE: ReadonlySet<string> = new Set(['boolean', 'float', 'double']);

/** Whether the transform is defined for the source type (checklist 3.3). */
export function isApplicable(transform: Transform, source: PrimitiveType): boolean {
  switch (transform.kind) {
    case 'identity':
    case 'void':
      return true;
    case 'bucket':
      return !NOT_BUCKETABLE.has(source.kind);
    case 'truncate':
      return TRUNCATABLE.has(source.kind);
    case 'hour':
      return source.kind !== 'date' && DATES.has(source.kind);
    case 'year':
    case 'month':
    case 'day':
      return DATES.has(source.kind);
  }
}

/** Type of the partition field. `day` gives a date (checklist 3.9). */
export function resultType(transform: Transform, source: PrimitiveType): PrimitiveType {
  switch (transform.kind) {
    case 'identity':
    case 'truncate':
    case 'void':
      return source;
    case 'day':
      return { kind: 'date' };
    case 'bucket':
    case 'year':
    case 'month':
    case 'hour':
      return { kind: 'int' };
  }
}

/**
 * The partition value of one source value; null stays null. A result outside the result type (truncating the smallest int, hours past
 * the year 246,953) is the type's nearest value, so that range filters still find the row.
 */
export function applyTransform(
  transform: Transform,
  source: PrimitiveType,
  value: PrimitiveValue | null,
): PrimitiveValue | null {
  if (value === null || transform.kind === 'void') return null;
  if (!isApplicable(transform, source))
    throw new SluiceError('internal', `${transformName(transform)} is not defined for ${primitiveName(source)}`);
  switch (transform.kind) {
    case 'identity':
      return value;
    case 'bucket':
      return (murmur3(bytesHashed(source, value)) & 0x7fff_ffff) % transform.buckets;
    case 'truncate':
      return truncate(transform.width, source, value);
    case 'year':
      return civilFromDays(dayOf(source, value)).year - 1970;
    case 'month': {
      const { year, month } = civilFromDays(dayOf(source, value));
      return (year - 1970) * 12 + (month - 1);
    }
    case 'day':
      return dayOf(source, value);
    case 'hour':
      return clampInt(Number(floorDiv(value as bigint, MICROS_OF_HOUR)));
  }
}

/** Numbers of at most 64 bits are hashed as 8-byte little-endian longs, dates too (checklist 3.5). */
export function bytesHashed(source: PrimitiveType, value: PrimitiveValue): Uint8Array {
  return source.kind === 'int' || source.kind === 'date'
    ? encodeSingle({ kind: 'long' }, BigInt(value as number))
    : encodeSingle(source, value);
}

function dayOf(source: PrimitiveType, value: PrimitiveValue): number {
  return source.kind === 'date' ? (value as number) : Number(floorDiv(value as bigint, MICROS_OF_DAY));
}

function truncate(width: number, source: PrimitiveType, value: PrimitiveValue): PrimitiveValue {
  if (typeof value === 'string') return firstCodePoints(value, width);
  if (value instanceof Uint8Array) return value.subarray(0, width);
  const exact = BigInt(value);
  const floored = floorDiv(exact, BigInt(width)) * BigInt(width);
  const least = smallest(source);
  const bounded = floored < least ? least : floored;
  return typeof value === 'number' ? Number(bounded) : bounded;
}

function smallest(type: PrimitiveType): bigint {
  if (type.kind === 'decimal') return 1n - 10n ** BigInt(type.precision);
  return type.kind === 'int' ? -(2n ** 31n) : -(2n ** 63n);
}

const clampInt = (value: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
