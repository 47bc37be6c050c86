/** When a schedule is due, and how long a table that failed is left alone. Pure. */
import { Cron } from 'croner';

/** The first time after `sinceMs` that a cron expression names by the clocks of a time zone; undefined when there is none any more. Milliseconds since 1970. */
export const nextTime = (pattern: string, timeZone: string, sinceMs: number): number | undefined =>
  new Cron(pattern, { timezone: timeZone }).nextRun(new Date(sinceMs))?.getTime();

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/** After so many failures in a row. */
export const pauseMs = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 4 ** Math.max(0, failures - 1));
