/** Files as DuckDB copied them to data files of the table: footers edited, metrics taken (encoder reference §2). Owns no rows. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { WrittenFile } from '../../record/data-file.ts';
import type { PartitionTuple } from '../../record/values.ts';
import { columnMetrics, columnsWithNan } from '../footer/column-metrics.ts';
import { finishFooter } from '../footer/finish.ts';
import { rewriteFixedColumns } from '../footer/fixed-file.ts';
import type { LeafColumn, ParquetFooter, RowGroup } from '../footer/parquet-footer.ts';
import { leafColumns, readFooter, replaceFooter, rowGroups } from '../footer/parquet-footer.ts';
import type { LayoutPlan } from './layout-plan.ts';
import { nanFacts } from './nan-facts.ts';
import { partitionTuple } from './partition-sql.ts';
import type { CopiedFile } from './return-stats.ts';

/** `partition` when all of them are known to lie in one; else what the copy said decides. */
export async function finishFiles(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  copied: readonly CopiedFile[],
  signal: AbortSignal,
  partition?: PartitionTuple,
): Promise<readonly WrittenFile[]> {
  const files: WrittenFile[] = [];
  for (const file of copied) {
    signal.throwIfAborted();
    const tuple = partition ?? partitionTuple(plan.layout, plan.keys, file.partitionKeys);
    files.push(await finishFile(connection, plan, file.path, tuple));
  }
  return files;
}

async function finishFile(
  connection: DuckDBConnection,
  plan: LayoutPlan,
  path: string,
  partition: PartitionTuple,
): Promise<WrittenFile> {
  const { layout, types, floats, order } = plan;
  const written = await readFooter(path);
  const withNan = columnsWithNan({ types, ...groupsOf(written) });
  // Before names and pages change: DuckDB reads its own file here.
  const nan = await nanFacts(
    connection,
    path,
    floats.filter(({ id }) => withNan.has(id)),
  );
  const footer = await edit(plan, path, written);
  const { leaves, rowGroups: groups } = groupsOf(footer);
  return {
    format: 'parquet',
    localPath: path,
    partition,
    specId: layout.spec.specId,
    recordCount: groups.reduce((total, group) => total + group.rows, 0n),
    fileSizeInBytes: BigInt(footer.fileSize),
    metrics: columnMetrics({ leaves, rowGroups: groups, types, nan, limit: layout.metricsColumns }),
    splitOffsets: groups.map((group) => group.fileOffset),
    // Id 0 is no order of the table: rows may be sorted by another.
    ...(order.length > 0 && layout.sortOrder.orderId > 0 ? { sortOrderId: layout.sortOrder.orderId } : {}),
  };
}

/** The footer as the file has it in the end. */
async function edit(plan: LayoutPlan, path: string, footer: ParquetFooter): Promise<ParquetFooter> {
  const { types, renamed, blobLengths } = plan;
  const { leaves, rowGroups: groups } = groupsOf(footer);
  const changed = finishFooter(footer.metadata, leaves, groups, { types, names: renamed });
  if (blobLengths.size > 0) return rewriteFixedColumns(path, footer, blobLengths);
  return changed ? { ...footer, fileSize: await replaceFooter(path, footer) } : footer;
}

function groupsOf({ metadata }: ParquetFooter): {
  readonly leaves: readonly LeafColumn[];
  readonly rowGroups: readonly RowGroup[];
} {
  const leaves = leafColumns(metadata);
  return { leaves, rowGroups: rowGroups(metadata, leaves) };
}
