/**
 * Bodies of frames (little endian). Owns the layout of entries, of late refusals and of producers' notes; knows nothing of files or syncs.
 *
 *   entries:  count u32 · per entry: table uuid 16 · schema id i32 · records u32 · base offset u64 · flags u8 (1: ignore unknown
 *             fields, 2: producer, 4: decision, 8: burial) · content type u8 (1: NDJSON) · encoding u8 (0: identity) · zero u8 · payload length u32 ·
 *             [producer: kind u8, fingerprint length u8, name length u16, records u32, epoch i64, offset i64, name, fingerprint] ·
 *             [decision: length u32, refusals] · [burial: table uuid 16, lane id 16, from u64, next u64] · payload
 *   refusals: count u32 · per refusal: table uuid 16 · lane id 16 · offset u64 · cause length u32 · cause (UTF-8)
 *   notes:    count u32 · per note: table uuid 16 · order u64 · key length u16 · value length u32 · key (UTF-8) · value
 */
import type { Burial, Entry, EntryDraft, LateRefusal, ProducerNote, ProducerStamp } from '../contracts/log.ts';
import { SluiceError } from '../core/errors.ts';
import type { LaneId, TableUuid } from '../core/ids.ts';
import { laneId, offset, tableUuid } from '../core/ids.ts';

