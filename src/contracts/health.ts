/** What costs a table its health, and what it was at a time. Owns the words; the score is `diagnose/health.ts`. */

export const HEALTH_CAUSES = ['small-files', 'deletes', 'skew', 'snapshots', 'manifests'] as const;
export type HealthCause = (typeof HEALTH_CAUSES)[number];

/** Points of the hundred that each cause takes; only those that take any. */
export type PointsLost = Readonly<Partial<Record<HealthCause, number>>>;

/** As it is kept. */
export interface HealthPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly score: number;
  readonly lost: PointsLost;
  readonly files: number;
  readonly smallFiles: number;
  readonly deleteFiles: number;
  readonly manifests: number;
  readonly snapshots: number;
}
