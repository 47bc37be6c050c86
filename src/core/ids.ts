/** Branded identities and counters. Owns their types and constructors; owns no allocation policy. */

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** One life of one log: 32 lower-case hex digits, never reused (`lane-id.ts`). */
export type LaneId = Brand<string, 'LaneId'>;
/** Number of the *next* record in a lane. 64-bit. */
export type Offset = Brand<bigint, 'Offset'>;
/** Counter of a pipeline's checkpoints. */
export type Epoch = Brand<bigint, 'Epoch'>;
/** Counter of a lane's owners; a lower one is fenced. */
export type Generation = Brand<bigint, 'Generation'>;
/** The catalog's identity of a table: lower-case UUID. */
export type TableUuid = Brand<string, 'TableUuid'>;
/** A positive 63-bit snapshot id; it is also the token that all attempts of one prepared change share. */
export type SnapshotId = Brand<bigint, 'SnapshotId'>;
/** Operator-chosen name under which progress is kept in a table. `[a-z0-9_-]{1,64}`. */
export type PipelineId = Brand<string, 'PipelineId'>;

export const laneId = (value: string): LaneId => value as LaneId;
export const offset = (value: bigint | number): Offset => BigInt(value) as Offset;
export const epoch = (value: bigint | number): Epoch => BigInt(value) as Epoch;
export const generation = (value: bigint | number): Generation => BigInt(value) as Generation;
export const tableUuid = (value: string): TableUuid => value.toLowerCase() as TableUuid;
export const snapshotId = (value: bigint): SnapshotId => value as SnapshotId;
export const pipelineId = (value: string): PipelineId => value as PipelineId;

/** A table's name in its catalog. `toString` form: `ns.table`; namespaces may have several levels. */
export interface TableName {
  readonly namespace: readonly string[];
  readonly name: string;
}

/** `a.b.t`: the form used in URLs, logs and configuration. */
export const formatTableName = (table: TableName): string => [...table.namespace, table.name].join('.');
