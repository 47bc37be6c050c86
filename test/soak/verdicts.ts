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

interface Growth {
  /** Of the samples of a third: what of them is compared. */
  readonly quantile: number;
  /** Part of 1 by which the end may be above the middle, and what may come on top of that. */
  readonly part: number;
  readonly plus: number;
}

/** In five minutes with their 18,000 requests that is a leak of 8 KB a request, 2 KB if it is of objects; in an hour a twelfth of it. */
const GROWTH: Partial<Record<Figure, Growth>> = {
  // DuckDB and the C library's allocator keep what they once had and reach their peak by chance; metadata files to read and write get longer.
  heldBytes: { quantile: 0.5, part: 0.05, plus: 32 * MiB },
  // What is there after a large collection. Each checkpoint adds a snapshot to the metadata in use: 3 MiB in a third.
  oldBytes: { quantile: 0.1, part: 0.1, plus: 8 * MiB },
  threads: { quantile: 0.5, part: 0, plus: 2 },
  sockets: { quantile: 0.5, part: 0, plus: 8 },
  files: { quantile: 0.5, part: 0, plus: 4 },
  // A route or code that was not met in the first third may still be met.
  plainSeries: { quantile: 0.5, part: 0, plus: 12 },
};
const MOST_FRESHNESS_SECONDS = 60;

/** Of the values that each third of the samples has. */
export function thirdsOf(samples: readonly Sample[], figure: Figure, q = 0.5): Thirds {
  const third = Math.floor(samples.length / 3);
  const values = samples.map((sample) => sample[figure]);
  return {
    start: quantile(values.slice(0, third), q),
    middle: quantile(values.slice(third, 2 * third), q),
    end: quantile(values.slice(2 * third), q),
    most: Math.max(...values),
  };
}

/** Empty: nothing grew. */
export function verdicts(samples: readonly Sample[], rest: Rest, allowed: Allowed): readonly string[] {
  return [...growth(samples), ...theLog(samples, rest.after, allowed), ...atRest(rest, allowed), ...lateness(samples)];
}

function growth(samples: readonly Sample[]): readonly string[] {
  return Object.entries(GROWTH).flatMap(([figure, { quantile, part, plus }]) => {
    const { middle, end } = thirdsOf(samples, figure as Figure, quantile);
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
