/**
 * The first 96 bytes of every segment file and parked file (little endian). Owns their layout; knows nothing of frames.
 *
 *   0 magic 8 · 8 version u32 · 12 zero u32 · 16 segment id 16 · 32 lane id 16 · 48 sequence u64 · 56 base offset u64 ·
 *   64 predecessor's sequence u64 (0: none) · 72 predecessor's end u64 · 80 created at u64 (ms) · 88 zero u32 · 92 CRC-32C of [0, 92)
 */
import { crc32c } from '@node-rs/crc32';
import { SluiceError } from '../core/errors.ts';
import type { LaneId, Offset } from '../core/ids.ts';
import { laneId, offset } from '../core/ids.ts';
import { hex } from '../core/runtime.ts';

export const SEGMENT_HEADER_BYTES = 96;
const MAGIC = 'SLUICEWL';
const VERSION = 1;

export interface SegmentHeader {
  /** 32 hex digits, random: frames of other files, or of an earlier use of the same blocks, never count as this segment's. */
  readonly id: string;
  readonly lane: LaneId;
  /** From 1, ascending over the log's whole history, possibly with gaps; 0 for parked files. */
  readonly sequence: number;
  /** The lane's next offset when the segment began. */
  readonly baseOffset: Offset;
  /** Where the log went on from: what lies behind `end` in that segment is never read. */
  readonly predecessor?: LogPosition;
  readonly createdAt: number;
}

/** A byte of the log. */
export interface LogPosition {
  readonly sequence: number;
  readonly byte: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.write(header.id, 16, 'hex');
  bytes.write(header.lane, 32, 'hex');
  bytes.writeBigUInt64LE(BigInt(header.sequence), 48);
  bytes.writeBigUInt64LE(header.baseOffset, 56);
  bytes.writeBigUInt64LE(BigInt(header.predecessor?.sequence ?? 0), 64);
  bytes.writeBigUInt64LE(BigInt(header.predecessor?.byte ?? 0), 72);
  bytes.writeBigUInt64LE(BigInt(Math.trunc(header.createdAt)), 80);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 92)), 92);
  return bytes;
}

/** Undefined for bytes that are not a whole, valid header. Throws `unsupported` for a valid one of a later version. */
export function decodeSegmentHeader(input: Uint8Array, file: string): SegmentHeader | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  if (bytes.length < SEGMENT_HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(92) !== crc32c(bytes.subarray(0, 92))) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION)
    throw new SluiceError('unsupported', `log segment is of version ${version}`, {
      context: { file, version, understood: VERSION },
      remedy: 'start the version of Sluice that wrote it, let it drain the log, then upgrade or downgrade',
    });
  const predecessor = Number(bytes.readBigUInt64LE(64));
  return {
    id: hex(bytes.subarray(16, 32)),
    lane: laneId(hex(bytes.subarray(32, 48))),
    sequence: Number(bytes.readBigUInt64LE(48)),
    baseOffset: offset(bytes.readBigUInt64LE(56)),
    ...(predecessor === 0 ? {} : { predecessor: { sequence: predecessor, byte: Number(bytes.readBigUInt64LE(72)) } }),
    createdAt: Number(bytes.readBigUInt64LE(80)),
  };
}

const SEGMENT_NAME = /^segment-(\d{16})\.log$/;

export const segmentName = (sequence: number): string => `segment-${String(sequence).padStart(16, '0')}.log`;

/** The sequence number in a segment's file name; undefined for other files. */
export function sequenceOf(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
