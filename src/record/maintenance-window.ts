/**
 * Maintenance windows: days and hours of the week, by the clock on the wall of a time zone. Owns their text form and whether a moment is in
 * one; what is done only inside of them is the scheduler's. Pure.
 */

/** From `fromMinute` of each of its days for as many minutes as it takes to `toMinute`, over midnight if that is earlier. */
export interface MaintenanceWindow {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes of the day, 0 to 1439. */
  readonly fromMinute: number;
  /** 1 to 1440; not after `fromMinute`: of the next day. */
  readonly toMinute: number;
}

export const WINDOW_RULE = 'a window such as "22:00-06:00", "mon-fri 22:00-06:00" or "sat,sun"';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY = 24 * 60;
const EVERY_DAY = DAYS.map((_, day) => day);

/** `sat,sun`, `22:00-06:00`, `mon-fri 22:00-06:00`; undefined for what is none. */
export function parseWindow(text: string): MaintenanceWindow | undefined {
  const parts = text.trim().toLowerCase().split(/\s+/);
  const [first = '', second] = parts;
  if (parts.length > 2) return undefined;
  const hours = parseHours(second ?? first);
  if (second !== undefined) return joined(parseDays(first), hours);
  return hours === undefined ? joined(parseDays(first), { fromMinute: 0, toMinute: DAY }) : joined(EVERY_DAY, hours);
}

/** Whether the moment is in one of them; without any, always. Milliseconds since 1970. */
export function isOpen(windows: readonly MaintenanceWindow[], timeZone: string, at: number): boolean {
  if (windows.length === 0) return true;
  const { day, minute } = wallClock(timeZone, at);
  return windows.some(({ days, fromMinute, toMinute }) => {
    if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
    const dayBefore = (day + 6) % 7;
    return (days.includes(day) && minute >= fromMinute) || (days.includes(dayBefore) && minute < toMinute);
  });
}

/** Whether there is such a time zone (IANA), such as Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

type Hours = Pick<MaintenanceWindow, 'fromMinute' | 'toMinute'>;

const joined = (days: readonly number[] | undefined, hours: Hours | undefined): MaintenanceWindow | undefined =>
  days === undefined || hours === undefined ? undefined : { days, ...hours };

function parseDays(text: string): readonly number[] | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [from = -1, to = from, ...more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (from < 0 || to < 0 || more.length > 0) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function parseHours(text: string): Hours | undefined {
  const match = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [fromHour = 0, fromMinutes = 0, toHour = 0, toMinutes = 0] = match.slice(1).map(Number);
  const [from, to] = [fromHour * 60 + fromMinutes, toHour * 60 + toMinutes];
  if (Math.max(fromMinutes, toMinutes) > 59 || from >= DAY || to > DAY || from === to) return undefined;
  // Until 00:00 is until the end of the day.
  return { fromMinute: from, toMinute: to === 0 ? DAY : to };
}

/** Formatters are dear to make, and a daemon has one time zone. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const made =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, made);
  return made;
}

function wallClock(timeZone: string, at: number): { readonly day: number; readonly minute: number } {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return {
    day: DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase()),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}
