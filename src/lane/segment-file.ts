/**
 * A segment while it is written: creating it so that a crash leaves either a whole header or nothing, and appending groups to it.
 * Owns the order of writes and syncs of one file. Decides nothing about failures: whoever calls does.
 */
import type { Disk, DiskFile } from '../contracts/disk.ts';
import { hex } from '../core/runtime.ts';
import type { Runtime } from '../core/runtime.ts';
import type { EntryFile } from './chunk.ts';
import { entryFile } from './chunk.ts';
import type { FrameBody } from './frame-codec.ts';
import { FRAME_HEADER_BYTES, encodeFrameHeader } from './frame-codec.ts';
import type { SegmentHeader } from './segment-header.ts';
import { SEGMENT_HEADER_BYTES, encodeSegmentHeader, segmentName } from './segment-header.ts';

export interface OpenSegment {
  readonly account: EntryFile;
  readonly file: DiskFile;
}

/**
 * Resolves when header and directory entry are durable: only then may a frame be written, so that a frame proves its header.
 * When it rejects, the file may be there, whole or in part.
 */
export async function createEntryFile(
  disk: Disk,
  directory: string,
  runtime: Runtime,
  of: Omit<SegmentHeader, 'id' | 'createdAt'> & { readonly kind: EntryFile['kind']; readonly name: string },
): Promise<OpenSegment> {
  const id = hex(runtime.random.bytes(16));
  const { kind, name, lane, sequence } = of;
  const path = `${directory}/${name}`;
  const file = await disk.open(path, 'create-new');
  try {
    await file.append([encodeSegmentHeader({ ...of, id, createdAt: runtime.clock.now() })]);
    await file.sync();
    await disk.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  const end = SEGMENT_HEADER_BYTES;
  return { account: entryFile({ kind, name, path, id, lane, sequence, end }, runtime.clock.monotonic()), file };
}

export const createSegment = (
  disk: Disk,
  directory: string,
  runtime: Runtime,
  header: Omit<SegmentHeader, 'id' | 'createdAt'>,
): Promise<OpenSegment> =>
  createEntryFile(disk, directory, runtime, { ...header, kind: 'segment', name: segmentName(header.sequence) });

/** Frames as chunks for one write. All claim what was synced before the write: the segment's end. */
export function frameChunks(
  segment: EntryFile,
  bodies: readonly FrameBody[],
  writtenAt: number,
): readonly Uint8Array[] {
  const headers = Buffer.allocUnsafe(FRAME_HEADER_BYTES * bodies.length);
  const id = Buffer.from(segment.id, 'hex');
  const synced = { sequence: segment.sequence, byte: segment.end };
  const chunks: Uint8Array[] = [];
  for (const [index, body] of bodies.entries()) {
    const at = index * FRAME_HEADER_BYTES;
    encodeFrameHeader(headers, at, body, id, synced, writtenAt);
    chunks.push(headers.subarray(at, at + FRAME_HEADER_BYTES));
    for (const chunk of body.chunks) chunks.push(chunk);
  }
  return chunks;
}
