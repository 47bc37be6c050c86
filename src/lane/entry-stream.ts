/** Streams a table's entries from disk in bounded memory, while the log goes on. Owns ranges and pins; changes nothing on disk. */
import type { Disk } from '../contracts/disk.ts';
import type { Entry } from '../contracts/log.ts';
import { SluiceError } from '../core/errors.ts';
import type { LaneId, Offset } from '../core/ids.ts';
import { offset } from '../core/ids.ts';
import type { Chunk, EntryFile } from './chunk.ts';
import { decodeEntries } from './entry-codec.ts';
import { readFrames } from './frame-reader.ts';
import { endOf } from './ledger.ts';

const LINE_END = 0x0a;

/** What an iteration reads of one chunk; fixed when it begins. */
interface Piece {
  readonly file: EntryFile;
  readonly first: Offset;
  readonly end: Offset;
  readonly byteStart: number;
  readonly byteEnd: number;
}

/**
 * Entries of the chunks' table in `[from, to)` of each lane, in the chunks' order. An entry that lies across a bound is cut there, line
 * by line. Files are not removed while they are read. Throws `corrupt` at a frame that can no longer be read.
 */
export async function* streamEntries(
  disk: Disk,
  chunks: readonly Chunk[],
  from: ReadonlyMap<LaneId, Offset>,
  to: ReadonlyMap<LaneId, Offset> | undefined,
): AsyncGenerator<Entry, void> {
  const pieces: Piece[] = [];
  for (const chunk of chunks) {
    const { lane } = chunk.file;
    const first = max(chunk.first, from.get(lane));
    const end = to === undefined ? chunk.end : min(chunk.end, to.get(lane) ?? offset(0));
    if (first < end) pieces.push({ file: chunk.file, first, end, byteStart: chunk.byteStart, byteEnd: chunk.byteEnd });
  }
  const table = chunks[0]?.table;
  for (const piece of pieces) piece.file.readers += 1;
  let read = 0;
  try {
    for (const piece of pieces) {
      for await (const entry of readPiece(disk, piece)) if (entry.table === table) yield cut(entry, piece);
      piece.file.readers -= 1;
      read += 1;
    }
  } finally {
    for (const piece of pieces.slice(read)) piece.file.readers -= 1;
  }
}

async function* readPiece(disk: Disk, piece: Piece): AsyncGenerator<Entry, void> {
  const { path, id, lane } = piece.file;
  for await (const frame of readFrames(disk, path, id, piece.byteStart, piece.byteEnd)) {
    if (frame.kind === 'bad') throw corruptAt(path, frame.start, frame.why);
    if (frame.header.kind !== 'entries') continue;
    for (const entry of decodeEntries(frame.body, lane, path))
      if (entry.baseOffset < piece.end && endOf(entry) > piece.first) yield entry;
  }
}

export const corruptAt = (file: string, byte: number, why: string): SluiceError =>
  new SluiceError('corrupt', `the log is damaged where it had been stored safely: ${why}`, {
    context: { file, byte },
    remedy:
      'look at it with `sluice log inspect`; restore the file, or start once with `sluice run --skip` to go on without the damaged bytes',
  });

function cut(entry: Entry, { first, end }: Piece): Entry {
  const entryEnd = endOf(entry);
  if (entry.baseOffset >= first && entryEnd <= end) return entry;
  const from = max(entry.baseOffset, first);
  const to = min(entryEnd, end);
  const start = afterLines(entry.payload, 0, Number(from - entry.baseOffset));
  const stop = afterLines(entry.payload, start, Number(to - from));
  return { ...entry, baseOffset: from, count: Number(to - from), payload: entry.payload.subarray(start, stop) };
}

/** The index behind `count` lines from `start`. */
function afterLines(payload: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let line = 0; line < count; line++) {
    const end = payload.indexOf(LINE_END, at);
    if (end < 0) return payload.length;
    at = end + 1;
  }
  return at;
}

const max = (a: Offset, b: Offset | undefined): Offset => (b !== undefined && b > a ? b : a);
const min = (a: Offset, b: Offset): Offset => (b < a ? b : a);
