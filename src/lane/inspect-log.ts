/**
 * What is in a log's directory, byte range by byte range, for people (`sluice log inspect`). Reads only: nothing is cut, synced or
 * removed, and a damaged log can be looked at. Owns no decision: it shows those that `openLog` would take.
 */
import type { Disk } from '../contracts/disk.ts';
import { SluiceError } from '../core/errors.ts';
import type { LaneId, Offset, TableUuid } from '../core/ids.ts';
import { decodeEntries, decodeNotes, decodeRefusals } from './entry-codec.ts';
import type { Frame } from './frame-reader.ts';
import type { FrameKind } from './frame-codec.ts';
import type { Manifest } from './manifest.ts';
import { MANIFEST_NAME, readManifest } from './manifest.ts';
import type { ChainLink } from './segment-chain.ts';
import { lookAtSegments, readChain } from './segment-chain.ts';
import type { LogPosition, SegmentHeader } from './segment-header.ts';
import { SEGMENT_HEADER_BYTES, decodeSegmentHeader } from './segment-header.ts';
import { scanSegment } from './segment-scan.ts';

/** `[start, end)` of `file`, a name in the directory. */
interface Located {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export type InspectedPart =
  | (Located & { readonly kind: 'manifest'; readonly manifest: Manifest })
  | (Located & { readonly kind: 'header'; readonly header: SegmentHeader; readonly of: 'segment' | 'parked' })
  | (Located & {
      readonly kind: 'frame';
      readonly content: FrameKind;
      /** Milliseconds since 1970. */
      readonly writtenAt: number;
      readonly synced: LogPosition;
      readonly entries: readonly InspectedEntry[];
      readonly refusals: number;
      /** Facts about channels. */
      readonly notes: number;
    })
  | (Located & {
      /**
       * `torn`: opening cuts it off. `corrupt`: opening stops here. `skipped`: an operator chose to go on without it.
       * `not-read`: behind the end that a successor names, a segment that never came into use, or one already trimmed.
       */
      readonly kind: 'torn' | 'corrupt' | 'skipped' | 'not-read';
      readonly why: string;
    });

export interface InspectedEntry {
  readonly table: TableUuid;
  readonly schemaId: number;
  readonly baseOffset: Offset;
  /** Offsets; without a payload there are no records. */
  readonly count: number;
  readonly payloadBytes: number;
}

export const recordsOf = ({ count, payloadBytes }: InspectedEntry): number => (payloadBytes === 0 ? 0 : count);

/** Manifest first, then segments oldest first, then parked files. Damage is a part like any other; only a failing disk rejects. */
export async function* inspectLog(disk: Disk, directory: string): AsyncGenerator<InspectedPart, void> {
  const names = await disk.list(directory);
  const size = (await disk.size(`${directory}/${MANIFEST_NAME}`)) ?? 0;
  const manifest = await orDamage(() => readManifest(disk, directory));
  const whole = { file: MANIFEST_NAME, start: 0, end: size };
  if (manifest.kind === 'damaged') yield { kind: 'corrupt', ...whole, why: manifest.why };
  else if (manifest.value !== undefined) yield { kind: 'manifest', ...whole, manifest: manifest.value };
  const known = manifest.kind === 'sound' ? manifest.value : undefined;

  const chain = await orDamage(() => readChain(disk, directory, names, known?.first ?? 1));
  if (chain.kind === 'damaged') {
    yield { kind: 'corrupt', file: chain.file ?? directory, start: 0, end: 0, why: chain.why };
    for (const segment of await lookAtSegments(disk, directory, names))
      yield* inspectSegment(disk, { ...segment, end: undefined }, known);
  } else {
    for (const link of chain.value.links) yield* inspectSegment(disk, link, known);
    for (const file of chain.value.dead) {
      const end = (await disk.size(`${directory}/${file}`)) ?? 0;
      yield { kind: 'not-read', file, start: 0, end, why: 'never came into use, was given up, or is trimmed' };
    }
  }
  for (const { file, bytes } of known?.parked ?? []) yield* inspectParked(disk, directory, file, bytes);
}

async function* inspectSegment(disk: Disk, link: ChainLink, manifest: Manifest | undefined) {
  const { name: file, path, sequence, header, size } = link;
  const skipped = manifest?.skipped.filter((range) => range.sequence === sequence) ?? [];
  for (const { start, end } of skipped)
    yield part('skipped', file, start, end, 'an operator chose to go on without it');
  if (header === undefined) {
    if (skipped.length === 0) yield part('corrupt', file, 0, size, 'no valid segment header');
    return;
  }
  yield { kind: 'header', file, start: 0, end: SEGMENT_HEADER_BYTES, header, of: 'segment' } as const;
  const scan = { path, id: header.id, sequence, limit: link.end ?? size, sealed: link.end !== undefined };
  for await (const step of scanSegment(disk, scan, skipped))
    yield step.kind === 'frame' ? framePart(file, path, header.lane, step) : { ...step, file };
  if (link.end !== undefined && link.end < size)
    yield part('not-read', file, link.end, size, 'behind the end that the next segment names');
}

async function* inspectParked(disk: Disk, directory: string, file: string, bytes: number) {
  const path = `${directory}/${file}`;
  const header = decodeSegmentHeader((await disk.read(path, 0, SEGMENT_HEADER_BYTES)) ?? new Uint8Array(), path);
  if (header === undefined) {
    yield part('corrupt', file, 0, bytes, 'no valid header, or the file is gone');
    return;
  }
  yield { kind: 'header', file, start: 0, end: SEGMENT_HEADER_BYTES, header, of: 'parked' } as const;
  for await (const step of scanSegment(disk, { path, id: header.id, sequence: 0, limit: bytes, sealed: true }))
    yield step.kind === 'frame' ? framePart(file, path, header.lane, step) : { ...step, file };
}

function framePart(file: string, path: string, lane: LaneId, { start, end, header, body }: Frame): InspectedPart {
  const { kind: content, writtenAt, synced } = header;
  return {
    kind: 'frame',
    file,
    start,
    end,
    content,
    writtenAt,
    synced,
    entries:
      content === 'entries'
        ? decodeEntries(body, lane, path).map(({ table, schemaId, baseOffset, count, payload }) => ({
            table,
            schemaId,
            baseOffset,
            count,
            payloadBytes: payload.byteLength,
          }))
        : [],
    refusals: content === 'refusals' ? decodeRefusals(body, path).length : 0,
    notes: content === 'producer-state' ? decodeNotes(body, path).length : 0,
  };
}

const part = (
  kind: 'corrupt' | 'skipped' | 'not-read',
  file: string,
  start: number,
  end: number,
  why: string,
): InspectedPart => ({ kind, file, start, end, why });

type Looked<T> =
  | { readonly kind: 'sound'; readonly value: T }
  | { readonly kind: 'damaged'; readonly why: string; readonly file: string | undefined };

async function orDamage<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { kind: 'sound', value: await look() };
  } catch (error) {
    if (!(error instanceof SluiceError && (error.kind === 'corrupt' || error.kind === 'unsupported'))) throw error;
    const { file } = error.context;
    return { kind: 'damaged', why: error.message, file: typeof file === 'string' ? file : undefined };
  }
}
