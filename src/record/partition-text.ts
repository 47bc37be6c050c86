/** Partition and other single values as people read them. For display and logs; nothing parses it back. */
import { dateText, floorDiv, timeText, two, yearText } from './civil.ts';
import type { Transform } from './partition-spec.ts';
import { resultType } from './transforms.ts';
import type { PrimitiveType } from './types.ts';
import type { PrimitiveValue } from './values.ts';

const MICROS_OF_DAY = 86_400_000_000n;

/** `2024`, `2024-03`, `2024-03-05`, `2024-03-05-07`, `17`, base64 of bytes …; null stays null. */
export function partitionText(
  transform: Transform,
  source: PrimitiveType,
  value: PrimitiveValue | null,
): string | null {
  if (value === null) return null;
  if (typeof value === 'number') {
    if (transform.kind === 'year') return yearText(1970 + value);
    if (transform.kind === 'month')
      return `${yearText(1970 + Math.floor(value / 12))}-${two((((value % 12) + 12) % 12) + 1)}`;
    if (transform.kind === 'hour') return `${dateText(Math.floor(value / 24))}-${two(((value % 24) + 24) % 24)}`;
  }
  return valueText(resultType(transform, source), value);
}

export function valueText(type: PrimitiveType, value: PrimitiveValue): string {
  switch (type.kind) {
    case 'date':
      return typeof value === 'number' ? dateText(value) : String(value);
    case 'time':
      return timeText(value as bigint);
    case 'timestamp':
      return timestampText(value as bigint);
    case 'timestamptz':
      return `${timestampText(value as bigint)}+00:00`;
    case 'decimal':
      return decimalText(value as bigint, type.scale);
    case 'uuid':
      return Buffer.from(value as Uint8Array)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    case 'fixed':
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('base64');
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function timestampText(micros: bigint): string {
  const days = floorDiv(micros, MICROS_OF_DAY);
  return `${dateText(Number(days))}T${timeText(micros - days * MICROS_OF_DAY)}`;
}
