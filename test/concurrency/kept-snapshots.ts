/** Snapshots that are kept by a tag from the middle of the load on, and what they held first. Owns the tags; reading is whoever's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempts } from './attempts.ts';
import type { Books } from './books.ts';
import type { Judges } from './judges.ts';
import { TABLES } from './tables.ts';

const LEAST_PAUSE_MS = 10_000;
/** Of all tables together. A tag is in every metadata file from then on. */
const MOST = 80;

export interface Kept {
  readonly table: string;
  readonly tag: string;
  readonly snapshot: string;
}

export class KeptSnapshots {
  readonly all: Kept[] = [];

  /** PyIceberg tags one table after the other, evenly over the minutes, until the signal aborts. */
  async run(judges: Judges, books: Books, attempts: Attempts, minutes: number, over: AbortSignal): Promise<void> {
    const pauseMs = Math.max(LEAST_PAUSE_MS, (minutes * 60_000) / MOST);
    for (let number = 0; !over.aborted; number += 1) {
      await sleep(pauseMs, undefined, { signal: over }).catch(() => undefined);
      const table = TABLES[number % TABLES.length]?.name ?? '';
      const tag = `kept${number}`;
      const end = await attempts.of('pyiceberg tag', () => judges.pyiceberg.tag(judges.catalog, table, tag));
      if (end.kind === 'done') this.all.push({ table, tag, snapshot: end.value });
      else if (end.kind === 'failed') books.violations.push(`pyiceberg, tag ${table}: ${end.why.slice(0, 1_000)}`);
    }
  }
}
