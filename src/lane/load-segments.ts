/**
 * Brings what is on disk into the account when a log is opened: frames of the chain, files of parked tables. Owns cutting torn ends,
 * handing over skipped bytes, and the sync of every file it read. Does not choose which files belong to the log.
 */
import type { Disk } from '../contracts/disk.ts';
import type { Entry } from '../contracts/log.ts';
import type { LaneId, Offset } from '../core/ids.ts';
import type { Runtime } from '../core/runtime.ts';
import { entryFile } from './chunk.ts';
import type { EntryFile } from './chunk.ts';
import { decodeEntries, decodeNotes, decodeRefusals } from './entry-codec.ts';
import { corruptAt } from './entry-stream.ts';
import type { Frame } from './frame-reader.ts';
import { readFrames } from './frame-reader.ts';
import type { Ledger } from './ledger.ts';
import { endOf } from './ledger.ts';
import type { Manifest, ParkedRecord, SkippedRange } from './manifest.ts';
import type { ChainLink } from './segment-chain.ts';
import type { LogPosition } from './segment-header.ts';
import { SEGMENT_HEADER_BYTES, decodeSegmentHeader } from './segment-header.ts';
import { scanSegment } from './segment-scan.ts';

export interface LoadContext {
  readonly disk: Disk;
  readonly directory: string;
  readonly runtime: Runtime;
  readonly ledger: Ledger;
}

/** Damaged bytes that an operator chose to go on without. */
export interface SkippedBytes {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly why: string;
  readonly bytes: Uint8Array;
}

type Skip = ((range: SkippedBytes) => Promise<void>) | undefined;

/** Lanes in the order of their lives: those that only parked files still hold are older than any segment. */
export function registerLanes(ledger: Ledger, parked: readonly ParkedRecord[], links: readonly ChainLink[]): void {
  const inSegments = new Set(links.map((link) => link.header?.lane));
  for (const record of parked) if (!inSegments.has(record.lane)) ledger.raiseLane(record.lane, record.end);
  for (const { header } of links) if (header !== undefined) ledger.raiseLane(header.lane, header.baseOffset);
}

/** A parked file that can not be read does not keep the log closed: reading that table's entries will say so. */
export async function loadParked(context: LoadContext, records: readonly ParkedRecord[]): Promise<void> {
  const { disk, directory, runtime, ledger } = context;
  for (const record of records) {
    const path = `${directory}/${record.file}`;
    const head = (await disk.read(path, 0, SEGMENT_HEADER_BYTES)) ?? new Uint8Array();
    const header = decodeSegmentHeader(head, path);
    const now = runtime.clock.monotonic();
    const { file: name, lane, bytes: end } = record;
    const file = entryFile({ kind: 'parked', name, path, id: header?.id ?? '', lane, sequence: 0, end }, now);
    file.firstAt = header?.createdAt;
    ledger.addFile(file);
    const table = ledger.table(record.table);
    let { first } = record;
    let byteStart = SEGMENT_HEADER_BYTES;
    const frames = header === undefined ? [] : readFrames(disk, path, header.id, byteStart, end);
    for await (const frame of frames) {
      if (frame.kind === 'bad') break;
      const entries = decodeEntries(frame.body, lane, path);
      ledger.addEntries(file, entries, frame.start, frame.end, now);
      const last = entries.at(-1);
      if (last !== undefined) first = endOf(last);
      byteStart = frame.end;
    }
    if (first < record.end)
      table.add(file, { first, end: record.end, byteStart, byteEnd: end, bytes: end - byteStart, stamped: true }, now);
    table.closeChunk();
    ledger.raiseLane(lane, record.end);
  }
}

interface Loading {
  readonly parked: readonly ParkedRecord[];
  /** By lane, behind the last entry read. */
  readonly nextOffset: Map<LaneId, Offset>;
}

export interface LoadedSegments {
  readonly tail: LogPosition | undefined;
  readonly skipped: readonly SkippedRange[];
}

