/**
 * Tables that the log holds records for and the catalog does not have. Owns the verdict (missed by the whole catalog twice, one grace
 * apart; a catalog that cannot answer says nothing), and that nobody opens a table while its records are buried.
 */
import { CommitQueue } from '../commit/commit-queue.ts';
import { isSluiceError, messageOf } from '../core/errors.ts';
import { formatTableName, type TableName, type TableUuid } from '../core/ids.ts';
import type { Clock } from '../core/runtime.ts';
import type { Log } from '../contracts/log.ts';
import type { PreparedChange, TableView } from '../contracts/table-format.ts';
import type { BurialEnd, Burials } from './dead-letters/burials.ts';
import type { TablePipeline } from './table-pipeline.ts';

export const GONE_GRACE_MS = 10_000;

export interface GoneTablesContext<V extends TableView, P extends PreparedChange> {
  readonly log: Pick<Log, 'nameOf' | 'pendingTables'>;
  readonly clock: Clock;
  readonly burials: Burials<V, P>;
  readonly pipelineOf: (table: TableUuid) => TablePipeline<V, P> | undefined;
  readonly onTrouble: (table: string, state: string, cause: string) => void;
}

export class GoneTables<V extends TableView, P extends PreparedChange> {
  readonly #context: GoneTablesContext<V, P>;
  /** When the catalog was first seen without them; monotonic. */
  readonly #missedSince = new Map<TableUuid, number>();
  readonly #turns = new Map<TableUuid, CommitQueue>();

  constructor(context: GoneTablesContext<V, P>) {
    this.#context = context;
  }

  /** Runs while nothing of the table is buried: whoever opens it must see what was. */
  whileOpening<T>(table: TableUuid, work: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(table) ?? new CommitQueue();
    this.#turns.set(table, turns);
    return turns.run(work);
  }

  /**
   * What a reading of the catalog did not find of the tables with pending records; `whole`: it found out about every table there is.
   * Resolves when what is gone for good is buried, as far as it can be now. Never rejects but with `closed`.
   */
  async missed(tables: ReadonlySet<TableUuid>, whole: boolean): Promise<void> {
    const now = this.#context.clock.monotonic();
    if (whole) for (const table of this.#missedSince.keys()) if (!tables.has(table)) this.#missedSince.delete(table);
    for (const table of tables) {
      const since = this.#missedSince.get(table);
      if (whole && since === undefined) this.#missedSince.set(table, now);
      const gone = whole && since !== undefined && now - since >= GONE_GRACE_MS;
      if (!gone) this.#say(table, 'not-taken-up', KEPT);
      else await this.#bury(table);
    }
  }

  async #bury(table: TableUuid): Promise<void> {
    const { log, pipelineOf } = this.#context;
    const name = pipelineOf(table)?.name ?? log.nameOf(table);
    if (name === undefined) {
      this.#say(table, 'not-taken-up', NAMELESS);
      return;
    }
    const end = await this.#alone(table, name).catch((error: unknown): BurialEnd => {
      if (isSluiceError(error, 'closed')) throw error;
      return { kind: 'stuck', records: 0, cause: messageOf(error) };
    });
    if (end === undefined) return;
    if (end.records > 0)
      this.#say(table, 'buried', `the table is gone: ${end.records} records that were not in it became dead letters`);
    if (end.kind === 'stuck')
      this.#say(table, 'not-buried', `the table is gone, and its records stay in the log: ${end.cause}`);
  }

  /** Undefined: somebody has taken it up meanwhile. */
  #alone(table: TableUuid, name: TableName): Promise<BurialEnd | undefined> {
    const { burials, pipelineOf } = this.#context;
    return this.whileOpening(table, async () => {
      const pipeline = pipelineOf(table);
      if (pipeline === undefined) return burials.bury(table, name, new Map());
      // It is resumed, and decides about its records, in turns of its own queue.
      return pipeline.queue.run(async () => {
        if (pipeline.goneSince === undefined) return undefined;
        const end = await burials.bury(table, name, pipeline.positions.progress);
        if (end.kind === 'done') pipeline.buried();
        return end;
      });
    });
  }

  #say(table: TableUuid, state: string, cause: string): void {
    const { log, onTrouble, pipelineOf } = this.#context;
    const name = pipelineOf(table)?.name ?? log.nameOf(table);
    onTrouble(name === undefined ? table : formatTableName(name), state, cause);
  }
}

const KEPT = 'the log holds records of a table that cannot be read or is not in the catalog; they are kept';
const NAMELESS =
  'the table is gone, and the log is older than its memory of names: its records are kept; sluice log inspect shows them';
