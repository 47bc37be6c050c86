/**
 * What of a soak's samples is a leak. The first third warms up and is not judged; then the last third is held against the middle one.
 * Pure. Owns the bounds and says why they are what they are.
 */
import { quantile } from '../bench/measure.ts';
import type { Sample } from './sample.ts';

const MiB = 1024 * 1024;

export type Figure = Exclude<keyof Sample, 'at' | 'tables'>;

export interface Thirds {
  readonly start: number;
  readonly middle: number;
  readonly end: number;
  readonly most: number;
}

export interface Rest {
  /** Before the load, every table having been written to. */
  readonly before: Sample;
  /** After the load, when everything is committed and the grace is over. */
  readonly after: Sample;
}

export interface Allowed {
  readonly segmentBytes: number;
  readonly logBytes: number;
  /** Objects of its own that a table may have. */
  readonly ownObjectsATable: number;
}

/** Part of 1 by which the end may be above the middle, and what may come on top of that. */
const GROWTH: Partial<Record<Figure, { readonly part: number; readonly plus: number }>> = {
  // The allocators of V8, DuckDB and the C library keep what they once had, and reach their peak by chance.
  rssBytes: { part: 0.1, plus: 32 * MiB },
  // Between two collections the heap swings by as much as the young generation holds.
  heapBytes: { part: 0.1, plus: 16 * MiB },
  threads: { part: 0, plus: 2 },
  sockets: { part: 0, plus: 8 },
  files: { part: 0, plus: 4 },
  // A route or code that was not met in the first third may still be met.
  plainSeries: { part: 0, plus: 12 },
};
const MOST_FRESHNESS_SECONDS = 60;

export const medianOf = (samples: readonly Sample[], figure: Figure): number =>
  quantile(
    samples.map((sample) => sample[figure]),
    0.5,
  );

export function thirdsOf(samples: readonly Sample[], figure: Figure): Thirds {
  const third = Math.floor(samples.length / 3);
  return {
    start: medianOf(samples.slice(0, third), figure),
    middle: medianOf(samples.slice(third, 2 * third), figure),
    end: medianOf(samples.slice(2 * third), figure),
    most: Math.max(...samples.map((sample) => sample[figure])),
  };
}

/** Empty: nothing grew. */
export function verdicts(samples: readonly Sample[], rest: Rest, allowed: Allowed): readonly string[] {
  return [...growth(samples), ...theLog(samples, rest.after, allowed), ...atRest(rest, allowed), ...lateness(samples)];
}

function growth(samples: readonly Sample[]): readonly string[] {
  return Object.entries(GROWTH).flatMap(([figure, { part, plus }]) => {
    const { middle, end } = thirdsOf(samples, figure as Figure);
    const most = middle * (1 + part) + plus;
    return end > most ? [`${figure} grew from ${middle} to ${end}; at most ${Math.round(most)} was expected`] : [];
  });
}

/** A log that is trimmed stays far below its limit; a limit that is met is a log that is not trimmed. */
function theLog(samples: readonly Sample[], after: Sample, { logBytes, segmentBytes }: Allowed): readonly string[] {
  const { middle, end } = thirdsOf(samples, 'logBytes');
  const most = Math.min(logBytes / 2, middle * 1.5 + 3 * segmentBytes);
  return [
    ...(end > most ? [`the log held ${end} bytes, ${middle} before; at most ${Math.round(most)} was expected`] : []),
    ...(after.segments > 2 ? [`${after.segments} segments of the log are left when all is committed`] : []),
  ];
}

function atRest({ before, after }: Rest, { ownObjectsATable }: Allowed): readonly string[] {
  const found: string[] = [];
  if (after.spoolBytes > 0) found.push(`${after.spoolBytes} bytes are left in the spool when all is committed`);
  if (after.files > before.files + 4)
    found.push(`${after.files} files are open at rest, ${before.files} before the load`);
  if (after.sockets > before.sockets + 2)
    found.push(`${after.sockets} sockets are open at rest, ${before.sockets} before the load`);
  const ownObjects = ownObjectsATable * after.tables.size;
  if (after.ownObjects > ownObjects)
    found.push(`${after.ownObjects} objects of its own, at most ${ownObjects} for ${after.tables.size} tables`);
  return found;
}

function lateness(samples: readonly Sample[]): readonly string[] {
  const { most } = thirdsOf(samples, 'freshnessSeconds');
  return most > MOST_FRESHNESS_SECONDS ? [`a record waited ${Math.round(most)} s for its table`] : [];
}
