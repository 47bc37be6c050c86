/** Dates and times of the slow path: text to days and microseconds. Proleptic Gregorian, years 0001 to 9999. Knows no clock. */
import type { Read } from './read-result.ts';
import { accepted, refused } from './read-result.ts';

const DATE = String.raw`([0-9]{4})-([0-9]{2})-([0-9]{2})`;
const TIME = String.raw`([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?`;
const DATE_ONLY = new RegExp(`^${DATE}$`);
const TIME_ONLY = new RegExp(`^${TIME}$`);
const DATE_TIME = new RegExp(`^${DATE}[T ]${TIME}$`);
const DATE_TIME_ZONE = new RegExp(`^${DATE}[T ]${TIME}(?:Z|([+-])([0-9]{2}):([0-9]{2}))$`);

const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_MINUTE = 60n * MICROS_PER_SECOND;
const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND;
const FIRST_DAY = daysSinceEpoch(1, 1, 1);
const LAST_DAY = daysSinceEpoch(9999, 12, 31);

/** Days since 1970-01-01. */
export function readDate(text: string): Read<number> {
  const found = DATE_ONLY.exec(text);
  return found === null ? refused('invalid_format', 'a date is yyyy-MM-dd') : dayOf(found[1], found[2], found[3]);
}

/** Microseconds since midnight. */
export function readTime(text: string): Read<bigint> {
  const found = TIME_ONLY.exec(text);
  return found === null
    ? refused('invalid_format', 'a time is HH:mm, HH:mm:ss or HH:mm:ss.ffffff')
    : microsOf(found[1], found[2], found[3], found[4]);
}

/** Microseconds since 1970-01-01T00:00:00 on the same wall clock. A zone is refused. */
export function readTimestamp(text: string): Read<bigint> {
  const found = DATE_TIME.exec(text);
  if (found === null)
    return refused(
      'invalid_format',
      DATE_TIME_ZONE.test(text) ? 'timestamp has no zone: send timestamptz or leave the zone out' : EXPECTED,
    );
  const [, year, month, day, hour, minute, second, fraction] = found;
  return combine(dayOf(year, month, day), microsOf(hour, minute, second, fraction), 0n);
}

/** Microseconds since 1970-01-01T00:00:00Z. A zone is required; the instant must lie in the years 0001 to 9999 of UTC. */
export function readTimestamptz(text: string): Read<bigint> {
  const found = DATE_TIME_ZONE.exec(text);
  if (found === null)
    return refused(
      'invalid_format',
      DATE_TIME.test(text) ? 'the zone is missing: add Z or an offset such as +02:00' : `${EXPECTED} and Z or ±HH:mm`,
    );
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour = '0', zoneMinute = '0'] = found;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return refused('out_of_range', 'an offset is at most ±23:59');
  const offset = BigInt(Number(zoneHour) * 60 + Number(zoneMinute)) * MICROS_PER_MINUTE;
  return combine(dayOf(year, month, day), microsOf(hour, minute, second, fraction), sign === '-' ? offset : -offset);
}

const EXPECTED = 'a timestamp is yyyy-MM-ddTHH:mm, with seconds and up to 6 fraction digits if you like';

function combine(day: Read<number>, time: Read<bigint>, shift: bigint): Read<bigint> {
  if (day.kind === 'refused') return day;
  if (time.kind === 'refused') return time;
  const micros = BigInt(day.value) * MICROS_PER_DAY + time.value + shift;
  return micros < BigInt(FIRST_DAY) * MICROS_PER_DAY || micros >= BigInt(LAST_DAY + 1) * MICROS_PER_DAY
    ? refused('out_of_range', 'in UTC the year is not between 0001 and 9999')
    : accepted(micros);
}

function dayOf(year?: string, month?: string, day?: string): Read<number> {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (y < 1) return refused('out_of_range', 'years are 0001 to 9999');
  if (m < 1 || m > 12) return refused('out_of_range', `there is no month ${month}`);
  if (d < 1 || d > new Date(Date.UTC(2000 + (y % 400), m, 0)).getUTCDate())
    return refused('out_of_range', `there is no day ${day} in ${year}-${month}`);
  return accepted(daysSinceEpoch(y, m, d));
}

function microsOf(hour?: string, minute?: string, second = '00', fraction = ''): Read<bigint> {
  if (Number(hour) > 23) return refused('out_of_range', 'hours are 00 to 23');
  if (Number(minute) > 59) return refused('out_of_range', 'minutes are 00 to 59');
  if (second === '60') return refused('out_of_range', 'a leap second cannot be stored');
  if (Number(second) > 59) return refused('out_of_range', 'seconds are 00 to 59');
  if (/[1-9]/.test(fraction.slice(6))) return refused('too_precise', 'microseconds are the finest unit');
  const seconds = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  return accepted(seconds * MICROS_PER_SECOND + BigInt(fraction.slice(0, 6).padEnd(6, '0')));
}

function daysSinceEpoch(year: number, month: number, day: number): number {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; 400 Gregorian years are 146,097 days.
  return Date.UTC(year + 400, month - 1, day) / 86_400_000 - 146_097;
}
