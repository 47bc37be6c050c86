/**
 * Old snapshots leave the table, then the objects that only they reached are deleted. Owns the order of the two and the pace; what may go
 * and what it reached is the format's.
 */
import { commitLoop } from '../commit/commit-loop.ts';
import type { Locations } from '../contracts/locations.ts';
import type { JobReport } from '../contracts/maintenance-port.ts';
import type { ExpiryPlan, ExpiryPolicy, MaintenanceFormat } from '../contracts/maintenance.ts';
import type { TableFormat, TableView } from '../contracts/table-format.ts';
import { isSluiceError } from '../core/errors.ts';
import type { TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CommitTarget } from './commit-replace.ts';

export interface ExpirerParts<V extends TableView> {
  readonly tables: Pick<TableFormat<V>, 'load'>;
  readonly format: Pick<MaintenanceFormat<V>, 'planExpiry' | 'expire' | 'released'>;
  readonly locations: Locations;
  readonly runtime: Runtime;
  readonly policy: ExpiryPolicy;
  readonly deletesPerSecond: number;
}

export interface ExpiryResult {
  readonly snapshotsExpired: number;
  readonly refsExpired: number;
  readonly objectsDeleted: number;
  /** Left for orphan removal. */
  readonly objectsLeft: number;
}

const BATCH = 250;
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
    const changed = await target.queue.run(() => this.#commit(target, report, signal));
    if (changed === undefined) return NOTHING;
    const { before, after, plan } = changed;
    report.log(`${plan.snapshots.length} snapshots and ${plan.refs.length} refs left the table`);
    const deleted = await this.#deleteReleased(target, before, after, report, signal);
    return { snapshotsExpired: plan.snapshots.length, refsExpired: plan.refs.length, ...deleted };
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

  async #deleteReleased(
    target: CommitTarget,
    before: V,
    after: V,
    report: JobReport,
    signal: AbortSignal,
  ): Promise<Pick<ExpiryResult, 'objectsDeleted' | 'objectsLeft'>> {
    const { format, runtime, deletesPerSecond } = this.#parts;
    let objectsDeleted = 0;
    let objectsLeft = 0;
    const flush = async (uris: readonly string[]): Promise<void> => {
      // In the queue no commit of this table is under way or unknown.
      const left = await target.queue.run(() => this.#delete(uris, signal));
      objectsDeleted += uris.length - left;
      objectsLeft += left;
      report.progress(objectsDeleted + objectsLeft, 0);
      await runtime.clock.sleep((uris.length / deletesPerSecond) * 1000, signal);
    };
    let batch: string[] = [];
    for await (const uri of format.released(before, after)) {
      signal.throwIfAborted();
      if (batch.push(uri) < BATCH) continue;
      await flush(batch);
      batch = [];
    }
    if (batch.length > 0) await flush(batch);
    if (objectsLeft > 0) report.log(`${objectsLeft} objects could not be deleted; they are orphans`);
    return { objectsDeleted, objectsLeft };
  }

  /** How many could not be deleted. An object outside the configured stores is somebody else's. */
  async #delete(uris: readonly string[], signal: AbortSignal): Promise<number> {
    const places = uris.flatMap((uri) => this.#place(uri) ?? []);
    const byStore = Map.groupBy(places, ({ store }) => store);
    let left = uris.length - places.length;
    for (const [store, objects] of byStore) {
      const keys = objects.map(({ key }) => key);
      left += (await store.delete(keys, signal)).failed.length;
    }
    return left;
  }

  #place(uri: string): ReturnType<Locations['resolve']> | undefined {
    try {
      return this.#parts.locations.resolve(uri);
    } catch (error) {
      if (isSluiceError(error, 'misconfigured')) return undefined;
      throw error;
    }
  }
}

const isEmpty = ({ snapshots, refs }: ExpiryPlan): boolean => snapshots.length === 0 && refs.length === 0;
