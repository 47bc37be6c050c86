/** Values of the slow path as canonical JSON text (form: `canonical.ts`). */
import { assertNever } from '../../core/errors.ts';
import type { Type } from '../../record/types.ts';
import type { Value } from './read-result.ts';

/** One spelling a value. Equal text means equal value, and with `negativeZero` '0' the reverse holds for map keys as well. */
export function canonicalText(type: Type, value: Value, negativeZero: '-0.0' | '0' = '-0.0'): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'struct':
      return `{${type.fields
        .map(
          (field, index) =>
            `${JSON.stringify(field.name)}:${canonicalText(field.type, member(value, index), negativeZero)}`,
        )
        .join(',')}}`;
    case 'list':
      return `[${(value as readonly Value[]).map((item) => canonicalText(type.element, item, negativeZero)).join(',')}]`;
    case 'map': {
      const pairs = (value as readonly Value[]).map(
        (pair) =>
          [
            canonicalText(type.key, member(pair, 0), negativeZero),
            canonicalText(type.value, member(pair, 1), negativeZero),
          ] as const,
      );
      return type.key.kind === 'string'
        ? `{${pairs.map(([key, inner]) => `${key}:${inner}`).join(',')}}`
        : `[${pairs.map(([key, inner]) => `{"key":${key},"value":${inner}}`).join(',')}]`;
    }
    case 'boolean':
    case 'int':
    case 'long':
      return String(value);
    case 'float':
    case 'double':
      return floatText(value as number, negativeZero);
    case 'decimal':
      return `"${decimalText(value as bigint, type.scale)}"`;
    case 'date':
      return `"${dateText(value as number)}"`;
    case 'time':
      return `"${timeText(value as bigint)}"`;
    case 'timestamp':
      return `"${timestampText(value as bigint)}"`;
    case 'timestamptz':
      return `"${timestampText(value as bigint)}Z"`;
    case 'string':
      return JSON.stringify(value);
    case 'uuid':
      return `"${uuidText(value as Uint8Array)}"`;
    case 'binary':
    case 'fixed':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    default:
      return assertNever(type);
  }
}

const member = (value: Value | undefined, index: number): Value => (value as readonly Value[])[index] ?? null;

function floatText(value: number, negativeZero: string): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? negativeZero : String(value);
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const dateText = (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10);

function timeText(micros: bigint): string {
  const pad = (value: bigint, width = 2): string => value.toString().padStart(width, '0');
  const seconds = micros / 1_000_000n;
  const clock = `${pad(seconds / 3600n)}:${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
  return `${clock}.${pad(micros % 1_000_000n, 6)}`;
}

const MICROS_PER_DAY = 86_400_000_000n;

function timestampText(micros: bigint): string {
  const inDay = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  return `${dateText(Number((micros - inDay) / MICROS_PER_DAY))}T${timeText(inDay)}`;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
