/** From settings to what has tables looked after without being asked to, and from surveys to the figures it goes by. Pure. Owns the mapping. */
import type { MaintenanceSettings, Settings } from '../config/settings.ts';
import type { TableSurvey } from '../contracts/diagnosis.ts';
import type { JobKind } from '../contracts/maintenance-port.ts';
import { deleteRatio, sparableRatio } from '../diagnose/health.ts';
import type { TableLevels, Triggers } from '../maintenance/triggers.ts';

type Duty = (Triggers & { readonly schedule: string }) | undefined;

/** Expiry looks at a table at most this late after the last time, however few commits there were. */
const EXPIRY_AFTER_MS = 3_600_000;
/** Manifests come with commits: a day's are worth a look. */
const MANIFESTS_AFTER_MS = 24 * 3_600_000;
const NONE = { thresholds: {}, urgent: {} } as const;

/** Undefined: only when asked for. */
export function dutiesOf({ maintenance, encoder }: Pick<Settings, 'maintenance' | 'encoder'>): Record<JobKind, Duty> {
  const { compaction, expiry, manifests, orphans } = maintenance;
  return {
    compact: compaction.enabled && encoder === 'duckdb' ? compactionDuty(maintenance) : undefined,
    'expire-snapshots': expiry.enabled
      ? {
          schedule: expiry.schedule,
          afterCommits: expiry.triggers.commits,
          afterMs: EXPIRY_AFTER_MS,
          thresholds: { snapshots: expiry.triggers.snapshots },
          urgent: { snapshots: maintenance.urgent.snapshots },
        }
      : undefined,
    'rewrite-manifests': manifests.enabled
      ? {
          schedule: manifests.schedule,
          afterCommits: manifests.triggers.commits,
          afterMs: MANIFESTS_AFTER_MS,
          thresholds: { manifests: manifests.triggers.manifests },
          urgent: { manifests: maintenance.urgent.manifests },
        }
      : undefined,
    // Files come to be orphans by growing old too: a table without commits is looked at as often.
    'remove-orphans': orphans.enabled
      ? { schedule: orphans.schedule, afterCommits: 1, afterMs: 0, ...NONE }
      : undefined,
  };
}

function compactionDuty({ compaction, urgent }: MaintenanceSettings): NonNullable<Duty> {
  const { commits, bytes, smallFiles, smallFilesRatio, deletesRatio } = compaction.triggers;
  return {
    schedule: compaction.schedule,
    afterCommits: commits,
    afterBytes: bytes,
    afterMs: compaction.coldAfterMs,
    thresholds: { smallFiles, smallFilesRatio, deletesRatio },
    urgent: { smallFilesRatio: urgent.smallFilesRatio, deletesRatio: urgent.deletesRatio },
  };
}

export function levelsOf(survey: TableSurvey | undefined): TableLevels | undefined {
  if (survey === undefined) return undefined;
  const { measuredAt, bytes, sparableFiles, snapshots, manifests } = survey;
  return {
    measuredAt,
    bytes,
    smallFiles: sparableFiles,
    smallFilesRatio: sparableRatio(survey),
    deletesRatio: deleteRatio(survey),
    snapshots,
    manifests,
  };
}
