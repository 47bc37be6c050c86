/** The bytes of frames and headers: what was written is read, and nothing else is. */
import { crc32c } from '@node-rs/crc32';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/contracts/log.ts';
import { laneId, offset, tableUuid } from '../../../src/core/ids.ts';
import {
  decodeEntries,
  decodeRefusals,
  encodeEntries,
  encodeRefusals,
  entriesBytes,
} from '../../../src/lane/entry-codec.ts';
import { FRAME_HEADER_BYTES, decodeFrameHeader, encodeFrameHeader, frameBody } from '../../../src/lane/frame-codec.ts';
import { decodeSegmentHeader, encodeSegmentHeader, segmentName, sequenceOf } from '../../../src/lane/segment-header.ts';

const LANE = laneId('00112233445566778899aabbccddeeff');
const ID = 'ffeeddccbbaa99887766554433221100';

const uuid = fc.uuid().map(tableUuid);
const refusal = fc.record({
  table: uuid,
  lane: fc.constant(LANE),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(offset),
  cause: fc.string({ unit: 'grapheme', maxLength: 50 }),
});

const entry: fc.Arbitrary<Entry> = fc
  .record({
    table: uuid,
    schemaId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    count: fc.integer({ min: 1, max: 0xffff_ffff }),
    baseOffset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(offset),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    ignore: fc.boolean(),
    decides: fc.option(fc.array(refusal, { maxLength: 3 }), { nil: undefined }),
    producer: fc.option(
      fc.oneof(
        fc.record({
          kind: fc.constant('channel' as const),
          name: fc.string({ unit: 'grapheme', maxLength: 30 }),
          epoch: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          offset: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          records: fc.integer({ min: 1, max: 0xffff_ffff }),
        }),
        fc.record({
          kind: fc.constant('idempotency-key' as const),
          name: fc.string({ unit: 'grapheme', maxLength: 30 }),
          fingerprint: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
          records: fc.integer({ min: 1, max: 0xffff_ffff }),
        }),
      ),
      { nil: undefined },
    ),
  })
  .map(({ ignore, producer, decides, ...rest }) => ({
    ...rest,
    lane: LANE,
    ...(ignore ? { ignoreUnknownFields: true } : {}),
    ...(producer === undefined ? {} : { producer }),
    ...(decides === undefined ? {} : { decides }),
  }));

describe('bodies', () => {
  it('CRC-32C is the Castagnoli polynomial (RFC 3720 B.4 vectors), also in pieces', () => {
    expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
    expect(crc32c(Buffer.alloc(32, 0xff)).toString(16)).toBe('62a8ab43');
    const body = frameBody('entries', [Buffer.alloc(10), new Uint8Array(), Buffer.alloc(22)]);
    expect([body.crc.toString(16), body.length]).toEqual(['8a9136aa', 32]);
  });

  it('entries come back as they went', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries) => {
        const body = Buffer.concat(encodeEntries(entries));
        expect(body).toHaveLength(entriesBytes(entries));
        expect(decodeEntries(body, LANE, 'f')).toEqual(entries);
      }),
      { numRuns: 300 },
    );
  });

  it('refusals come back as they went', () => {
    fc.assert(
      fc.property(fc.array(refusal, { maxLength: 5 }), (refusals) => {
        expect(decodeRefusals(Buffer.concat(encodeRefusals(refusals)), 'f')).toEqual(refusals);
      }),
    );
  });

  it('any bytes at all are entries or corrupt, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          decodeEntries(Buffer.from(bytes), LANE, 'f');
        } catch (error) {
          expect(error).toMatchObject({ kind: 'corrupt', context: { file: 'f' } });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('headers', () => {
  const frame = (): Buffer => {
    const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
    const body = frameBody('refusals', [Buffer.from('hello')]);
    encodeFrameHeader(bytes, 0, body, Buffer.from(ID, 'hex'), { sequence: 7, byte: 2 ** 40 }, 1_700_000_000_123);
    return bytes;
  };

  it('a frame header says kind, length, checksum and what was synced', () => {
    expect(decodeFrameHeader(frame(), 0, ID)).toEqual({
      kind: 'refusals',
      bodyLength: 5,
      bodyCrc: crc32c('hello'),
      synced: { sequence: 7, byte: 2 ** 40 },
      writtenAt: 1_700_000_000_123,
    });
  });

  it('one of another segment, or with any byte changed, is none', () => {
    expect(decodeFrameHeader(frame(), 0, '0'.repeat(32))).toBeUndefined();
    for (let at = 0; at < FRAME_HEADER_BYTES; at++) {
      const bytes = frame();
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(decodeFrameHeader(bytes, 0, undefined)).toBeUndefined();
    }
  });

  it('a segment header comes back as it went, and not with any byte changed', () => {
    const header = {
      id: ID,
      lane: LANE,
      sequence: 12,
      baseOffset: offset(2n ** 62n),
      predecessor: { sequence: 9, byte: 4_711 },
      createdAt: 1_700_000_000_000,
    };
    expect(decodeSegmentHeader(encodeSegmentHeader(header), 'f')).toEqual(header);
    const { predecessor: _, ...first } = header;
    expect(decodeSegmentHeader(encodeSegmentHeader(first), 'f')).toEqual(first);
    const bytes = encodeSegmentHeader(header);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(decodeSegmentHeader(damaged, 'f')).toBeUndefined();
    }
  });

  it('a segment of a later version is refused, not taken for damage', () => {
    const bytes = encodeSegmentHeader({ id: ID, lane: LANE, sequence: 1, baseOffset: offset(0), createdAt: 0 });
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32c(bytes.subarray(0, 92)), 92);
    expect(() => decodeSegmentHeader(bytes, 'f')).toThrow(expect.objectContaining({ kind: 'unsupported' }));
  });

  it('file names sort as their sequence numbers', () => {
    expect(sequenceOf(segmentName(42))).toBe(42);
    expect(segmentName(9) < segmentName(10)).toBe(true);
    expect(sequenceOf('segment-1.log')).toBeUndefined();
  });
});
