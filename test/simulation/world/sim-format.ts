/**
 * The table format and catalog client of one life, over the model catalog: requests take time, answers get lost, attempts land late, even
 * after the life that sent them is gone. Owns how a compare-and-swap travels; what it lets in is `model-catalog.ts`.
 */
import { SluiceError } from '../../../src/core/errors.ts';
import type { PipelineId, SnapshotId, TableName } from '../../../src/core/ids.ts';
import type { CommitOutcome, LoadOutcome, TableChange, TableFormat } from '../../../src/contracts/table-format.ts';
import type { SnapshotSummary, TableDefinition, Tables } from '../../../src/contracts/tables.ts';
import type { Progress } from '../../../src/record/progress.ts';
import type { Effects } from './effects.ts';
import type { Faults } from './faults.ts';
import {
  ancestry,
  filesOf,
  progressOf,
  viewOf,
  type ModelCatalog,
  type SimPrepared,
  type SimTable,
  type SimView,
} from './model-catalog.ts';
import type { SeededRandom } from './random.ts';

/** Attempts under way anywhere, of lives present and past. */
export class Network {
  /** The catalog answers nobody before this moment. */
  downUntil = 0;
  readonly flying = new Map<
    symbol,
    { readonly files: readonly string[]; readonly uuid: string; readonly since: number; lost: boolean }
  >();

  /** Requests do not outlive a long suspension. */
  loseAll(): void {
    for (const flight of this.flying.values()) flight.lost = true;
  }
}

export interface FormatContext {
  readonly catalog: ModelCatalog;
  readonly network: Network;
  readonly effects: Effects;
  readonly faults: Faults;
  readonly random: SeededRandom;
  /** How often a request meets each fault that is on. */
  readonly trouble: number;
  /** One that is there stays as it is. */
  readonly createTable: (name: string) => void;
}

export class SimFormat implements TableFormat<SimView, SimPrepared>, Tables<SimView> {
  readonly #context: FormatContext;

  constructor(context: FormatContext) {
    this.#context = context;
  }

  async load(name: TableName): Promise<LoadOutcome<SimView>> {
    const found = await this.#ask(`load ${name.name}`, () => this.#context.catalog.get(name));
    return found === undefined ? { kind: 'absent' } : { kind: 'loaded', view: viewOf(found) };
  }

  progress(view: SimView, pipeline: PipelineId): Progress | undefined {
    return progressOf(view.table, pipeline);
  }

  async prepare(view: SimView, change: TableChange, token: SnapshotId): Promise<SimPrepared> {
    await this.#ask(`prepare ${view.name.name}`, () => undefined);
    return { token, change, schemaId: view.schema.schemaId };
  }

  async attempt(base: SimView, prepared: SimPrepared): Promise<CommitOutcome<SimView>> {
    const { catalog, effects, faults, network, random, trouble } = this.#context;
    const { scheduler } = effects;
    if (prepared.schemaId !== base.schema.schemaId)
      throw new SluiceError('internal', 'the prepared change is for another schema of the table');
    const token = prepared.token.toString().slice(0, 6);
    const land = (): SimTable | undefined => {
      const moved = catalog.swap(base.table, prepared, effects.name);
      scheduler.note(
        `${effects.name} attempt ${token} on ${base.name.name}@${base.table.version} ${moved === undefined ? 'refused' : 'is in'}`,
      );
      return moved;
    };
    const chance = (kind: Parameters<Faults['on']>[0]): boolean => faults.on(kind) && random.chance(trouble);
    const unknown = (why: string): CommitOutcome<SimView> => {
      scheduler.note(`${effects.name} attempt ${token} on ${base.name.name}: no answer (${why})`);
      return { kind: 'unknown', cause: new SluiceError('unavailable', why) };
    };
    const down = scheduler.now < network.downUntil;
    const lostBefore = down || chance('catalog-lost-before');
    const late = !down && chance('catalog-late');
    const twice = !down && chance('catalog-twice');
    const fly = (after: number): Promise<SimTable | undefined> => {
      const key = Symbol('attempt');
      const files = prepared.change.added.map((file) => file.filePath);
      const flight = { files, uuid: base.uuid, since: scheduler.now, lost: false };
      network.flying.set(key, flight);
      return effects.send(`attempt ${base.name.name}`, after, random.between(1, 10), () => {
        network.flying.delete(key);
        return flight.lost ? undefined : land();
      });
    };
    if (twice) fly(random.between(50, 8_000)).catch(() => undefined);
    if (late) {
      // Beyond any client's patience, and often beyond the life that sent it.
      fly(random.between(200, 15_000)).catch(() => undefined);
      return effects.do('attempt timeout', random.between(50, 1_000), () => unknown('late'));
    }
    if (lostBefore) return effects.do('attempt timeout', random.between(50, 1_000), () => unknown('lost before'));
    const lostAfter = chance('catalog-lost-after');
    const moved = await fly(random.between(1, 30));
    if (lostAfter) return effects.do('attempt timeout', random.between(50, 1_000), () => unknown('lost after'));
    return moved === undefined
      ? { kind: 'conflict', cause: 'the table has moved' }
      : { kind: 'committed', view: viewOf(moved) };
  }

  landed(view: SimView, token: SnapshotId): boolean {
    return view.table.snapshots.has(token);
  }

  list(): Promise<readonly TableName[]> {
    return this.#ask('list', () => this.#context.catalog.names);
  }

  /** Tables that the product makes by itself: those of dead letters. */
  makeTable(name: TableName): Promise<void> {
    return this.#ask(`create ${name.name}`, () => this.#context.createTable(name.name));
  }

  create(_definition: TableDefinition): Promise<never> {
    return Promise.reject(new SluiceError('unsupported', 'tables of the simulated world are made by the world'));
  }

  snapshots(view: SimView): readonly SnapshotSummary[] {
    return ancestry(view.table)
      .map((at) => ({
        snapshotId: at.id,
        ...(at.parent === undefined ? {} : { parentId: at.parent }),
        sequenceNumber: at.sequence,
        timestampMs: at.timestampMs,
        operation: at.operation,
        summary: at.summary,
      }))
      .reverse();
  }

  async *files(view: SimView): ReturnType<Tables<SimView>['files']> {
    for (const filePath of filesOf(view.table))
      yield { filePath, recordCount: 0n, fileSizeInBytes: 0n, specId: 0, partition: [] };
  }

  async #ask<T>(name: string, answer: () => T): Promise<T> {
    const { effects, faults, network, random, trouble } = this.#context;
    const fails = faults.on('catalog-error') && random.chance(trouble);
    return effects.send(name, random.between(0.5, 10), random.between(0.5, 10), () => {
      if (fails || effects.scheduler.now < network.downUntil)
        throw new SluiceError('unavailable', `the catalog did not answer: ${name}`);
      return answer();
    });
  }
}
