/** Creating, naming and listing tables, whatever the catalog. Committing goes through `TableFormat`. */
import type { TableName } from '../core/ids.ts';
import type { PartitionField, SortOrder } from '../record/partition-spec.ts';
import type { Field } from '../record/types.ts';
import type { TableView } from './table-format.ts';

/** Field ids of nested fields and partition field ids are assigned by the catalog when 0. */
export interface TableDefinition {
  readonly name: TableName;
  readonly fields: readonly Field[];
  readonly identifierFieldIds?: readonly number[];
  readonly partition: readonly Omit<PartitionField, 'fieldId'>[];
  readonly sortOrder?: SortOrder;
  readonly properties: ReadonlyMap<string, string>;
  /** Default: `<warehouse>/<namespace>/<name>` with `-<uuid>` appended when that is taken. */
  readonly location?: string;
}

export interface SnapshotSummary {
  readonly snapshotId: bigint;
  readonly parentId?: bigint;
  readonly sequenceNumber: bigint;
  readonly timestampMs: number;
  readonly operation: string;
  readonly summary: ReadonlyMap<string, string>;
}

export interface Tables<V extends TableView = TableView> {
  list(): Promise<readonly TableName[]>;
  /** Creates missing namespaces too. `exists` answers what is there, unchanged. */
  create(definition: TableDefinition): Promise<{ readonly kind: 'created' | 'exists'; readonly view: V }>;
  /** Oldest first, of `main`. */
  snapshots(view: V): readonly SnapshotSummary[];
  /** URIs of live data files of the current snapshot with their facts, in manifest order. */
  files(view: V): AsyncIterable<{
    readonly filePath: string;
    readonly recordCount: bigint;
    readonly fileSizeInBytes: bigint;
    readonly specId: number;
    readonly partition: readonly (string | null)[];
  }>;
}
