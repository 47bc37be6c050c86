/**
 * The catalog of the simulated world: tables as immutable versions behind one pointer each. Owns what a compare-and-swap lets in, in the
 * two manners of real catalogs; tells one listener of every move. Knows nothing of daemons, requests or invariants.
 */
import type { SnapshotId, TableName, TableUuid } from '../../../src/core/ids.ts';
import { formatTableName } from '../../../src/core/ids.ts';
import { bornAt } from '../../../src/core/lane-id.ts';
import type { PreparedChange, ProgressUpdate, TableView } from '../../../src/contracts/table-format.ts';
import type { PartitionSpec, SortOrder } from '../../../src/record/partition-spec.ts';
import { decodeProgress, encodeProgress, progressKey, type Progress } from '../../../src/record/progress.ts';
import type { Schema } from '../../../src/record/types.ts';

export interface SimSnapshot {
  readonly id: SnapshotId;
  readonly parent: SnapshotId | undefined;
  readonly sequence: bigint;
  readonly timestampMs: number;
  readonly operation: 'append' | 'replace';
  readonly summary: ReadonlyMap<string, string>;
  /** Live data files, URIs. */
  readonly files: readonly string[];
}

/** One metadata file: immutable. `version` is its identity. */
export interface SimTable {
  readonly version: number;
  readonly name: TableName;
  readonly uuid: TableUuid;
  readonly location: string;
  readonly schema: Schema;
  readonly snapshots: ReadonlyMap<SnapshotId, SimSnapshot>;
  readonly main: SnapshotId | undefined;
  readonly lastSequence: bigint;
  readonly lastUpdatedMs: number;
  readonly properties: ReadonlyMap<string, string>;
}

export interface SimView extends TableView {
  readonly table: SimTable;
}

export interface SimPrepared extends PreparedChange {
  readonly schemaId: number;
}

export type Cause =
  | { readonly kind: 'ours'; readonly life: string; readonly token: SnapshotId; readonly update: ProgressUpdate }
  | { readonly kind: 'foreign'; readonly what: string };

export type CatalogListener = (before: SimTable | undefined, after: SimTable | undefined, cause: Cause) => void;

export const SPEC: PartitionSpec = { specId: 0, fields: [] };
const ORDER: SortOrder = { orderId: 0, fields: [] };

/** `pointer`: the metadata file must be the one loaded. `rest`: only uuid, main's snapshot and the schema are asserted. */
export type SwapManner = 'pointer' | 'rest';

export class ModelCatalog {
  readonly manner: SwapManner;
  readonly #now: () => number;
  readonly #onMove: CatalogListener;
  readonly #tables = new Map<string, SimTable>();
  /** Every version a name ever had, for pointers that go back. */
  readonly history = new Map<string, SimTable[]>();
  #versions = 0;

  constructor(manner: SwapManner, now: () => number, onMove: CatalogListener) {
    this.manner = manner;
    this.#now = now;
    this.#onMove = onMove;
  }