const ENTRY_BYTES = 40;
const PRODUCER_BYTES = 24;
const NOTE_BYTES = 30;
const REFUSAL_BYTES = 44;
const BURIAL_BYTES = 48;
const IGNORE_UNKNOWN_FIELDS = 1;
const HAS_PRODUCER = 2;
const DECIDES = 4;
const BURIES = 8;
const NDJSON = 1;
const PRODUCER_KINDS: readonly ProducerStamp['kind'][] = ['channel', 'idempotency-key'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws `invalid-input` for what can not be stored, before anything of it is. */
export function validateDraft(draft: EntryDraft): void {
  if (!UUID.test(draft.table)) refuse('table is not a lower-case uuid', draft.table);
  if (!Number.isInteger(draft.count) || draft.count < 1 || draft.count > 0xffff_ffff)
    refuse('an entry holds at least one record', draft.count);
  if (draft.producer === undefined) return;
  if (Buffer.byteLength(draft.producer.name) > 0xffff) refuse('producer name exceeds 65,535 bytes', draft.table);
  if (fingerprintOf(draft.producer).byteLength > 0xff) refuse('fingerprint exceeds 255 bytes', draft.table);
}

function refuse(message: string, got: string | number): never {
  throw new SluiceError('invalid-input', `log entry: ${message}`, { context: { got } });
}

/** Bytes of the body that `encodeEntries` makes of these. */
export function entriesBytes(entries: readonly EntryDraft[]): number {
  let bytes = 4;
  for (const entry of entries) bytes += headBytes(entry) + entry.payload.byteLength;
  return bytes;
}

/** A body as chunks: entry heads in one new buffer, payloads as they were given. */
export function encodeEntries(entries: readonly Entry[]): readonly Uint8Array[] {
  let allHeads = 4;
  for (const entry of entries) allHeads += headBytes(entry);
  const heads = Buffer.allocUnsafe(allHeads);
  heads.writeUInt32LE(entries.length, 0);
  const chunks: Uint8Array[] = [];
  let start = 0;
  let at = 4;
  for (const entry of entries) {
    at = writeEntryHead(heads, at, entry);
    chunks.push(heads.subarray(start, at), entry.payload);
    start = at;
  }
  return chunks;
}

const headBytes = ({ producer, decides, buries }: EntryDraft): number =>
  ENTRY_BYTES +
  producerBytes(producer) +
  (decides === undefined ? 0 : 4 + refusalsBytes(decides)) +
  (buries === undefined ? 0 : BURIAL_BYTES);

const producerBytes = (producer: ProducerStamp | undefined): number =>
  producer === undefined ? 0 : PRODUCER_BYTES + Buffer.byteLength(producer.name) + fingerprintOf(producer).byteLength;

const NO_BYTES = new Uint8Array();
const fingerprintOf = (producer: ProducerStamp): Uint8Array =>
  producer.kind === 'channel' ? NO_BYTES : producer.fingerprint;

function writeEntryHead(target: Buffer, at: number, entry: Entry): number {
  target.write(entry.table.replaceAll('-', ''), at, 'hex');
  target.writeInt32LE(entry.schemaId, at + 16);
  target.writeUInt32LE(entry.count, at + 20);
  target.writeBigUInt64LE(entry.baseOffset, at + 24);
  const ignore = entry.ignoreUnknownFields === true ? IGNORE_UNKNOWN_FIELDS : 0;
  const producer = entry.producer === undefined ? 0 : HAS_PRODUCER;
  const decides = entry.decides === undefined ? 0 : DECIDES;
  const buries = entry.buries === undefined ? 0 : BURIES;
  target.writeUInt8(ignore | producer | decides | buries, at + 32);
  target.writeUInt8(NDJSON, at + 33);
  target.writeUInt16LE(0, at + 34);
  target.writeUInt32LE(entry.payload.byteLength, at + 36);
  const decision =
    entry.producer === undefined ? at + ENTRY_BYTES : writeProducer(target, at + ENTRY_BYTES, entry.producer);
  const burial = entry.decides === undefined ? decision : writeDecision(target, decision, entry.decides);
  return entry.buries === undefined ? burial : writeBurial(target, burial, entry.buries);
}

function writeProducer(target: Buffer, at: number, producer: ProducerStamp): number {
  const fingerprint = fingerprintOf(producer);
  const { epoch, offset: place } = producer.kind === 'channel' ? producer : { epoch: 0n, offset: 0n };
  target.writeUInt8(PRODUCER_KINDS.indexOf(producer.kind), at);
  target.writeUInt8(fingerprint.byteLength, at + 1);
  target.writeUInt16LE(Buffer.byteLength(producer.name), at + 2);
  target.writeUInt32LE(producer.records, at + 4);
  target.writeBigInt64LE(epoch, at + 8);
  target.writeBigInt64LE(place, at + 16);
  const end = at + PRODUCER_BYTES + target.write(producer.name, at + PRODUCER_BYTES, 'utf8');
  target.set(fingerprint, end);
  return end + fingerprint.byteLength;
}

function writeDecision(target: Buffer, at: number, decides: readonly LateRefusal[]): number {
  let end = target.writeUInt32LE(refusalsBytes(decides), at);
  for (const chunk of encodeRefusals(decides)) {
    target.set(chunk, end);
    end += chunk.byteLength;
  }
  return end;
}

function writeBurial(target: Buffer, at: number, { table, lane, from, next }: Burial): number {
  target.write(table.replaceAll('-', ''), at, 'hex');
  target.write(lane, at + 16, 'hex');
  target.writeBigUInt64LE(from, at + 32);
  target.writeBigUInt64LE(next, at + 40);
  return at + BURIAL_BYTES;
}

const readBurial = (body: Buffer, at: number): Burial => ({
  table: readUuid(body, at),
  lane: laneId(body.toString('hex', at + 16, at + 32)),
  from: offset(body.readBigUInt64LE(at + 32)),
  next: offset(body.readBigUInt64LE(at + 40)),
});

/** Payloads are views into `body`. The body's CRC was checked; what contradicts the layout all the same is `corrupt`. */
export function decodeEntries(body: Buffer, lane: LaneId, file: string): readonly Entry[] {
  return decoding(file, () => {
    const entries: Entry[] = [];
    let at = 4;
    for (let left = body.readUInt32LE(0); left > 0; left--) {
      const flags = body.readUInt8(at + 32);
      if (body.readUInt8(at + 33) !== NDJSON || body.readUInt8(at + 34) !== 0) throw new RangeError('content type');
      const payloadBytes = body.readUInt32LE(at + 36);
      const producer = (flags & HAS_PRODUCER) === 0 ? undefined : readProducer(body, at + ENTRY_BYTES);
      const decision = at + ENTRY_BYTES + producerBytes(producer);
      const decided = (flags & DECIDES) === 0 ? 0 : 4 + body.readUInt32LE(decision);
      const burial = decision + decided;
      const start = burial + ((flags & BURIES) === 0 ? 0 : BURIAL_BYTES);
      if (start + payloadBytes > body.length) throw new RangeError('payload length');
      entries.push({
        table: readUuid(body, at),
        schemaId: body.readInt32LE(at + 16),
        count: body.readUInt32LE(at + 20),
        payload: body.subarray(start, start + payloadBytes),
        ...((flags & IGNORE_UNKNOWN_FIELDS) === 0 ? {} : { ignoreUnknownFields: true }),
        ...(producer === undefined ? {} : { producer }),
        ...(decided === 0 ? {} : { decides: decodeRefusals(body.subarray(decision + 4, burial), file) }),
        ...(start === burial ? {} : { buries: readBurial(body, burial) }),
        lane,
        baseOffset: offset(body.readBigUInt64LE(at + 24)),
      });
      at = start + payloadBytes;
    }
    return entries;
  });
}

function readProducer(body: Buffer, at: number): ProducerStamp {
  const kind = PRODUCER_KINDS[body.readUInt8(at)];
  if (kind === undefined) throw new RangeError('producer kind');
  const fingerprintBytes = body.readUInt8(at + 1);
  const nameEnd = at + PRODUCER_BYTES + body.readUInt16LE(at + 2);
  const name = body.toString('utf8', at + PRODUCER_BYTES, nameEnd);
  const records = body.readUInt32LE(at + 4);
  return kind === 'channel'
    ? { kind, name, epoch: body.readBigInt64LE(at + 8), offset: body.readBigInt64LE(at + 16), records }
    : { kind, name, fingerprint: body.subarray(nameEnd, nameEnd + fingerprintBytes), records };
}

function readUuid(body: Buffer, at: number): TableUuid {
  const digits = body.toString('hex', at, at + 16);
  return tableUuid(
    `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`,
  );
}

/** Bytes of the body that `encodeRefusals` makes of these. */
export const refusalsBytes = (refusals: readonly LateRefusal[]): number =>
  refusals.reduce((sum, { cause }) => sum + REFUSAL_BYTES + Buffer.byteLength(cause), 4);

export function encodeRefusals(refusals: readonly LateRefusal[]): readonly Uint8Array[] {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(refusals.length);
  return [
    count,
    ...refusals.map((refusal) => {
      const cause = Buffer.from(refusal.cause, 'utf8');
      const bytes = Buffer.alloc(REFUSAL_BYTES + cause.length);
      bytes.write(refusal.table.replaceAll('-', ''), 0, 'hex');
      bytes.write(refusal.lane, 16, 'hex');
      bytes.writeBigUInt64LE(refusal.offset, 32);
      bytes.writeUInt32LE(cause.length, 40);
      bytes.set(cause, 44);
      return bytes;
    }),
  ];
}

export function decodeRefusals(body: Buffer, file: string): readonly LateRefusal[] {
  return decoding(file, () => {
    const refusals: LateRefusal[] = [];
    let at = 4;
    for (let left = body.readUInt32LE(0); left > 0; left--) {
      const end = at + 44 + body.readUInt32LE(at + 40);
      if (end > body.length) throw new RangeError('cause length');
      refusals.push({
        table: readUuid(body, at),
        lane: laneId(body.toString('hex', at + 16, at + 32)),
        offset: offset(body.readBigUInt64LE(at + 32)),
        cause: body.toString('utf8', at + 44, end),
      });
      at = end;
    }
    return refusals;
  });
}

export function encodeNotes(notes: readonly ProducerNote[]): readonly Uint8Array[] {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(notes.length);
  return [
    count,
    ...notes.flatMap(({ table, key, order, value }) => {
      const name = Buffer.from(key, 'utf8');
      const head = Buffer.alloc(NOTE_BYTES);
      head.write(table.replaceAll('-', ''), 0, 'hex');
      head.writeBigUInt64LE(order, 16);
      head.writeUInt16LE(name.length, 24);
      head.writeUInt32LE(value.byteLength, 26);
      return [head, name, value];
    }),
  ];
}

export function decodeNotes(body: Buffer, file: string): readonly ProducerNote[] {
  return decoding(file, () => {
    const notes: ProducerNote[] = [];
    let at = 4;
    for (let left = body.readUInt32LE(0); left > 0; left--) {
      const keyEnd = at + NOTE_BYTES + body.readUInt16LE(at + 24);
      const end = keyEnd + body.readUInt32LE(at + 26);
      if (end > body.length) throw new RangeError('note length');
      notes.push({
        table: readUuid(body, at),
        order: body.readBigUInt64LE(at + 16),
        key: body.toString('utf8', at + NOTE_BYTES, keyEnd),
        value: body.subarray(keyEnd, end),
      });
      at = end;
    }
    return notes;
  });
}

function decoding<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SluiceError('corrupt', `a log frame has a valid checksum and an impossible body: ${error.message}`, {
      context: { file },
      remedy:
        'look at the file with `sluice log inspect`; it was written by another version, or by a defect of this one',
      cause: error,
    });
  }
}
