/**
 * Frames: the unit of atomicity (protocol §2). Owns the 64-byte frame header; bodies are `entry-codec.ts`.
 *
 *   0 magic u32 · 4 kind u8 · 5 zero 3 · 8 segment id 16 · 24 body length u32 · 28 CRC-32C of the body u32 ·
 *   32 synced: segment u64, byte u64 · 48 written at u64 (ms) · 56 zero u32 · 60 CRC-32C of [0, 60)
 *
 * The header has a CRC of its own so that a damaged length is never believed.
 */
import { crc32c } from '@node-rs/crc32';
import type { LogPosition } from './segment-header.ts';

export const FRAME_HEADER_BYTES = 64;
/** Larger bodies are refused on append and never believed on read. */
export const MAX_FRAME_BODY_BYTES = 1 << 30;

const MAGIC = 0x31464c53;
/** The magic as bytes: what a search for the next frame looks for. */
export const FRAME_MAGIC = Buffer.from('SLF1', 'latin1');

export type FrameKind = 'entries' | 'refusals' | 'producer-state';
const KINDS: readonly (FrameKind | undefined)[] = [undefined, 'entries', 'refusals', 'producer-state'];

/** A body as chunks in order; payloads are the caller's own buffers. */
export interface FrameBody {
  readonly kind: FrameKind;
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  readonly crc: number;
}

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly bodyLength: number;
  readonly bodyCrc: number;
  /** Everything before this byte of the log was on the platter when the frame was written. */
  readonly synced: LogPosition;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
}

export function frameBody(kind: FrameKind, chunks: readonly Uint8Array[]): FrameBody {
  let length = 0;
  let crc = 0;
  for (const chunk of chunks) {
    length += chunk.byteLength;
    crc = crc32c(chunk, crc);
  }
  return { kind, chunks, length, crc };
}

export const frameBytes = (body: FrameBody): number => FRAME_HEADER_BYTES + body.length;

/** Writes the header of `body` at `at` of `target`. */
export function encodeFrameHeader(
  target: Buffer,
  at: number,
  body: FrameBody,
  segmentId: Uint8Array,
  synced: LogPosition,
  writtenAt: number,
): void {
  target.writeUInt32LE(MAGIC, at);
  target.writeUInt32LE(KINDS.indexOf(body.kind), at + 4);
  target.set(segmentId, at + 8);
  target.writeUInt32LE(body.length, at + 24);
  target.writeUInt32LE(body.crc, at + 28);
  target.writeBigUInt64LE(BigInt(synced.sequence), at + 32);
  target.writeBigUInt64LE(BigInt(synced.byte), at + 40);
  target.writeBigUInt64LE(BigInt(Math.trunc(writtenAt)), at + 48);
  target.writeUInt32LE(0, at + 56);
  target.writeUInt32LE(crc32c(target.subarray(at, at + 60)), at + 60);
}

/** Undefined when the 64 bytes at `at` are not a frame header of this segment. Any segment's will do when no id is given. */
export function decodeFrameHeader(bytes: Buffer, at: number, segmentId: string | undefined): FrameHeader | undefined {
  if (bytes.length < at + FRAME_HEADER_BYTES || bytes.readUInt32LE(at) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(at + 60) !== crc32c(bytes.subarray(at, at + 60))) return undefined;
  if (segmentId !== undefined && bytes.toString('hex', at + 8, at + 24) !== segmentId) return undefined;
  const kind = KINDS[bytes.readUInt32LE(at + 4)];
  const bodyLength = bytes.readUInt32LE(at + 24);
  if (kind === undefined || bodyLength > MAX_FRAME_BODY_BYTES) return undefined;
  return {
    kind,
    bodyLength,
    bodyCrc: bytes.readUInt32LE(at + 28),
    synced: {
      sequence: Number(bytes.readBigUInt64LE(at + 32)),
      byte: Number(bytes.readBigUInt64LE(at + 40)),
    },
    writtenAt: Number(bytes.readBigUInt64LE(at + 48)),
  };
}
