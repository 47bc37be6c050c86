/**
 * Old snapshots leave the table, then the objects that only they reached are deleted, and metadata files that were left behind. Owns the
 * order; what may go and what it reached is the format's.
 */
import { commitLoop } from '../commit/commit-loop.ts';
import type { JobReport } from '../contracts/maintenance-port.ts';
import type { ExpiryPlan, ExpiryPolicy, MaintenanceFormat } from '../contracts/maintenance.ts';
import type { TableFormat, TableView } from '../contracts/table-format.ts';
import type { TableName } from '../core/ids.ts';
import type { CommitTarget } from './commit-replace.ts';
import { deletePaced, type DeletePace } from './paced-delete.ts';

export interface ExpirerParts<V extends TableView> extends DeletePace {
  readonly tables: Pick<TableFormat<V>, 'load'>;
  readonly format: Pick<MaintenanceFormat<V>, 'planExpiry' | 'expire' | 'released' | 'metadataFiles'>;
  readonly policy: ExpiryPolicy;
}

export interface ExpiryResult {
  readonly snapshotsExpired: number;
  readonly refsExpired: number;
  readonly objectsDeleted: number;
  /** Left for orphan removal. */
  readonly objectsLeft: number;
}

/** A reader that found one of them as the current one has read it by then. */
const METADATA_AGE_MS = 3_600_000;
const NOTHING: ExpiryResult = { snapshotsExpired: 0, refsExpired: 0, objectsDeleted: 0, objectsLeft: 0 };

export class Expirer<V extends TableView> {
  readonly #parts: ExpirerParts<V>;

  constructor(parts: ExpirerParts<V>) {
    this.#parts = parts;
  }

  plan(view: V): ExpiryPlan {
    const { format, policy, runtime } = this.#parts;
    return format.planExpiry(view, policy, runtime.clock.now());
  }

  /**
   * Rejects with kind `closed` when the signal aborts; what was not deleted by then is for orphan removal. Deletes nothing before the
   * table was seen without the snapshots.
   */
  async run(target: CommitTarget, report: JobReport, signal: AbortSignal): Promise<ExpiryResult> {
    await this.#parts.calm(signal);
    const changed = await target.queue.run(() => this.#commit(target, report, signal));
    if (changed === undefined) return NOTHING;
    const { before, after, plan } = changed;
    report.log(`${plan.snapshots.length} snapshots and ${plan.refs.length} refs left the table`);
    const { deleted, left } = await deletePaced(
      this.#parts,
      target.queue,
      this.#useless(before, after, signal),
      (soFar) => report.progress(soFar.deleted + soFar.left, 0),
      signal,
    );
    if (left > 0) report.log(`${left} objects could not be deleted; they are orphans`);
    return {
      snapshotsExpired: plan.snapshots.length,
      refsExpired: plan.refs.length,
      objectsDeleted: deleted,
      objectsLeft: left,
    };
  }

  /** The states before and after; undefined when nothing of ours went in. */
  async #commit(
    target: CommitTarget,
    report: JobReport,
    signal: AbortSignal,
  ): Promise<{ readonly before: V; readonly after: V; readonly plan: ExpiryPlan } | undefined> {
    const { tables, format, runtime } = this.#parts;
    let tried: { readonly before: V; readonly plan: ExpiryPlan } | undefined;
    const committing = {
      load: (name: TableName) => tables.load(name),
      attempt: (base: V) => {
        // A lost attempt may have gone in all the same: what it took away counts from the state before it.
        tried ??= { before: base, plan: this.plan(base) };
        return format.expire(base, this.plan(base));
      },
    };
    const end = await commitLoop<V, undefined, 'nothing left'>(
      committing,
      target,
      () => Promise.resolve(undefined),
      (base) => (isEmpty(this.plan(base)) ? { kind: 'settled', result: 'nothing left' } : { kind: 'attempt' }),
      runtime,
      { onTrouble: (state, cause) => report.log(`${state}: ${cause}`) },
      signal,
    );
    return end.kind === 'table-gone' || tried === undefined ? undefined : { ...tried, after: end.view };
  }

  /** What only expired snapshots reached, then metadata files that the table has left behind. */
  async *#useless(before: V, after: V, signal: AbortSignal): AsyncGenerator<string> {
    const { format, locations, runtime } = this.#parts;
    yield* format.released(before, after);
    const files = format.metadataFiles(after);
    if (files === undefined) return;
    const { store, key: directory } = locations.resolve(files.directory);
    const youngest = runtime.clock.now() - METADATA_AGE_MS;
    for await (const { key, modifiedAt } of store.list(`${directory}/`, signal)) {
      const name = key.slice(directory.length + 1);
      if (modifiedAt < youngest && files.isSuperseded(name)) yield `${files.directory}/${name}`;
    }
  }
}

const isEmpty = ({ snapshots, refs }: ExpiryPlan): boolean => snapshots.length === 0 && refs.length === 0;
