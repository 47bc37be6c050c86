/**
 * A replacement into its table, through the table's one commit queue. Owns when it is given up: never forced, and never for long in the
 * way of ingestion. Deletes nothing: files of a dropped replacement are for orphan removal.
 */
import { commitLoop, type CommitLoopEvents, type Stance } from '../commit/commit-loop.ts';
import type { CommitQueue } from '../commit/commit-queue.ts';
import { filesStillThere, type StoredFile, type UploadedFiles } from '../commit/file-age.ts';
import type { Locations } from '../contracts/locations.ts';
import type { MaintenanceFormat, PreparedReplace, Replaceable, ReplaceChange } from '../contracts/maintenance.ts';
import type { CommitOutcome, TableFormat, TableView } from '../contracts/table-format.ts';
import { snapshotId, type SnapshotId, type TableName, type TableUuid } from '../core/ids.ts';
import { positive63, type Runtime } from '../core/runtime.ts';

export interface CommitParts<V extends TableView, R extends PreparedReplace> {
  readonly tables: Pick<TableFormat<V>, 'load' | 'landed'>;
  readonly format: Pick<MaintenanceFormat<V, R>, 'prepareReplace' | 'replaceable' | 'attemptReplace'>;
  readonly locations: Locations;
  readonly runtime: Runtime;
}

export interface CommitTarget {
  readonly name: TableName;
  readonly uuid: TableUuid;
  readonly queue: CommitQueue;
}

export type ReplaceEnd<V> =
  | { readonly kind: 'committed'; readonly view: V; readonly snapshot: SnapshotId }
  /** Certainly not in. */
  | { readonly kind: 'dropped'; readonly why: string; readonly view: V }
  | { readonly kind: 'table-gone' };

/** Lost races in a row after which ingestion has its turn and the rewrite is given up. */
const PATIENCE = 8;

type Settled = { readonly kind: 'ours' } | { readonly kind: 'dropped'; readonly why: string };

/** Rejects with kind `closed` when the signal aborts; the outcome is then unknown and the table itself knows it. */
export async function commitReplace<V extends TableView, R extends PreparedReplace>(
  parts: CommitParts<V, R>,
  target: CommitTarget,
  view: V,
  change: ReplaceChange,
  uploaded: UploadedFiles,
  onTrouble: CommitLoopEvents['onTrouble'],
  signal: AbortSignal,
): Promise<ReplaceEnd<V>> {
  const { format, runtime } = parts;
  const token = snapshotId(positive63(runtime.random));
  // Before the queue: what is slow holds up no checkpoint.
  let prepared = await format.prepareReplace(view, change, token);
  let fresh = true;
  const prepare = async (base: V): Promise<R> => {
    const usable = fresh && base.schema.schemaId === view.schema.schemaId && base.spec.specId === view.spec.specId;
    fresh = false;
    if (!usable) prepared = await format.prepareReplace(base, change, token);
    return prepared;
  };
  const rewriting: Rewriting<V, R> = {
    prepare,
    replaceable: (base) => format.replaceable(base, prepared),
    attempt: (base, latest) => format.attemptReplace(base, latest),
  };
  return commitRewrite(parts, target, token, rewriting, uploaded, onTrouble, signal);
}

/** What takes the place of something in a table without changing its rows. */
export interface Rewriting<V extends TableView, P> {
  /** For a base of another schema or spec than before. */
  prepare(base: V): Promise<P>;
  /** Asked of every fresh base about what was prepared last. */
  replaceable(base: V): Promise<Replaceable>;
  attempt(base: V, prepared: P): Promise<CommitOutcome<V>>;
}

/** As `commitReplace`, of anything. `uploaded` is what would be lost to an orphan cleaner by then. */
export async function commitRewrite<V extends TableView, P>(
  { tables, locations, runtime }: Pick<CommitParts<V, never>, 'tables' | 'locations' | 'runtime'>,
  target: CommitTarget,
  token: SnapshotId,
  rewriting: Rewriting<V, P>,
  uploaded: UploadedFiles<StoredFile>,
  onTrouble: CommitLoopEvents['onTrouble'],
  signal: AbortSignal,
): Promise<ReplaceEnd<V>> {
  let lost = 0;
  const stance = async (base: V): Promise<Stance<Settled>> => {
    const dropped = (why: string): Stance<Settled> => ({ kind: 'settled', result: { kind: 'dropped', why } });
    if (tables.landed(base, token)) return { kind: 'settled', result: { kind: 'ours' } };
    const verdict = await rewriting.replaceable(base);
    if (verdict.kind === 'no') return dropped(verdict.why);
    if (lost >= PATIENCE) return dropped(`${lost} races for the table were lost in a row`);
    if (!(await filesStillThere(locations, uploaded, runtime.clock))) return dropped('its files waited too long');
    return { kind: 'attempt' };
  };
  const events: CommitLoopEvents = {
    onTrouble: (state, cause) => {
      // While an attempt may still land, nothing is given up.
      lost = state === 'conflict' ? lost + 1 : 0;
      onTrouble(state, cause);
    },
  };
  const committing = {
    load: (name: TableName) => tables.load(name),
    attempt: (base: V, prepared: P) => rewriting.attempt(base, prepared),
  };
  const end = await target.queue.run(() =>
    commitLoop<V, P, Settled>(committing, target, (base) => rewriting.prepare(base), stance, runtime, events, signal),
  );
  if (end.kind === 'table-gone') return { kind: 'table-gone' };
  if (end.kind === 'settled' && end.result.kind === 'dropped')
    return { kind: 'dropped', why: end.result.why, view: end.view };
  return { kind: 'committed', view: end.view, snapshot: token };
}
