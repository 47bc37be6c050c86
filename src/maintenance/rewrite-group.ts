/** One group of a plan to uploaded files: fetched, rewritten, put. Owns the local folder of it; commits nothing. */
import type { UploadedFiles } from '../commit/file-age.ts';
import { uploadFiles } from '../commit/upload-files.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import type { FileRewriter, RewriteRequest } from '../contracts/file-rewriter.ts';
import type { Locations } from '../contracts/locations.ts';
import type { DeleteFile, MaintenanceFormat } from '../contracts/maintenance.ts';
import type { Scratch, ScratchFolder } from '../contracts/scratch.ts';
import type { TableView } from '../contracts/table-format.ts';
import { spanned, type Span } from '../contracts/tracing.ts';
import { SluiceError } from '../core/errors.ts';
import { inParallel } from '../core/in-parallel.ts';
import { uuidV7, type Runtime } from '../core/runtime.ts';
import { NAME_MAPPING_PROPERTY, parseNameMapping } from '../record/name-mapping.ts';
import type { PrimitiveValue } from '../record/values.ts';
import type { RewriteGroup } from './compaction-plan.ts';

export interface RewriteParts<V extends TableView> {
  readonly format: Pick<MaintenanceFormat<V>, 'specOf'>;
  readonly rewriter: FileRewriter;
  readonly scratch: Scratch;
  readonly locations: Locations;
  readonly runtime: Runtime;
  readonly layoutOf: (view: V) => FileLayout;
  /** Hears of what is tried again. */
  readonly onTrouble: (cause: unknown) => void;
  /** Of the rewrite. */
  readonly span: Span;
}

export interface RewrittenGroup extends UploadedFiles {
  readonly rowsDeleted: bigint;
  readonly bytesOut: bigint;
  readonly seconds: number;
}

const FETCHES = 4;

/** When it rejects, uploaded files may be left for orphan removal; local ones never are. */
export async function rewriteGroup<V extends TableView>(
  parts: RewriteParts<V>,
  view: V,
  group: RewriteGroup,
  signal: AbortSignal,
): Promise<RewrittenGroup> {
  const { rewriter, scratch, runtime } = parts;
  const started = runtime.clock.monotonic();
  const folder = await scratch.folder(uuidV7(runtime));
  try {
    const request = await requestOf(parts, view, group, folder, signal);
    const encode = parts.span.child('rewrite', {
      'sluice.files': group.files.length,
      'sluice.bytes': Number(group.bytes),
    });
    const { files: written, rowsDeleted } = await spanned(encode, () => rewriter.rewrite(request, folder.path, signal));
    const uploadedAt = runtime.clock.now();
    const files = await uploadFiles(parts, view.location, written, signal);
    return {
      files,
      uploadedAt,
      rowsDeleted,
      bytesOut: files.reduce((sum, file) => sum + file.fileSizeInBytes, 0n),
      seconds: (runtime.clock.monotonic() - started) / 1000,
    };
  } finally {
    await folder.remove();
  }
}

async function requestOf<V extends TableView>(
  { layoutOf, format }: RewriteParts<V>,
  view: V,
  group: RewriteGroup,
  folder: ScratchFolder,
  signal: AbortSignal,
): Promise<RewriteRequest> {
  const { rowOrder } = group;
  const layout = { ...layoutOf(view), ...(rowOrder === undefined ? {} : { sortOrder: rowOrder.sortOrder }) };
  const inputs = await inParallel(group.files, FETCHES, async (file) => ({
    uri: file.filePath,
    localPath: await folder.fetch(file.filePath, file.fileSizeInBytes, signal),
    sequenceNumber: file.sequenceNumber,
    recordCount: file.recordCount,
    fileSizeInBytes: file.fileSizeInBytes,
  }));
  const deletes = await inParallel(group.deletes, FETCHES, async (file) => ({
    file,
    localPath: await folder.fetch(file.filePath, file.fileSizeInBytes, signal),
  }));
  const ofKind = (kind: DeleteFile['kind']) =>
    deletes
      .filter(({ file }) => file.kind === kind)
      .map(({ file: { sequenceNumber, equalityIds }, localPath }) => ({ localPath, sequenceNumber, equalityIds }));
  const mapping = view.properties.get(NAME_MAPPING_PROPERTY);
  return {
    layout,
    inputs,
    positionDeletes: ofKind('position'),
    equalityDeletes: ofKind('equality'),
    nameMapping: mapping === undefined ? undefined : parseNameMapping(mapping),
    constants: constantsOf(format, view, group),
    files: group.filesAfter,
    ...(rowOrder?.zOrder === undefined ? {} : { zOrder: rowOrder.zOrder }),
    ...(group.specId === layout.spec.specId ? { partition: group.partition } : {}),
  };
}

/** What the directory of a file says of its columns: files of migrated tables lack them. */
function constantsOf<V extends TableView>(
  format: Pick<MaintenanceFormat<V>, 'specOf'>,
  view: V,
  { specId, partition }: RewriteGroup,
): ReadonlyMap<number, PrimitiveValue | null> {
  const spec = format.specOf(view, specId);
  if (spec === undefined)
    throw new SluiceError('corrupt', 'a live file lies under a partition spec that the table does not have', {
      context: { specId },
    });
  return new Map(
    spec.fields.flatMap(({ sourceId, transform }, index) =>
      transform.kind === 'identity' ? [[sourceId, partition[index] ?? null] as const] : [],
    ),
  );
}
