/**
 * How many small files there are at once, and for how long older ones alone were above what a look leaves. Owns the measure, not the reading.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Books } from './books.ts';
import { restAfter, type DataFile, type Judges } from './judges.ts';
import { SMALL_BYTES, SMALL_FILES, TABLES } from './tables.ts';

const PAUSE_MS = 500;

export class SmallFiles {
  /** By table and path: when it was seen first, in seconds. */
  readonly #known = new Map<string, ReadonlyMap<string, number>>();
  samples = 0;
  /** In one partition at once. */
  most = 0;
  /** Live data files of one table at once. */
  mostFiles = 0;
  /** That a partition had been above what a look leaves, by files that were there already: how long nobody looked. Seconds. */
  longestS = 0;

  /** One table after the other until the signal aborts. */
  async run(judges: Judges, books: Books, over: AbortSignal): Promise<void> {
    for (let number = 0; !over.aborted; number += 1) {
      const table = TABLES[number % TABLES.length]?.name ?? '';
      const began = performance.now();
      try {
        this.see(table, await judges.files(judges.current(table)), performance.now() / 1000);
      } catch (error) {
        books.violations.push(`a reader failed: files of ${table}: ${String(error).slice(0, 1_000)}`);
      }
      await sleep(restAfter(began, PAUSE_MS), undefined, { signal: over }).catch(() => undefined);
    }
  }

  /** The live files of a table at a time. */
  see(table: string, files: readonly DataFile[], atS: number): void {
    this.samples += 1;
    this.mostFiles = Math.max(this.mostFiles, files.length);
    const before = this.#known.get(table);
    const since = new Map(files.map(({ path }) => [path, before?.get(path) ?? atS]));
    this.#known.set(table, since);
    const small = Map.groupBy(
      files.filter(({ bytes }) => bytes < SMALL_BYTES),
      ({ partition }) => partition,
    );
    for (const group of small.values()) {
      this.most = Math.max(this.most, group.length);
      const ages = group.map(({ path }) => atS - (since.get(path) ?? atS)).toSorted((a, b) => b - a);
      this.longestS = Math.max(this.longestS, ages[SMALL_FILES] ?? 0);
    }
  }
}

/** Of one partition of a table that was just compacted and gets no files. */
export function mostSmall(files: readonly DataFile[]): number {
  const small = files.filter(({ bytes }) => bytes < SMALL_BYTES);
  const groups = Map.groupBy(small, ({ partition }) => partition);
  return Math.max(0, ...[...groups.values()].map(({ length }) => length));
}
