/**
 * Which data files are written anew, together with which others (pure). Owns the choice; what a rewrite does is the column engine's, and
 * whether it may still go in is asked of the table at commit.
 */
import type { DeleteFile, LiveDataFile } from '../contracts/maintenance.ts';
import type { PartitionTuple } from '../record/values.ts';
import type { RowOrder } from './arrangement.ts';
import { packed } from './bin-pack.ts';
import { DELETED_SHARE, LARGE, MANY_DELETES, SMALL, TIER, TIERS, type CompactionLimits } from './compaction-limits.ts';
import { DeleteUse, type AppliedDeletes } from './delete-use.ts';

export type Reason = 'small' | 'large' | 'deletes' | 'order';

/** Files of one spec and tuple that are rewritten and committed together. */
export interface RewriteGroup {
  readonly specId: number;
  readonly partition: PartitionTuple;
  readonly files: readonly LiveDataFile[];
  /** All that apply to any of them, each once. */
  readonly deletes: readonly DeleteFile[];
  readonly bytes: bigint;
  /** Files that come out, by size. */
  readonly filesAfter: number;
  readonly reasons: readonly Reason[];
  /** In place of the table's own. */
  readonly rowOrder?: RowOrder;
}

export interface CompactionPlan {
  readonly groups: readonly RewriteGroup[];
  /** Of the whole table. */
  readonly files: number;
  readonly smallFiles: number;
  /** Left alone because their format, or that of a delete, is not read here. */
  readonly unreadable: number;
  /** Of the live files that the plan was made of. */
  readonly use: DeleteUse;
  /** Delete files that apply to none of them: what foreign writers replaced or dropped leaves them behind. */
  readonly dangling: readonly DeleteFile[];
  /** Whether rows are sorted on the way. */
  readonly isSorted: boolean;
}

export interface PlanInput {
  readonly files: readonly LiveDataFile[];
  /** All that are live. */
  readonly deletes: readonly DeleteFile[];
  /** The spec that rewritten files get. */
  readonly specId: number;
  /** A partition all of whose files are of this sequence number or older is cold. */
  readonly coldSequence: bigint;
  /** Whether the table has a sort order. */
  readonly isSorted: boolean;
  /** Every file is to be arranged so, whatever its size. */
  readonly rowOrder?: RowOrder;
  readonly applied: AppliedDeletes;
}

export function planCompaction(input: PlanInput, limits: CompactionLimits): CompactionPlan {
  const use = new DeleteUse(input.files, input.applied);
  const readable = input.files.filter(isReadable);
  const groups = [...partitions(readable).values()].flatMap((files) =>
    rewritten(files, input, use, limits).map((group) => groupOf(group, input, use, limits)),
  );
  return {
    groups,
    files: input.files.length,
    smallFiles: input.files.filter((file) => isSmall(file, limits)).length,
    unreadable: input.files.length - readable.length,
    use,
    dangling: use.dangling(input.deletes),
    isSorted: input.isSorted || input.rowOrder !== undefined,
  };
}

function rewritten(
  files: readonly LiveDataFile[],
  input: PlanInput,
  use: DeleteUse,
  limits: CompactionLimits,
): readonly (readonly LiveDataFile[])[] {
  const { rowOrder } = input;
  if (rowOrder !== undefined)
    return packed(files.toSorted(byAge), mostBytes(files, input, limits)).filter(
      (group) => !isArranged(group, rowOrder, use, limits),
    );
  const cold = files.every(({ sequenceNumber }) => sequenceNumber <= input.coldSequence);
  const small = files.filter((file) => isSmall(file, limits));
  const merged = new Set(cold ? small : crowded(small, limits));
  const must = new Set(files.filter((file) => isLarge(file, limits) || isHeavy(file, use)));
  const chosen = files.filter((file) => must.has(file) || merged.has(file)).toSorted(byAge);
  return packed(chosen, mostBytes(files, input, limits)).filter(
    (group) =>
      group.some((file) => must.has(file)) ||
      group.length >= limits.minFiles ||
      (group.length > 1 && bytesOf(group) >= BigInt(limits.targetBytes)),
  );
}

