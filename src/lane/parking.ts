/**
 * Copies a table's pending entries into files of its own (protocol §2). Owns the copies; naming them in the manifest, which makes
 * them count, is the caller's.
 */
import type { Disk } from '../contracts/disk.ts';
import { SluiceError } from '../core/errors.ts';
import type { TableUuid } from '../core/ids.ts';
import { offset } from '../core/ids.ts';
import { hex } from '../core/runtime.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Chunk } from './chunk.ts';
import { encodeEntries } from './entry-codec.ts';
import { streamEntries } from './entry-stream.ts';
import { frameBody, frameBytes } from './frame-codec.ts';
import { endOf } from './ledger.ts';
import type { ParkedRecord } from './manifest.ts';
import { createEntryFile, frameChunks } from './segment-file.ts';
import type { OpenSegment } from './segment-file.ts';
import type { ChunkRun } from './table-ledger.ts';

const BATCH_BYTES = 1 << 20;
const FILE_PREFIX = 'parked-';

export const isParkedName = (name: string): boolean => name.startsWith(FILE_PREFIX);

export interface ParkedCopy {
  readonly record: ParkedRecord;
  /** Runs of about a mebibyte, to be accounted for in place of the originals. */
  readonly chunks: readonly Chunk[];
  readonly originals: ReadonlySet<Chunk>;
}

/** One file a run; resolves when all are synced. The runs are of one table. */
export async function copyAside(
  disk: Disk,
  directory: string,
  runtime: Runtime,
  runs: readonly ChunkRun[],
): Promise<readonly ParkedCopy[]> {
  const bytes = runs.flat().reduce((sum, chunk) => sum + chunk.bytes, 0);
  const free = await disk.free(directory);
  if (free < bytes)
    throw new SluiceError('unavailable', 'no room on the disk to park the entries of a table', {
      context: { directory, bytes, free, table: runs[0]?.[0].table },
      remedy: 'free space on the volume of the log, or repair the table so that it can be committed',
    });
  const copies: ParkedCopy[] = [];
  try {
    for (const run of runs) copies.push(await copyRun(disk, directory, runtime, run));
    return copies;
  } catch (error) {
    for (const copy of copies) await disk.remove(`${directory}/${copy.record.file}`).catch(() => undefined);
    throw error;
  }
}

async function copyRun(disk: Disk, directory: string, runtime: Runtime, originals: ChunkRun): Promise<ParkedCopy> {
  const { table, first, file } = originals[0];
  const name = `${FILE_PREFIX}${table}-${hex(runtime.random.bytes(8))}.log`;
  const header = { kind: 'parked', name, lane: file.lane, sequence: 0, baseOffset: first } as const;
  const target = await createEntryFile(disk, directory, runtime, header);
  try {
    const chunks = await copyEntries(disk, runtime, target, originals);
    await target.file.sync();
    const end = originals.at(-1)?.end ?? first;
    const record = { file: name, table, lane: file.lane, first, end, bytes: target.account.end };
    return { record, chunks, originals: new Set(originals) };
  } catch (error) {
    await disk.remove(target.account.path).catch(() => undefined);
    throw error;
  } finally {
    await target.file.close().catch(() => undefined);
  }
}

async function copyEntries(
  disk: Disk,
  runtime: Runtime,
  target: OpenSegment,
  originals: ChunkRun,
): Promise<readonly Chunk[]> {
  const copies: Chunk[] = [];
  let batch = batchFrom(originals[0]);
  const flush = async (): Promise<void> => {
    if (batch.entries.length === 0) return;
    const { account } = target;
    const body = frameBody('entries', encodeEntries(batch.entries));
    await target.file.append(frameChunks(account, [body], runtime.clock.now()));
    const byteStart = account.end;
    account.end += frameBytes(body);
    const { first, end, table } = batch;
    copies.push({
      table,
      file: account,
      first,
      end,
      byteStart,
      byteEnd: account.end,
      bytes: body.length,
      pending: false,
      stamped: batch.entries.some((entry) => entry.producer !== undefined),
    });
    batch = { ...batch, entries: [], bytes: 0, first: end };
  };
  for await (const entry of streamEntries(disk, originals, new Map(), undefined)) {
    batch.entries.push(entry);
    batch.bytes += entry.payload.byteLength;
    batch.end = endOf(entry);
    if (batch.bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return copies;
}

function batchFrom(chunk: Chunk) {
  const entries: Parameters<typeof encodeEntries>[0][number][] = [];
  const table: TableUuid = chunk.table;
  return { table, entries, bytes: 0, first: chunk.first, end: offset(chunk.first) };
}
