/**
 * The parts of a log added up for an operator: segments, lanes, tables with what they hold and what of it waits, parked files, damage.
 * Owns the sums. The parts come from `inspect-log.ts`; how far tables are comes from whoever can read them.
 */
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';
import { recordsOf, type InspectedEntry, type InspectedPart } from './inspect-log.ts';
import type { ParkedRecord } from './manifest.ts';

/** How far a table is in a lane, by what it says itself; undefined: it has nothing of the lane. */
export interface Standing {
  readonly name: string;
  readonly nextOf: (lane: LaneId) => Offset | undefined;
}

export interface SegmentSummary {
  readonly file: string;
  readonly lane: LaneId;
  readonly bytes: number;
  readonly frames: number;
  /** Milliseconds since 1970 of the first and the last frame. */
  readonly oldestAt?: number;
  readonly newestAt?: number;
}

export interface LaneSummary {
  readonly lane: LaneId;
  readonly first: bigint;
  /** The offset after the last record. */
  readonly end: bigint;
  readonly records: number;
}

export interface TableSummary {
  readonly table: TableUuid;
  /** Undefined when the catalog has no table of this uuid, or was not asked. */
  readonly name?: string;
  readonly records: number;
  readonly bytes: number;
  /** Of those, what is not in the table; undefined when that is not known. */
  readonly pendingRecords?: number;
  readonly pendingBytes?: number;
  /** Milliseconds since 1970 of the oldest record that is pending, or held when that is not known. */
  readonly oldestAt?: number;
  readonly parked: boolean;
}

export interface LogSummary {
  readonly bytes: number;
  readonly segments: readonly SegmentSummary[];
  readonly lanes: readonly LaneSummary[];
  readonly tables: readonly TableSummary[];
  readonly parked: readonly ParkedRecord[];
  /** Torn, corrupt or skipped. */
  readonly damaged: readonly Extract<InspectedPart, { readonly why: string }>[];
}

/** `standings`: undefined when the tables cannot be read. */
export async function summariseLog(
  parts: AsyncIterable<InspectedPart>,
  standings: ReadonlyMap<TableUuid, Standing> | undefined,
): Promise<LogSummary> {
  const segments: Mutable<SegmentSummary>[] = [];
  const lanes = new Map<LaneId, Mutable<LaneSummary>>();
  const tables = new Map<TableUuid, Mutable<TableSummary>>();
  const damaged: LogSummary['damaged'][number][] = [];
  let parked: readonly ParkedRecord[] = [];
  let file: Mutable<SegmentSummary> | undefined;
  let isParkedFile = false;
  for await (const part of parts)
    switch (part.kind) {
      case 'manifest':
        parked = part.manifest.parked;
        break;
      case 'header':
        isParkedFile = part.of === 'parked';
        file = { file: part.file, lane: part.header.lane, bytes: part.end, frames: 0 };
        segments.push(file);
        break;
      case 'frame':
        if (file === undefined) break;
        file.bytes = part.end;
        file.frames += 1;
        file.oldestAt ??= part.writtenAt;
        file.newestAt = part.writtenAt;
        for (const entry of part.entries) {
          // What was parked stands in the segments too until they are trimmed: it counts once.
          if (!isParkedFile && parked.some((record) => holds(record, entry, file?.lane))) continue;
          addToLane(lanes, file.lane, entry);
          addToTable(tables, file.lane, entry, part.writtenAt, standings);
        }
        break;
      case 'torn':
      case 'corrupt':
      case 'skipped':
        damaged.push(part);
        break;
      case 'not-read':
        break;
    }
  for (const { table } of parked) {
    const summary = tables.get(table);
    if (summary !== undefined) summary.parked = true;
  }
  return {
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    segments,
    lanes: [...lanes.values()],
    tables: [...tables.values()].sort((a, b) => (b.pendingBytes ?? b.bytes) - (a.pendingBytes ?? a.bytes)),
    parked,
    damaged,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const holds = (record: ParkedRecord, { table, baseOffset }: InspectedEntry, lane: LaneId | undefined): boolean =>
  record.table === table && record.lane === lane && baseOffset >= record.first && baseOffset < record.end;

function addToLane(
  lanes: Map<LaneId, Mutable<LaneSummary>>,
  lane: LaneId,
  { baseOffset, count }: InspectedEntry,
): void {
  const end = baseOffset + BigInt(count);
  const known = lanes.get(lane);
  if (known === undefined) lanes.set(lane, { lane, first: baseOffset, end, records: count });
  else {
    if (baseOffset < known.first) known.first = baseOffset;
    if (end > known.end) known.end = end;
    known.records += count;
  }
}

function addToTable(
  tables: Map<TableUuid, Mutable<TableSummary>>,
  lane: LaneId,
  entry: InspectedEntry,
  writtenAt: number,
  standings: ReadonlyMap<TableUuid, Standing> | undefined,
): void {
  const standing = standings?.get(entry.table);
  const summary = tables.get(entry.table) ?? {
    table: entry.table,
    ...(standing === undefined ? {} : { name: standing.name }),
    records: 0,
    bytes: 0,
    ...(standings === undefined ? {} : { pendingRecords: 0, pendingBytes: 0 }),
    parked: false,
  };
  tables.set(entry.table, summary);
  summary.records += recordsOf(entry);
  summary.bytes += entry.payloadBytes;
  const pending = standings === undefined ? entry.count : pendingOf(entry, standing?.nextOf(lane));
  if (pending === 0) return;
  summary.oldestAt = Math.min(summary.oldestAt ?? writtenAt, writtenAt);
  if (standings === undefined) return;
  summary.pendingRecords = (summary.pendingRecords ?? 0) + Math.min(pending, recordsOf(entry));
  summary.pendingBytes = (summary.pendingBytes ?? 0) + Math.round((entry.payloadBytes * pending) / entry.count);
}

/** Records of the entry that the table does not have. */
function pendingOf({ baseOffset, count }: InspectedEntry, next: Offset | undefined): number {
  if (next === undefined || next <= baseOffset) return count;
  const left = baseOffset + BigInt(count) - next;
  return left <= 0n ? 0 : Number(left);
}
