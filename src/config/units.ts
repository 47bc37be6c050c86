/** Durations, sizes and counts as people write them. Owns the text forms; which setting takes which is `schema.ts`. */

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;
const COUNT = /^\d{1,3}(?:_?\d{3})*$|^\d+$/;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Whole milliseconds of `10s`, `1.5m`, `250ms`; undefined for anything else. A bare number has no unit and is refused, but for 0. */
export function parseDuration(value: unknown): number | undefined {
  if (value === 0 || value === '0') return 0;
  const match = typeof value === 'string' ? DURATION.exec(value.trim()) : null;
  if (match === null) return undefined;
  return exact(Number(match[1]) * (MILLISECONDS[match[2] ?? ''] ?? NaN));
}

/** Whole bytes of `256MiB`, `1.5GB`; a whole number is bytes. Undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return exact(Number(text));
  const match = SIZE.exec(text);
  return match === null ? undefined : exact(Number(match[1]) * (BYTES[match[2] ?? ''] ?? NaN));
}

/** A whole number, also as text (`1_000_000`): interpolated scalars are text. */
export function parseCount(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return typeof value === 'string' && COUNT.test(value) ? exact(Number(value.replaceAll('_', ''))) : undefined;
}

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`. The host is never left out: listening on every address is said aloud (`0.0.0.0`). */
export function parseListen(value: unknown): ListenAddress | undefined {
  const match =
    typeof value === 'string' ? /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value.trim()) : null;
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? '', port };
}

const exact = (value: number): number | undefined => {
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) && Math.abs(value - whole) < 1e-6 ? whole : undefined;
};

/** The largest unit that gives a whole number: `2GiB`, `90s`. */
export const formatSize = (bytes: number): string => inUnits(bytes, BYTES, ['TiB', 'GiB', 'MiB', 'KiB', 'B']);
export const formatDuration = (ms: number): string => inUnits(ms, MILLISECONDS, ['d', 'h', 'm', 's', 'ms']);

function inUnits(value: number, factors: Readonly<Record<string, number>>, units: readonly string[]): string {
  const unit = units.find((candidate) => value % (factors[candidate] ?? 1) === 0) ?? '';
  return `${value / (factors[unit] ?? 1)}${unit}`;
}