const byAge = (a: LiveDataFile, b: LiveDataFile): number => Number(a.sequenceNumber - b.sequenceNumber);

/** Rows of an older spec spread over several tuples, and files of a split are not rolled: one group makes no file above the target. */
const mostBytes = (
  files: readonly LiveDataFile[],
  { specId }: PlanInput,
  { maxGroupBytes, targetBytes }: CompactionLimits,
): number => (files[0]?.specId === specId ? maxGroupBytes : Math.min(maxGroupBytes, targetBytes));

/** A file by itself that says it has the table's own order already. What stands in another says nothing of it. */
const isArranged = (
  [file, ...others]: readonly LiveDataFile[],
  { sortOrder }: RowOrder,
  use: DeleteUse,
  limits: CompactionLimits,
): boolean =>
  others.length === 0 &&
  file !== undefined &&
  sortOrder.orderId > 0 &&
  file.sortOrderId === sortOrder.orderId &&
  !isLarge(file, limits) &&
  !isHeavy(file, use);

/** Small files of a growing partition that stand with enough others of their size. */
function crowded(small: readonly LiveDataFile[], limits: CompactionLimits): readonly LiveDataFile[] {
  const tiers = Map.groupBy(small, (file) => tierOf(file, limits));
  return [...tiers.values()].flatMap((tier) => (tier.length >= limits.hotFiles ? tier : []));
}

function tierOf({ fileSizeInBytes }: LiveDataFile, { targetBytes }: CompactionLimits): number {
  const below = Math.log((SMALL * targetBytes) / Math.max(1, Number(fileSizeInBytes))) / Math.log(TIER);
  return Math.min(TIERS - 1, Math.floor(below));
}

function groupOf(
  files: readonly LiveDataFile[],
  input: PlanInput,
  use: DeleteUse,
  limits: CompactionLimits,
): RewriteGroup {
  const bytes = bytesOf(files);
  const deletes = [...new Map(files.flatMap((file) => file.deletes.map((each) => [each.filePath, each]))).values()];
  const { rowOrder } = input;
  const reasons = new Set(
    files.map((file): Reason =>
      rowOrder !== undefined ? 'order' : isHeavy(file, use) ? 'deletes' : isLarge(file, limits) ? 'large' : 'small',
    ),
  );
  return {
    specId: files[0]?.specId ?? input.specId,
    partition: files[0]?.partition ?? [],
    files,
    deletes,
    bytes,
    filesAfter: Math.max(1, Math.round(Number(bytes) / limits.targetBytes)),
    reasons: [...reasons],
    ...(rowOrder === undefined ? {} : { rowOrder }),
  };
}

const isReadable = ({ format, deletes }: LiveDataFile): boolean =>
  format === 'parquet' && deletes.every((file) => file.format === 'parquet');

const isSmall = ({ fileSizeInBytes }: LiveDataFile, { targetBytes }: CompactionLimits): boolean =>
  Number(fileSizeInBytes) < SMALL * targetBytes;

const isLarge = ({ fileSizeInBytes, recordCount }: LiveDataFile, { targetBytes }: CompactionLimits): boolean =>
  Number(fileSizeInBytes) > LARGE * targetBytes && recordCount > 1n;

function isHeavy(file: LiveDataFile, use: DeleteUse): boolean {
  const open = use.open(file);
  return open.length >= MANY_DELETES || use.share(open) > DELETED_SHARE;
}

const bytesOf = (files: readonly LiveDataFile[]): bigint =>
  files.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n);

/** By spec and tuple. */
const partitions = (files: readonly LiveDataFile[]): ReadonlyMap<string, readonly LiveDataFile[]> =>
  Map.groupBy(files, ({ specId, partition }) => tupleText(specId, partition));

const tupleText = (specId: number, tuple: PartitionTuple): string =>
  JSON.stringify([
    specId,
    ...tuple.map((value) =>
      value instanceof Uint8Array
        ? ['bytes', Buffer.from(value).toString('hex')]
        : [typeof value, Object.is(value, -0) ? '-0' : String(value)],
    ),
  ]);
