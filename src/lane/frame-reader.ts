/**
 * Reads frames from a file in windows of bounded size. Owns following one frame to the next and searching for one; judges nothing:
 * whether a bad frame is torn or corrupt is decided in `segment-scan.ts`.
 */
import { crc32c } from '@node-rs/crc32';
import type { Disk } from '../contracts/disk.ts';
import { SluiceError } from '../core/errors.ts';
import type { FrameHeader } from './frame-codec.ts';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, decodeFrameHeader } from './frame-codec.ts';

const WINDOW_BYTES = 1 << 20;

export interface Frame {
  readonly kind: 'frame';
  readonly start: number;
  readonly end: number;
  readonly header: FrameHeader;
  /** A view into a window that is never written again. */
  readonly body: Buffer;
}

/** No frame begins here; `why` is for people. */
export interface BadFrame {
  readonly kind: 'bad';
  readonly start: number;
  readonly why: string;
}

/** Bytes of a file below `limit`, read a window at a time. */
class Windows {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #limit: number;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(disk: Disk, path: string, limit: number) {
    this.#disk = disk;
    this.#path = path;
    this.#limit = limit;
  }

  /** `[start, start + length)`, shorter only at the limit or the end of the file. */
  async at(start: number, length: number): Promise<Buffer> {
    const bytes = await this.from(start, length);
    return bytes.subarray(0, length);
  }

  /** At least `length` bytes from `start`, and what of the window follows; shorter only at the limit or the end of the file. */
  async from(start: number, length: number): Promise<Buffer> {
    const end = Math.min(start + length, this.#limit);
    if (start < this.#start || end > this.#start + this.#bytes.length) {
      const windowEnd = Math.min(start + Math.max(length, WINDOW_BYTES), this.#limit);
      const bytes = await this.#disk.read(this.#path, start, windowEnd);
      if (bytes === undefined)
        throw new SluiceError('corrupt', 'a file of the log is gone', {
          context: { file: this.#path },
          remedy: 'put the file back from where it was moved to; the log never removes a file that it still needs',
        });
      this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#start = start;
    }
    return this.#bytes.subarray(start - this.#start);
  }
}

/** Frames of `[start, end)` one after the other; ends after the first bad one, or at `end`. */
export async function* readFrames(
  disk: Disk,
  path: string,
  segmentId: string,
  start: number,
  end: number,
): AsyncGenerator<Frame | BadFrame, void> {
  const windows = new Windows(disk, path, end);
  let at = start;
  while (at < end) {
    const frame = await frameAt(windows, at, segmentId);
    yield frame;
    if (frame.kind === 'bad') return;
    at = frame.end;
  }
}

async function frameAt(windows: Windows, at: number, segmentId: string): Promise<Frame | BadFrame> {
  const head = await windows.at(at, FRAME_HEADER_BYTES);
  if (head.length < FRAME_HEADER_BYTES) return { kind: 'bad', start: at, why: 'the file ends inside a frame header' };
  const header = decodeFrameHeader(head, 0, segmentId);
  if (header === undefined) return { kind: 'bad', start: at, why: 'no valid frame header' };
  const whole = await windows.at(at, FRAME_HEADER_BYTES + header.bodyLength);
  if (whole.length < FRAME_HEADER_BYTES + header.bodyLength)
    return { kind: 'bad', start: at, why: 'the file ends inside a frame' };
  const body = whole.subarray(FRAME_HEADER_BYTES);
  if (crc32c(body) !== header.bodyCrc) return { kind: 'bad', start: at, why: 'checksum of the frame body differs' };
  return { kind: 'frame', start: at, end: at + whole.length, header, body };
}

/** Frame headers of the segment (of any, without an id) that are valid by themselves, wherever they begin in `[start, end)`. */
export async function* searchHeaders(
  disk: Disk,
  path: string,
  segmentId: string | undefined,
  start: number,
  end: number,
): AsyncGenerator<{ readonly at: number; readonly header: FrameHeader }, void> {
  const windows = new Windows(disk, path, end);
  let at = start;
  for (;;) {
    const bytes = await windows.from(at, FRAME_HEADER_BYTES);
    if (bytes.length < FRAME_HEADER_BYTES) return;
    const found = bytes.indexOf(FRAME_MAGIC);
    // The magic may straddle two windows.
    at += found < 0 ? bytes.length - (FRAME_MAGIC.length - 1) : found;
    if (found < 0) continue;
    const header = decodeFrameHeader(await windows.at(at, FRAME_HEADER_BYTES), 0, segmentId);
    if (header !== undefined) yield { at, header };
    at += 1;
  }
}
