/**
 * Torn or corrupt (protocol §2): reads a segment from its header to its end and says where it stops being valid, and whether what
 * is broken there had been synced. Owns that decision; cuts, skips and reports nothing.
 */
import type { Disk } from '../contracts/disk.ts';
import type { Frame } from './frame-reader.ts';
import { readFrames, searchHeaders } from './frame-reader.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';

export interface ScannedFile {
  readonly path: string;
  readonly id: string;
  readonly sequence: number;
  /** Bytes to look at: the file's size, or less when a successor says where this segment ends. */
  readonly limit: number;
  /** The successor says so: everything below the limit had been synced. */
  readonly sealed: boolean;
}

export type ScanStep =
  | Frame
  /** Never synced, as far as anybody knows: the log is cut at `start`. The last step. */
  | { readonly kind: 'torn'; readonly start: number; readonly end: number; readonly why: string }
  /** `[start, end)` had been synced and is broken. A scan that is asked to go on goes on at `end`. */
  | { readonly kind: 'corrupt'; readonly start: number; readonly end: number; readonly why: string };

/** Frames in order, broken places between them. `known`: ranges that were skipped before, passed over in silence. */
export async function* scanSegment(
  disk: Disk,
  file: ScannedFile,
  known: readonly { readonly start: number; readonly end: number }[] = [],
): AsyncGenerator<ScanStep, void> {
  let at = SEGMENT_HEADER_BYTES;
  for (;;) {
    let bad: { readonly start: number; readonly why: string } | undefined;
    for await (const frame of readFrames(disk, file.path, file.id, at, file.limit)) {
      if (frame.kind === 'bad') bad = frame;
      else yield frame;
    }
    if (bad === undefined) return;
    const { start, why } = bad;
    const skip = known.find((range) => range.start === start);
    if (skip === undefined) {
      if (!file.sealed && !(await wasSynced(disk, file, start))) {
        yield { kind: 'torn', start, end: file.limit, why };
        return;
      }
      const end = await nextFrame(disk, file, start + 1);
      yield { kind: 'corrupt', start, end, why };
      at = end;
    } else at = skip.end;
    if (at >= file.limit) return;
  }
}

/** A later frame of the segment says that the byte at `start` had been synced. Its header alone proves that: it has a checksum of its own. */
async function wasSynced(disk: Disk, file: ScannedFile, start: number): Promise<boolean> {
  for await (const { header } of searchHeaders(disk, file.path, file.id, start + 1, file.limit))
    if (header.synced.sequence === file.sequence && header.synced.byte > start) return true;
  return false;
}

/** Where the next whole frame begins; the limit when there is none. */
async function nextFrame(disk: Disk, file: ScannedFile, from: number): Promise<number> {
  for await (const { at } of searchHeaders(disk, file.path, file.id, from, file.limit))
    for await (const frame of readFrames(disk, file.path, file.id, at, file.limit)) {
      if (frame.kind === 'frame') return at;
      break;
    }
  return file.limit;
}
