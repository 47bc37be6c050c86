/**
 * Main set back to one of its ancestors, in the table's commit queue. Owns when it is refused. Moves no progress: rows that leave the table
 * stay gone, and ingestion goes on on top of the ancestor (protocol §4).
 */
import { commitLoop } from '../commit/commit-loop.ts';
import type { MaintenanceFormat } from '../contracts/maintenance.ts';
import type { RollbackAnswer } from '../contracts/maintenance-port.ts';
import type { TableFormat, TableView } from '../contracts/table-format.ts';
import type { Tables } from '../contracts/tables.ts';
import type { SnapshotId, TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CommitTarget } from './commit-replace.ts';

export interface RollbackParts<V extends TableView> {
  readonly tables: Pick<TableFormat<V>, 'load'>;
  readonly format: Pick<MaintenanceFormat<V>, 'rollBack'>;
  /** Of main, oldest first. */
  readonly history: Tables<V>['snapshots'];
  readonly runtime: Runtime;
  readonly onTrouble: (table: TableName, state: string, cause: string) => void;
}

/** What it would do to this state of the table. */
export function planRollback<V extends TableView>(
  { history }: Pick<RollbackParts<V>, 'history'>,
  view: V,
  to: SnapshotId,
): RollbackAnswer {
  const line = history(view);
  const at = line.findIndex(({ snapshotId }) => snapshotId === to);
  const [target, head] = [line[at], line.at(-1)];
  if (target === undefined || head === undefined) return { kind: 'not-an-ancestor' };
  const rows = rowsOf(head.summary) - rowsOf(target.summary);
  return {
    kind: 'rolled-back',
    from: head.snapshotId,
    to,
    snapshots: line.length - 1 - at,
    ...(Number.isNaN(rows) ? {} : { rows }),
  };
}

/** Rejects with kind `closed` when the signal aborts; the outcome is then unknown and the table itself knows it. */
export async function rollBack<V extends TableView>(
  parts: RollbackParts<V>,
  target: CommitTarget,
  to: SnapshotId,
  signal: AbortSignal,
): Promise<RollbackAnswer> {
  const { tables, format, runtime, onTrouble } = parts;
  let planned: Extract<RollbackAnswer, { readonly kind: 'rolled-back' }> | undefined;
  const end = await target.queue.run(() =>
    commitLoop<V, undefined, RollbackAnswer>(
      { load: (name) => tables.load(name), attempt: (base) => format.rollBack(base, to) },
      target,
      () => Promise.resolve(undefined),
      (base) => {
        const now = planRollback(parts, base, to);
        if (planned === undefined) {
          if (now.kind !== 'rolled-back' || now.snapshots === 0) return { kind: 'settled', result: now };
          planned = now;
          return { kind: 'attempt' };
        }
        if (base.snapshot === planned.from) return { kind: 'attempt' };
        // The head that was to go is gone: by the attempt whose answer was lost, or as somebody else wanted it too.
        const left = !parts.history(base).some(({ snapshotId }) => snapshotId === planned?.from);
        return { kind: 'settled', result: left && now.kind === 'rolled-back' ? planned : { kind: 'moved' } };
      },
      runtime,
      { onTrouble: (state, cause) => onTrouble(target.name, state, cause) },
      signal,
    ),
  );
  if (end.kind === 'table-gone') return { kind: 'moved' };
  return end.kind === 'settled' ? end.result : (planned ?? { kind: 'moved' });
}

const rowsOf = (summary: ReadonlyMap<string, string>): number => Number(summary.get('total-records') ?? Number.NaN);
