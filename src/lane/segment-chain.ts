/**
 * Which segment files make up the log, and up to which byte each. Owns following the headers' links from the newest segment back;
 * reads headers only.
 */
import type { Disk } from '../contracts/disk.ts';
import { SluiceError } from '../core/errors.ts';
import { searchHeaders } from './frame-reader.ts';
import type { SegmentHeader } from './segment-header.ts';
import { SEGMENT_HEADER_BYTES, decodeSegmentHeader, segmentName, sequenceOf } from './segment-header.ts';

export interface ChainLink {
  readonly name: string;
  readonly path: string;
  readonly sequence: number;
  /** Undefined: the header is broken, though the segment had been in use. */
  readonly header: SegmentHeader | undefined;
  readonly size: number;
  /** Where the successor's header says it ends; undefined for the newest. */
  readonly end: number | undefined;
}

export interface Chain {
  /** Oldest first. */
  readonly links: readonly ChainLink[];
  /** Segments that never came into use, were given up, or are trimmed: removed once the log is open. */
  readonly dead: readonly string[];
  readonly nextSequence: number;
}

type Found = Omit<ChainLink, 'end'>;

/** `first`: the manifest's; segments below it are trimmed. Throws `corrupt` when a segment in the middle is gone. */
export async function readChain(
  disk: Disk,
  directory: string,
  names: readonly string[],
  first: number,
): Promise<Chain> {
  const sequences = names.map(sequenceOf).filter((sequence) => sequence !== undefined);
  const found = await lookAtSegments(
    disk,
    directory,
    names.filter((name) => (sequenceOf(name) ?? 0) >= first),
  );
  const dead = sequences.filter((sequence) => sequence < first).map(segmentName);
  const links: ChainLink[] = [];
  let end: number | undefined;
  let wanted: number | undefined;
  for (const segment of found.toReversed()) {
    const named = wanted === undefined || segment.sequence === wanted;
    // A predecessor is named by its successor: what lies between the two was given up after a failed sync.
    if (!named || (end === undefined && segment.header === undefined && !(await wasInUse(disk, segment)))) {
      if (wanted !== undefined && segment.sequence < wanted) throw missing(directory, wanted);
      dead.push(segment.name);
      continue;
    }
    links.unshift({ ...segment, end });
    // Nobody knows where a broken header's predecessor ends: its own frames say how far it goes.
    end = segment.header?.predecessor?.byte;
    wanted = segment.header === undefined ? undefined : (segment.header.predecessor?.sequence ?? 0);
  }
  if (wanted !== undefined && wanted >= first) throw missing(directory, wanted);
  return { links, dead, nextSequence: Math.max(first, ...sequences.map((sequence) => sequence + 1)) };
}

/** Every segment file among the names, ascending, by its header alone. */
export async function lookAtSegments(
  disk: Disk,
  directory: string,
  names: readonly string[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const name of names) {
    const sequence = sequenceOf(name);
    if (sequence === undefined) continue;
    const path = `${directory}/${name}`;
    const header = decodeSegmentHeader((await disk.read(path, 0, SEGMENT_HEADER_BYTES)) ?? new Uint8Array(), path);
    const size = (await disk.size(path)) ?? 0;
    found.push({ name, path, sequence, size, header: header?.sequence === sequence ? header : undefined });
  }
  return found;
}

/** The header is synced before the first frame is written: one valid frame proves that the segment had been in use. */
async function wasInUse(disk: Disk, segment: Found): Promise<boolean> {
  for await (const { header } of searchHeaders(disk, segment.path, undefined, 0, segment.size))
    if (header.synced.sequence === segment.sequence) return true;
  return false;
}

const missing = (directory: string, sequence: number): SluiceError =>
  new SluiceError('corrupt', 'a segment of the log is missing', {
    context: { file: `${directory}/${segmentName(sequence)}`, byte: 0 },
    remedy: 'put the file back; the log is not started without it, since acknowledged records may be in it',
  });