export async function loadSegments(
  context: LoadContext,
  links: readonly ChainLink[],
  manifest: Manifest,
  skip: Skip,
): Promise<LoadedSegments> {
  const { disk, runtime, ledger } = context;
  const skipped: SkippedRange[] = [];
  const loading: Loading = { parked: manifest.parked, nextOffset: new Map() };
  let tail: LogPosition | undefined;
  for (const link of links) {
    const { name, path, sequence, header, size } = link;
    const known = manifest.skipped.filter((range) => range.sequence === sequence);
    if (header === undefined) {
      if (!known.some((range) => range.start === 0))
        skipped.push(await handOver(disk, link, { start: 0, end: size, why: 'no valid segment header' }, skip));
      tail = { sequence, byte: size };
      continue;
    }
    const { lane, id } = header;
    const end = SEGMENT_HEADER_BYTES;
    const account = entryFile({ kind: 'segment', name, path, id, lane, sequence, end }, runtime.clock.monotonic());
    ledger.addFile(account);
    const file = { path, id, sequence, limit: link.end ?? size, sealed: link.end !== undefined };
    let synced = 0;
    for await (const step of scanSegment(disk, file, known)) {
      if (step.kind === 'torn') continue;
      if (step.kind === 'frame') synced = Math.max(synced, step.header.synced.byte);
      // No chunk spans damaged bytes, skipped now or before: reading it would meet them.
      if (step.kind === 'corrupt' || step.start !== account.end) for (const table of ledger.tables) table.closeChunk();
      if (step.kind === 'corrupt') skipped.push(await handOver(disk, link, step, skip));
      else loadFrame(context, account, step, loading);
      account.end = step.end;
    }
    await settle(disk, account, link, synced);
    tail = { sequence, byte: account.end };
  }
  return { tail, skipped };
}

function loadFrame({ ledger, runtime }: LoadContext, account: EntryFile, frame: Frame, loading: Loading): void {
  account.firstAt ??= frame.header.writtenAt;
  if (frame.header.kind === 'refusals') ledger.refusals.add(decodeRefusals(frame.body, account.path), account.sequence);
  if (frame.header.kind === 'producer-state') ledger.notes.add(decodeNotes(frame.body, account.path), account.sequence);
  if (frame.header.kind !== 'entries') return;
  const entries = decodeEntries(frame.body, account.lane, account.path);
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return;
  if (first.baseOffset < (loading.nextOffset.get(account.lane) ?? 0n))
    throw corruptAt(account.path, frame.start, 'offsets of this frame were given to an earlier one');
  loading.nextOffset.set(account.lane, endOf(last));
  const parked = new Set(entries.filter((entry) => loading.parked.some((record) => holds(record, entry))));
  // What follows a parked run is a chunk of its own: offsets of chunks never overlap.
  for (const { table } of parked) ledger.table(table).closeChunk();
  const kept = entries.filter((entry) => !parked.has(entry));
  ledger.addDecisions(account, entries);
  ledger.addEntries(account, kept, frame.start, frame.end, runtime.clock.monotonic());
  ledger.raiseLane(account.lane, endOf(last));
}

const holds = (record: ParkedRecord, entry: Entry): boolean =>
  record.table === entry.table &&
  record.lane === entry.lane &&
  entry.baseOffset >= record.first &&
  entry.baseOffset < record.end;

/**
 * Everything read must be on the platter before it counts: a killed process leaves bytes that only the page cache has. Of the newest
 * segment, what no frame calls synced is written once more: that process may have died over a failed sync, after which a sync alone
 * does nothing.
 */
async function settle(disk: Disk, account: EntryFile, link: ChainLink, synced: number): Promise<void> {
  const newest = link.end === undefined;
  const file = await disk.open(link.path, 'existing');
  try {
    if (newest && account.end < link.size) await file.truncate(account.end);
    await file.sync();
  } finally {
    await file.close();
  }
  if (newest && synced < account.end) await disk.rewrite(link.path, synced, account.end);
}

async function handOver(
  disk: Disk,
  link: ChainLink,
  range: { readonly start: number; readonly end: number; readonly why: string },
  skip: Skip,
): Promise<SkippedRange> {
  const { path, sequence } = link;
  const { start, end, why } = range;
  if (skip === undefined) throw corruptAt(path, start, why);
  const bytes = (await disk.read(path, start, end)) ?? new Uint8Array();
  await skip({ file: path, start, end, why, bytes });
  return { sequence, start, end };
}
