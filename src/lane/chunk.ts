/**
 * What the log keeps in memory of what is on disk: files, and per table runs of entries in them. Owns these shapes and the count of
 * pending runs a file holds. A run covers up to a mebibyte, so millions of entries are thousands of objects.
 */
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';

/** A segment, or the file of a parked table: same layout, read by the same code. */
export interface EntryFile {
  readonly kind: 'segment' | 'parked';
  readonly name: string;
  readonly path: string;
  /** The random id its frames carry. */
  readonly id: string;
  readonly lane: LaneId;
  /** 0 for parked files. */
  readonly sequence: number;
  /** Bytes up to which the file is valid and synced. */
  end: number;
  /** Wall clock of its first frame. */
  firstAt: number | undefined;
  readonly chunks: Set<Chunk>;
  /** Chunks that are not known to be committed. */
  pendingChunks: number;
  /** Monotonic time since when nothing in it is pending; undefined while something is. */
  releasedAt: number | undefined;
  /** Iterations that may still read it: it is not removed meanwhile. */
  readers: number;
}

/** A run of one table's entries: every entry of the table in these whole frames with an offset in `[first, end)`. */
export interface Chunk {
  readonly table: TableUuid;
  readonly file: EntryFile;
  readonly first: Offset;
  end: Offset;
  readonly byteStart: number;
  byteEnd: number;
  /** Of the table's entries, heads included. */
  bytes: number;
  pending: boolean;
  /** Some entry of it carries a producer's stamp. */
  stamped: boolean;
}

/** The entries of one table in one frame. */
export interface FrameRun {
  readonly first: Offset;
  readonly end: Offset;
  readonly byteStart: number;
  readonly byteEnd: number;
  readonly bytes: number;
  readonly stamped: boolean;
}

export const entryFile = (
  of: Pick<EntryFile, 'kind' | 'name' | 'path' | 'id' | 'lane' | 'sequence' | 'end'>,
  now: number,
): EntryFile => ({
  ...of,
  firstAt: undefined,
  chunks: new Set(),
  pendingChunks: 0,
  releasedAt: now,
  readers: 0,
});

/** `now` is monotonic. */
export function setPending(chunk: Chunk, pending: boolean, now: number): void {
  if (chunk.pending === pending) return;
  chunk.pending = pending;
  countPending(chunk.file, pending ? 1 : -1, now);
}

/** Takes the chunk out of its file's account: it is kept elsewhere. */
export function detach(chunk: Chunk, now: number): void {
  if (!chunk.file.chunks.delete(chunk) || !chunk.pending) return;
  countPending(chunk.file, -1, now);
}

export function attach(chunk: Chunk, now: number): void {
  chunk.file.chunks.add(chunk);
  if (chunk.pending) countPending(chunk.file, 1, now);
}

function countPending(file: EntryFile, change: 1 | -1, now: number): void {
  file.pendingChunks += change;
  file.releasedAt = file.pendingChunks === 0 ? now : undefined;
}