  get names(): readonly TableName[] {
    return [...this.#tables.values()].map((table) => table.name);
  }

  get(name: TableName): SimTable | undefined {
    return this.#tables.get(formatTableName(name));
  }

  /** Moves the pointer to a version made from `after`; `undefined` drops the name. */
  move(name: TableName, after: Omit<SimTable, 'version'> | undefined, cause: Cause): SimTable | undefined {
    const key = formatTableName(name);
    const before = this.#tables.get(key);
    if (after === undefined) {
      this.#tables.delete(key);
      this.#onMove(before, undefined, cause);
      return undefined;
    }
    const next: SimTable = { ...after, version: (this.#versions += 1) };
    this.#tables.set(key, next);
    const history = this.history.get(key) ?? [];
    this.history.set(key, history);
    history.push(next);
    this.#onMove(before, next, cause);
    return next;
  }

  /** Puts a version there that no listener may judge: damage. */
  put(table: Omit<SimTable, 'version'>): void {
    this.#tables.set(formatTableName(table.name), { ...table, version: (this.#versions += 1) });
  }

  /** Adds a snapshot on main. */
  snapshot(
    table: SimTable,
    id: SnapshotId,
    operation: SimSnapshot['operation'],
    files: readonly string[],
    summary: ReadonlyMap<string, string>,
  ): Omit<SimTable, 'version'> {
    // Iceberg refuses times that go back.
    const timestampMs = Math.max(this.#now(), table.lastUpdatedMs + 1);
    const sequence = table.lastSequence + 1n;
    const snapshot: SimSnapshot = { id, parent: table.main, sequence, timestampMs, operation, summary, files };
    return {
      ...table,
      snapshots: new Map([...table.snapshots, [id, snapshot]]),
      main: id,
      lastSequence: sequence,
      lastUpdatedMs: timestampMs,
    };
  }

  /** One compare-and-swap of ours. The new progress is computed from the base, as a client does, not from what is there. */
  swap(base: SimTable, prepared: SimPrepared, life: string): SimTable | undefined {
    const current = this.get(base.name);
    const { token, change } = prepared;
    if (current === undefined || current.uuid !== base.uuid) return undefined;
    const holds =
      this.manner === 'pointer'
        ? current.version === base.version
        : current.main === base.main &&
          current.schema.schemaId === base.schema.schemaId &&
          (current.main === undefined || base.lastSequence === current.lastSequence);
    if (!holds || current.snapshots.has(token)) return undefined;
    const files = [...filesOf(current), ...change.added.map((file) => file.filePath)];
    const update = change.progress;
    const progress = merged(progressOf(base, update.pipeline), update, base.uuid, token);
    const text = encodeProgress(progress);
    const summary = new Map([
      ['sluice.token', token.toString()],
      [progressKey(update.pipeline), text],
    ]);
    const next = this.snapshot(current, token, 'append', files, summary);
    return this.move(
      base.name,
      { ...next, properties: new Map([...current.properties, [progressKey(update.pipeline), text]]) },
      { kind: 'ours', life, token, update },
    );
  }
}

export const viewOf = (table: SimTable): SimView => ({
  name: table.name,
  uuid: table.uuid,
  location: table.location,
  snapshot: table.main,
  sequenceNumber: table.lastSequence,
  schema: table.schema,
  spec: SPEC,
  sortOrder: ORDER,
  properties: table.properties,
  table,
});

export const filesOf = (table: SimTable): readonly string[] =>
  (table.main === undefined ? undefined : table.snapshots.get(table.main))?.files ?? [];

export function progressOf(table: SimTable, pipeline: ProgressUpdate['pipeline']): Progress | undefined {
  const text = table.properties.get(progressKey(pipeline));
  return text === undefined ? undefined : decodeProgress(pipeline, text);
}

/** Main and its ancestors, newest first, as far as they are not expired. */
export function ancestry(table: SimTable): readonly SimSnapshot[] {
  const found: SimSnapshot[] = [];
  for (let at = table.main; at !== undefined;) {
    const snapshot = table.snapshots.get(at);
    if (snapshot === undefined) break;
    found.push(snapshot);
    at = snapshot.parent;
  }
  return found;
}

// Written apart from the product's own step, and without its refusals: what must never happen is for the invariants to see.
function merged(before: Progress | undefined, update: ProgressUpdate, table: TableUuid, token: SnapshotId): Progress {
  const lanes = new Map(before?.lanes);
  for (const [lane, to] of update.lanes) lanes.set(lane, to);
  for (const lane of update.prune ?? []) lanes.delete(lane);
  const prunedTo = Math.max(before?.prunedTo ?? 0, ...(update.prune ?? []).map(bornAt));
  const pruned = prunedTo === 0 ? {} : { prunedTo };
  const state = update.state ?? before?.state;
  const producers = state === undefined ? {} : { state };
  return { pipeline: update.pipeline, table, epoch: update.epoch, token, lanes, ...producers, ...pruned };
}
