/** What operators ask of the running daemon (`ControlPort`), answered from the coordinator and the tables. Owns no state. */
import { SluiceError } from '../core/errors.ts';
import { formatTableName, type TableName } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CheckpointHistory } from '../checkpoint/history.ts';
import type { Coordinator } from '../checkpoint/coordinator.ts';
import type { TablePipeline } from '../checkpoint/table-pipeline.ts';
import type { ColumnEngine, FileLayout } from '../contracts/column-engine.ts';
import type { EventSink } from '../contracts/events.ts';
import type { CheckpointRecord, ControlPort, HealthLevels, TableStatus } from '../contracts/service-ports.ts';
import type { SnapshotSummary, TableDefinition } from '../contracts/tables.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { LiveFile } from '../iceberg/iceberg-tables.ts';
import type { PreparedAppend } from '../iceberg/prepared-append.ts';
import { validateOnError } from '../record/on-error.ts';
import { shapeOf, type Shape } from './layout.ts';
import type { Warehouse } from './warehouse.ts';

type Pipeline = TablePipeline<IcebergView, PreparedAppend>;

export interface ControlParts {
  readonly warehouse: Warehouse;
  /** Undefined while the daemon starts. */
  readonly coordinator: () => Coordinator<IcebergView, PreparedAppend> | undefined;
  readonly history: CheckpointHistory;
  readonly engine: ColumnEngine;
  readonly layoutOf: (shape: Shape) => FileLayout;
  readonly runtime: Runtime;
  readonly events: EventSink;
  /** Properties that every new table gets unless it says otherwise. */
  readonly tableDefaults: (definition: TableDefinition) => TableDefinition;
  readonly notReady: () => readonly { readonly code: string; readonly detail: string }[];
  /** Of the last look at the table. */
  readonly healthOf: (table: TableName) => HealthLevels | undefined;
}

/** An operator's checkpoint ends when it has settled; the connection's timeout is the API's. */
const NEVER = new AbortController().signal;

export class Control implements ControlPort {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  async tables(): Promise<readonly TableStatus[]> {
    const open = new Map(this.#pipelines.map((pipeline) => [formatTableName(pipeline.name), pipeline]));
    const names = await this.#parts.warehouse.tables.list();
    const listed = new Set(names.map(formatTableName));
    // A table that is gone from the catalog but still has records of ours is shown all the same.
    const gone = this.#pipelines.filter((pipeline) => !listed.has(formatTableName(pipeline.name)));
    return [
      ...names.map((name) => this.#statusOf(name, open.get(formatTableName(name)))),
      ...gone.map((pipeline) => this.#statusOf(pipeline.name, pipeline)),
    ];
  }

  openTables(): readonly TableStatus[] {
    return this.#pipelines.map((pipeline) => this.#statusOf(pipeline.name, pipeline));
  }

  /** Of a table that records came for in this life; by its whole name. */
  openTable(name: string): TableStatus | undefined {
    const pipeline = this.#pipelines.find((open) => formatTableName(open.name) === name);
    return pipeline === undefined ? undefined : this.#statusOf(pipeline.name, pipeline);
  }

  async describe(table: TableName): ReturnType<ControlPort['describe']> {
    const view = await this.#view(table);
    return view === undefined ? undefined : { view, status: this.#statusOf(table, this.#openPipeline(table)) };
  }

  async createTable(definition: TableDefinition): ReturnType<ControlPort['createTable']> {
    const { warehouse, engine, layoutOf, tableDefaults } = this.#parts;
    const complete = tableDefaults(definition);
    // What the encoder cannot write is refused before the table exists.
    validateOnError(complete.properties);
    engine.validate(layoutOf(shapeOf(complete)));
    const created = await warehouse.tables.create(complete);
    if (created.kind === 'created')
      this.#parts.events.publish({ type: 'table.created', table: formatTableName(complete.name) });
    return created;
  }

  async snapshots(table: TableName): Promise<readonly SnapshotSummary[] | undefined> {
    const view = await this.#view(table);
    return view === undefined ? undefined : this.#parts.warehouse.tables.snapshots(view);
  }

  async files(table: TableName): Promise<readonly LiveFile[] | undefined> {
    const view = await this.#view(table);
    if (view === undefined) return undefined;
    const files: LiveFile[] = [];
    for await (const file of this.#parts.warehouse.tables.files(view)) files.push(file);
    return files;
  }

  async checkpoint(table?: TableName): Promise<readonly CheckpointRecord[]> {
    const coordinator = this.#parts.coordinator();
    if (coordinator === undefined)
      throw new SluiceError('unavailable', 'the log is being read back', {
        remedy: 'ask again when /readyz answers 200',
      });
    const only = table === undefined ? undefined : await coordinator.pipelineOf(table);
    if (table !== undefined && only === undefined) return [];
    return coordinator.checkpoint(only?.uuid, 'operator', NEVER);
  }

  async checkpoints(table: TableName): Promise<readonly CheckpointRecord[]> {
    const view = await this.#view(table);
    return view === undefined ? [] : this.#parts.history.list(view.uuid);
  }

  notReady(): ReturnType<ControlPort['notReady']> {
    return this.#parts.notReady();
  }

  get #pipelines(): readonly Pipeline[] {
    return this.#parts.coordinator()?.pipelines ?? [];
  }

  async #view(table: TableName): Promise<IcebergView | undefined> {
    const loaded = await this.#parts.warehouse.format.load(table);
    return loaded.kind === 'loaded' ? loaded.view : undefined;
  }

  #openPipeline(table: TableName): Pipeline | undefined {
    const name = formatTableName(table);
    return this.#pipelines.find((pipeline) => formatTableName(pipeline.name) === name);
  }

  /** A table nobody has written to in this life has nothing waiting: everything pending is taken up at start. */
  #statusOf(name: TableName, pipeline: Pipeline | undefined): TableStatus {
    const health = this.#parts.healthOf(name);
    const shared = { name, ...(health === undefined ? {} : { health }) };
    if (pipeline === undefined)
      return { ...shared, state: 'running', lagRecords: 0n, lagBytes: 0, freshnessSeconds: 0 };
    const { state, lag, lastCommit } = pipeline;
    const now = this.#parts.runtime.clock.monotonic();
    return {
      ...shared,
      state: state.kind,
      ...(state.kind === 'running' ? {} : { reason: state.reason }),
      ...(state.kind === 'stopped' ? { remedy: state.remedy } : {}),
      lagRecords: lag.records,
      lagBytes: lag.bytes,
      stagedBytes: lag.stagedBytes,
      logBytes: lag.logBytes,
      freshnessSeconds: lag.oldestAt === undefined ? 0 : Math.max(0, now - lag.oldestAt) / 1000,
      ...(lastCommit === undefined ? {} : { lastCommit }),
    };
  }
}
