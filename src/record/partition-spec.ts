/** Partition specs and sort orders as data (spec "Partitioning", "Sorting"; checklist §3, §4). Transforms of values are in `transforms.ts`. */

export type Transform =
  | { readonly kind: 'identity' }
  | { readonly kind: 'year' }
  | { readonly kind: 'month' }
  | { readonly kind: 'day' }
  | { readonly kind: 'hour' }
  | { readonly kind: 'bucket'; readonly buckets: number }
  | { readonly kind: 'truncate'; readonly width: number }
  | { readonly kind: 'void' };

export interface PartitionField {
  readonly sourceId: number;
  /** Unique across all specs of a table; the first is 1000. */
  readonly fieldId: number;
  readonly name: string;
  readonly transform: Transform;
}

/** Unpartitioned: `{ specId: 0, fields: [] }`. */
export interface PartitionSpec {
  readonly specId: number;
  readonly fields: readonly PartitionField[];
}

export interface SortField {
  readonly sourceId: number;
  readonly transform: Transform;
  readonly direction: 'asc' | 'desc';
  readonly nullOrder: 'nulls-first' | 'nulls-last';
}

/** Unsorted: `{ orderId: 0, fields: [] }`. */
export interface SortOrder {
  readonly orderId: number;
  readonly fields: readonly SortField[];
}

/** `bucket[16]`, `truncate[4]`, `day` … as the specification prints it. */
export function transformName(transform: Transform): string {
  if (transform.kind === 'bucket') return `bucket[${transform.buckets}]`;
  if (transform.kind === 'truncate') return `truncate[${transform.width}]`;
  return transform.kind;
}
