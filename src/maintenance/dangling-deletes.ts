/**
 * Delete files that apply to no live file leave the table, in a commit of their own. Owns that commit; which they are is the plan's
 * (`delete-use.ts`). Deletes no object: older snapshots read them, and expiry has them.
 */
import type { DeleteFile, MaintenanceFormat, PreparedReplace } from '../contracts/maintenance.ts';
import type { JobReport } from '../contracts/maintenance-port.ts';
import type { TableView } from '../contracts/table-format.ts';
import { commitReplace, type CommitParts, type CommitTarget } from './commit-replace.ts';

export interface DanglingParts<V extends TableView, R extends PreparedReplace> extends CommitParts<V, R> {
  readonly format: CommitParts<V, R>['format'] & Pick<MaintenanceFormat<V, R>, 'basis'>;
}

export const TABLE_GONE = 'the table was dropped or replaced by another';

/** Trouble of a commit into the log of its job. */
export const troubleOf =
  (report: JobReport) =>
  (state: string, cause: string): void =>
    report.log(`${state}: ${cause}`);

/** `kept`: somebody was quicker, and the next look finds what is left. Rejects as `commitReplace`. */
export async function dropDangling<V extends TableView, R extends PreparedReplace>(
  parts: DanglingParts<V, R>,
  target: CommitTarget,
  view: V,
  dangling: readonly DeleteFile[],
  report: JobReport,
  signal: AbortSignal,
): Promise<'dropped' | 'kept' | 'table-gone'> {
  const basedOn = parts.format.basis(view);
  if (basedOn === undefined) return 'kept';
  const change = { removed: [], removedDeletes: dangling, added: [], basedOn };
  const nothing = { files: [], uploadedAt: parts.runtime.clock.now() };
  const end = await commitReplace(parts, target, view, change, nothing, troubleOf(report), signal);
  switch (end.kind) {
    case 'committed':
      report.log(`${dangling.length} delete files that applied to nothing left the table in snapshot ${end.snapshot}`);
      return 'dropped';
    case 'dropped':
      report.log(`${dangling.length} delete files that apply to nothing were left: ${end.why}`);
      return 'kept';
    case 'table-gone':
      report.log(TABLE_GONE);
      return 'table-gone';
  }
}
