/** What a maintained world is like: faults, habits, limits, pace. Owns the drawing from the seed, in an order that seeds rely on. */
import type { ExpiryPolicy } from '../../../src/contracts/maintenance.ts';
import type { CompactionPolicy } from '../../../src/maintenance/compactor.ts';
import { LEAST_ORPHAN_AGE_MS } from '../../../src/maintenance/orphans.ts';
import { Faults, type FaultKind } from '../world/faults.ts';
import type { SeededRandom } from '../world/random.ts';
import { HABITS, type Habit } from './foreign.ts';
import type { Chore } from './keeper.ts';

export const KINDS = [
  'kill',
  'suspend',
  'volume-cloned',
  'store-error',
  'store-lost-answer',
  'store-late',
  'store-slow',
  'catalog-error',
  'catalog-lost-before',
  'catalog-lost-after',
  'catalog-late',
  'catalog-twice',
  'catalog-down',
] as const satisfies readonly FaultKind[];

/** What excuses much of what follows. */
const RARE: ReadonlySet<Habit> = new Set(['rollback', 'expire']);

export interface MaintainedShape {
  readonly faults: Faults;
  readonly trouble: number;
  readonly habits: ReadonlySet<Habit>;
  readonly partitioned: boolean;
  /** Other writers name the bucket in another way, half the time. */
  readonly spells: boolean;
  readonly properties: ReadonlyMap<string, string>;
  readonly compaction: CompactionPolicy;
  readonly expiry: ExpiryPolicy;
  readonly orphans: { readonly minAgeMs: number; readonly quarantineMs: number; readonly deletesPerSecond: number };
  readonly pace: Readonly<Record<Chore | 'ingest', number>>;
  readonly chaosMs: number;
}

export function drawShape(random: SeededRandom, without: ReadonlySet<string>): MaintainedShape {
  const shape = random.fork('shape');
  const may = (kind: string): boolean => shape.chance(0.45) && !without.has(kind);
  const kinds = KINDS.filter(may);
  const habits = HABITS.filter((habit) => shape.chance(RARE.has(habit) ? 0.25 : 0.5) && !without.has(habit));
  const among = (...choices: readonly number[]): number => shape.pick(choices) ?? 0;
  return {
    faults: new Faults(new Set(kinds)),
    trouble: among(0.03, 0.1, 0.2),
    habits: new Set(habits),
    partitioned: shape.chance(0.5),
    spells: shape.chance(0.5),
    properties: new Map([
      ['commit.manifest.min-count-to-merge', String(among(2, 4, 100))],
      ['commit.manifest.target-size-bytes', String(among(4_000, 12_000, 8 << 20))],
      ['write.metadata.previous-versions-max', String(among(2, 10, 100))],
    ]),
    compaction: {
      targetBytes: 1 << 20,
      minFiles: 2,
      hotFiles: among(2, 4),
      // A few files, a handful, all.
      maxGroupBytes: among(60, 150, 8 << 20),
      coldAfterMs: among(500, 2_000),
    },
    expiry: { maxAgeMs: among(300, 1_500, 20_000), minToKeep: among(1, 2, 5) },
    orphans: { minAgeMs: LEAST_ORPHAN_AGE_MS, quarantineMs: among(0, 3_600_000), deletesPerSecond: 500 },
    pace: {
      ingest: among(60, 150, 500),
      compact: among(100, 500),
      expire: among(200, 1_500),
      manifests: among(300, 1_500),
      orphans: among(300, 1_500),
    },
    chaosMs: shape.between(2_000, 6_000),
  };
}
