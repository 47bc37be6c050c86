/** What may go wrong in a world, kind by kind. A seed draws a subset, so that rare combinations get their turn; shrinking takes kinds away. */
import type { SeededRandom } from './random.ts';

export const FAULT_KINDS = [
  'kill',
  'power-cut',
  'restart',
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
  'pointer-back',
  'sync-fails',
  'torn-write',
  'disk-full',
  'encode-fails',
  'volume-lost',
  'volume-restored',
  'volume-cloned',
  'http-lost',
  'foreign-append',
  'foreign-rewrite',
  'foreign-properties',
  'foreign-add-column',
  'foreign-narrow',
  'foreign-expire',
  'foreign-rollback',
  'foreign-replace',
  'foreign-drop',
  'orphan-cleaner',
  'suspend',
  'clock-jump',
  'operator-checkpoint',
  'operator-drain',
  'prune',
  'poison',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** What may take records away that were stored. */
export const TAKERS: readonly FaultKind[] = [
  'volume-lost',
  'volume-restored',
  'pointer-back',
  'foreign-rollback',
  'foreign-replace',
  'foreign-drop',
];

/** What ends a seed's other troubles early when it happens often is drawn rarely. */
const DRAWN: Partial<Record<FaultKind, number>> = {
  'foreign-drop': 0.1,
  'foreign-replace': 0.1,
  'foreign-narrow': 0.12,
  'volume-lost': 0.25,
  'volume-restored': 0.2,
  'volume-cloned': 0.15,
  'pointer-back': 0.15,
  'foreign-rollback': 0.15,
  'disk-full': 0.25,
  poison: 0.08,
};

export class Faults {
  readonly kinds: ReadonlySet<FaultKind>;
  /** False once the world heals: nothing goes wrong from then on. */
  active = true;

  constructor(kinds: ReadonlySet<FaultKind>) {
    this.kinds = kinds;
  }

  /** `often`: what ends nothing in this world, and may happen as it likes. `always`: what the world is about. */
  static drawn(
    random: SeededRandom,
    without: ReadonlySet<string>,
    often: ReadonlySet<FaultKind>,
    always: ReadonlySet<FaultKind>,
  ): Faults {
    const drawn = FAULT_KINDS.filter((kind) => random.chance(often.has(kind) ? 0.5 : (DRAWN[kind] ?? 0.45)));
    // A world that is about something leaves room for it.
    const kept = always.size === 0 ? drawn : drawn.filter(() => random.chance(0.15));
    const kinds = [...new Set([...kept, ...always])];
    return new Faults(new Set(kinds.filter((kind) => !without.has(kind))));
  }

  on(kind: FaultKind): boolean {
    return this.active && this.kinds.has(kind);
  }
}
