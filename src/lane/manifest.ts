/**
 * The log's manifest: what can not be read from the segments themselves. Owns its text form and its atomic replacement.
 * Callers take turns: one save at a time.
 */
import { crc32c } from '@node-rs/crc32';
import type { Disk } from '../contracts/disk.ts';
import type { Burial, TrimmedMark } from '../contracts/log.ts';
import { SluiceError } from '../core/errors.ts';
import type { LaneId, Offset, TableName, TableUuid } from '../core/ids.ts';
import { laneId, offset, tableUuid } from '../core/ids.ts';
import { parseJson64, stringifyJson64 } from '../core/json64.ts';

export const MANIFEST_NAME = 'manifest.json';
const TEMPORARY_NAME = 'manifest.json.new';

export interface ParkedRecord {
  readonly file: string;
  readonly table: TableUuid;
  readonly lane: LaneId;
  /** Every pending entry of the table in `[first, end)` of the lane is in the file. */
  readonly first: Offset;
  readonly end: Offset;
  readonly bytes: number;
}

/** Bytes of a segment that an operator chose to go on without. */
export interface SkippedRange {
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
}

export interface Manifest {
  /** Segments below this sequence number are trimmed. */
  readonly first: number;
  readonly trimmed: readonly TrimmedMark[];
  /** Oldest lane first. */
  readonly parked: readonly ParkedRecord[];
  readonly skipped: readonly SkippedRange[];
  /** What segments that are gone said of them. */
  readonly buried: readonly Burial[];
  readonly names: ReadonlyMap<TableUuid, TableName>;
}

export const EMPTY_MANIFEST: Manifest = {
  first: 1,
  trimmed: [],
  parked: [],
  skipped: [],
  buried: [],
  names: new Map(),
};

/** Undefined when there is none. Throws `corrupt` on any other text than ours. */
export async function readManifest(disk: Disk, directory: string): Promise<Manifest | undefined> {
  const path = `${directory}/${MANIFEST_NAME}`;
  const size = await disk.size(path);
  const bytes = size === undefined ? undefined : await disk.read(path, 0, size);
  return bytes === undefined ? undefined : decodeManifest(Buffer.from(bytes).toString('utf8'), path);
}

/** Resolves when the manifest is durable. When it rejects, the old or the new one will be found. */
export async function saveManifest(disk: Disk, directory: string, manifest: Manifest): Promise<void> {
  const temporary = `${directory}/${TEMPORARY_NAME}`;
  await disk.remove(temporary);
  const file = await disk.open(temporary, 'create-new');
  try {
    await file.append([Buffer.from(encodeManifest(manifest), 'utf8')]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${directory}/${MANIFEST_NAME}`);
  await disk.syncDirectory(directory);
}

/** Two lines: CRC-32C of the second in hex; JSON. */
function encodeManifest(manifest: Manifest): string {
  const text = stringifyJson64({
    version: 1,
    first: manifest.first,
    trimmed: manifest.trimmed.map((mark) => [mark.table, mark.lane, mark.next]),
    parked: manifest.parked.map((each) => [each.file, each.table, each.lane, each.first, each.end, each.bytes]),
    skipped: manifest.skipped.map((range) => [range.sequence, range.start, range.end]),
    buried: manifest.buried.map((each) => [each.table, each.lane, each.from, each.next]),
    names: [...manifest.names].map(([table, { namespace, name }]) => [table, ...namespace, name]),
  });
  return `${crc32c(text).toString(16).padStart(8, '0')}\n${text}\n`;
}

function decodeManifest(content: string, path: string): Manifest {
  const [checksum, text] = content.split('\n');
  if (text === undefined || Number.parseInt(checksum ?? '', 16) !== crc32c(text))
    throw new SluiceError('corrupt', 'the manifest of the log does not match its checksum', {
      context: { file: path, byte: 0 },
      remedy:
        'restore this file from a backup of the same log; do not delete it, it holds what was trimmed and what is parked',
    });
  const raw = parseJson64(text, path) as {
    readonly version: number;
    readonly first: number;
    readonly trimmed: readonly (readonly [string, string, number | bigint])[];
    readonly parked: readonly (readonly [string, string, string, number | bigint, number | bigint, number])[];
    readonly skipped: readonly (readonly [number, number, number])[];
    /** Absent in logs of earlier versions, as are the names. */
    readonly buried?: readonly (readonly [string, string, number | bigint, number | bigint])[];
    readonly names?: readonly (readonly [string, ...string[]])[];
  };
  if (raw.version !== 1)
    throw new SluiceError('unsupported', `log manifest is of version ${raw.version}`, {
      context: { file: path, version: raw.version, understood: 1 },
      remedy: 'start the version of Sluice that wrote it, let it drain the log, then change versions',
    });
  return {
    first: raw.first,
    trimmed: raw.trimmed.map(([table, lane, next]) => ({
      table: tableUuid(table),
      lane: laneId(lane),
      next: offset(next),
    })),
    parked: raw.parked.map(([file, table, lane, first, end, bytes]) => ({
      file,
      table: tableUuid(table),
      lane: laneId(lane),
      first: offset(first),
      end: offset(end),
      bytes,
    })),
    skipped: raw.skipped.map(([sequence, start, end]) => ({ sequence, start, end })),
    buried: (raw.buried ?? []).map(([table, lane, from, next]) => ({
      table: tableUuid(table),
      lane: laneId(lane),
      from: offset(from),
      next: offset(next),
    })),
    names: new Map(
      (raw.names ?? []).map(([table, ...name]) => [
        tableUuid(table),
        { namespace: name.slice(0, -1), name: name.at(-1) ?? '' },
      ]),
    ),
  };
}
