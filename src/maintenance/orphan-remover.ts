/**
 * Orphan removal of a table of this daemon: its states fresh from the catalog, the places of all other tables, and deleting only in turns
 * of the table's commit queue. What an orphan is and when it goes is `orphans.ts` and `orphan-removal.ts`.
 */
import type { Locations } from '../contracts/locations.ts';
import type { JobReport } from '../contracts/maintenance-port.ts';
import type { MaintenanceFormat } from '../contracts/maintenance.ts';
import type { TableFormat, TableView } from '../contracts/table-format.ts';
import { SluiceError, isSluiceError } from '../core/errors.ts';
import { formatTableName, type TableUuid } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CommitTarget } from './commit-replace.ts';
import { dryRun, removeOrphans, type OrphanPolicy, type OrphanResult, type OrphanRun } from './orphan-removal.ts';
import type { FoundOrphans, MetadataRoot } from './orphans.ts';

/** Of a format whose states are metadata files. */
export type RootedView = TableView & { readonly metadataLocation: string };

export interface OrphanParts<V extends RootedView> {
  readonly tables: Pick<TableFormat<V>, 'load'>;
  readonly format: Pick<MaintenanceFormat<V>, 'reachable'>;
  readonly locations: Locations;
  readonly policy: OrphanPolicy;
  readonly runtime: Runtime;
  readonly listingsOf: (table: TableUuid) => OrphanRun['listings'];
  /** URIs of every place where files of other tables may lie. Rejects when one of them cannot be known. */
  readonly neighbours: (table: V) => Promise<readonly string[]>;
  /** Whether unreached files of the table are nobody's. */
  readonly ownsItsFiles: (table: V) => boolean;
  /** Resolves when ingestion does not lag. */
  readonly calm: (signal: AbortSignal) => Promise<void>;
  /** Asked in the table's commit queue: whether no commit of it may still land. */
  readonly isSettled: (table: TableUuid) => boolean;
}

type Target = Pick<CommitTarget, 'name' | 'uuid'>;

const NONE: FoundOrphans = { orphans: [], bytes: 0n, listed: 0, tooYoung: 0 };
const NEVER = new AbortController().signal;

export class OrphanRemover<V extends RootedView> {
  readonly #parts: OrphanParts<V>;

  constructor(parts: OrphanParts<V>) {
    this.#parts = parts;
  }

  /** Lists the whole table and reads all its manifests; changes nothing. Rejects with `unsupported` where no orphan can be told. */
  async find(view: V): Promise<FoundOrphans> {
    if (!this.#parts.ownsItsFiles(view)) return NONE;
    try {
      return await dryRun(await this.#run(view, view, (work) => work()), NEVER);
    } catch (error) {
      if (!isSluiceError(error, 'misconfigured')) throw error;
      // About this table, and an answer to whoever asks: the daemon itself works.
      const { message, context, remedy } = error;
      throw new SluiceError('unsupported', message, {
        context,
        ...(remedy === undefined ? {} : { remedy }),
        cause: error,
      });
    }
  }

  /** Rejects with kind `closed` when the signal aborts; what was listed before stays listed. */
  async run(target: CommitTarget, view: V, report: JobReport, signal: AbortSignal): Promise<OrphanResult> {
    if (!this.#parts.ownsItsFiles(view)) {
      report.log('the table says that its files may be those of others (gc.enabled: false): none is an orphan');
      return { ...NONE, deleted: 0, deletedBytes: 0n, failed: [], quarantined: 0 };
    }
    // Before the search and not after it: what was found an orphan is not to wait for its end.
    await this.#parts.calm(signal);
    const whileSettled: OrphanRun['whileSettled'] = (work) =>
      target.queue.run(() => {
        this.#assertSettled(target);
        return work();
      });
    const run = await this.#run(target, view, whileSettled);
    const result = await removeOrphans({ ...run, onBatch: (done, total) => report.progress(done, total) }, signal);
    report.log(`${result.listed} objects, ${result.orphans.length} orphans, ${result.tooYoung} too young to be told`);
    report.log(`${result.deleted} deleted; ${result.quarantined} are listed and may be deleted by a later run`);
    for (const { key, cause } of result.failed.slice(0, SHOWN)) report.log(`${key} could not be deleted: ${cause}`);
    return result;
  }

  async #run(target: Target, view: V, whileSettled: OrphanRun['whileSettled']): Promise<OrphanRun> {
    const { locations, policy, runtime, listingsOf, neighbours } = this.#parts;
    const search = { locations, load: () => this.#load(target), neighbours: await neighbours(view) };
    return { search, policy, listings: listingsOf(target.uuid), whileSettled, runtime };
  }

  async #load({ name, uuid }: Target): Promise<MetadataRoot> {
    const { tables, format } = this.#parts;
    const loaded = await tables.load(name);
    if (loaded.kind === 'absent' || loaded.view.uuid !== uuid)
      throw new SluiceError('not-found', `table "${formatTableName(name)}" was dropped or replaced by another`);
    const { view } = loaded;
    const { location, metadataLocation } = view;
    return { location, metadataLocation, reachable: () => format.reachable(view) };
  }

  #assertSettled({ name, uuid }: Target): void {
    if (this.#parts.isSettled(uuid)) return;
    throw new SluiceError('unavailable', `a commit of table "${formatTableName(name)}" may still land`, {
      remedy: 'GET /api/v1/tables says what the table is waiting for; what was listed stays listed',
    });
  }
}

/** Lines of the log for objects that could not be deleted. */
const SHOWN = 20;
