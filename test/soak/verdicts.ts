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

/** Bytes of JavaScript that a full collection left. */
export interface Kept {
  readonly afterFirstThird: number;
  readonly atEnd: number;
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
  /** What the column engines may hold, all together. */
  readonly engineBytes: number;
  /** Objects of its own that a table may have. */
  readonly ownObjectsATable: number;
}

/** Part of 1 by which the end may be above the middle, and what may come on top of that. */
const GROWTH: Partial<Record<Figure, { readonly part: number; readonly plus: number }>> = {
  threads: { part: 0, plus: 2 },
  sockets: { part: 0, plus: 8 },
  files: { part: 0, plus: 4 },
  // A route or code that was not met in the first third may still be met.
  plainSeries: { part: 0, plus: 12 },
};
/**
 * From one collection after the first third to the one at the end. Requests are on their way at either, each checkpoint adds a snapshot to the
 * metadata in use (6 MiB in two thirds), and a table made meanwhile has its series.
 */
const KEPT = { part: 0.1, plus: 16 * MiB };
/**
 * DuckDB and the C library's allocator keep what they once had: in a short soak the engines are still filling what they are allowed, and that
 * is what is judged; whether it goes on for ever only a long one can tell. RSS itself is not judged: V8 doubles its young
 * generation and puts off collections as it likes, 140 MiB up and down within minutes.
 */
const NATIVE = { part: 0.1, plus: 16 * MiB, longSeconds: 14 * 60, besideEngines: 64 * MiB };
/** Pages of a heap that shrank are outside of it until V8 gives them back, which took a minute and a half: only what is always there is judged. */
const FLOOR = 0.1;
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
export function verdicts(samples: readonly Sample[], kept: Kept, rest: Rest, allowed: Allowed): readonly string[] {
  return [
    ...growth(samples),
    ...native(samples, rest.before, allowed),
    ...objects(kept),
    ...theLog(samples, rest.after, allowed),
    ...atRest(rest, allowed),
    ...lateness(samples),
  ];
}

function growth(samples: readonly Sample[]): readonly string[] {
  return Object.entries(GROWTH).flatMap(([figure, { part, plus }]) => {
    const { middle, end } = thirdsOf(samples, figure as Figure);
    const most = middle * (1 + part) + plus;
    return end > most ? [`${figure} grew from ${middle} to ${end}; at most ${Math.round(most)} was expected`] : [];
  });
}

function native(samples: readonly Sample[], before: Sample, { engineBytes }: Allowed): readonly string[] {
  const { middle, end } = thirdsOf(samples, 'nativeBytes', FLOOR);
  const most = before.nativeBytes + engineBytes + NATIVE.besideEngines;
  const later = middle * (1 + NATIVE.part) + NATIVE.plus;
  const seconds = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
  return [
    ...(end > most ? [`nativeBytes are ${end}, more than the ${Math.round(most)} that are allowed`] : []),
    ...(seconds >= NATIVE.longSeconds && end > later
      ? [`nativeBytes grew from ${middle} to ${end}; at most ${Math.round(later)} was expected`]
      : []),
  ];
}

function objects({ afterFirstThird, atEnd }: Kept): readonly string[] {
  const most = afterFirstThird * (1 + KEPT.part) + KEPT.plus;
  return atEnd > most
    ? [
        `objects: ${atEnd} bytes are kept after a collection, ${afterFirstThird} before; at most ${Math.round(most)} was expected`,
      ]
    : [];
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
