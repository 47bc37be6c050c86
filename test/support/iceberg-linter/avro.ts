/** Avro files through avsc's own reader: nothing of the writer under test. Longs are bigint. */
import { inflateRawSync } from 'node:zlib';
import avsc from 'avsc';

export type Rows = readonly Readonly<Record<string, unknown>>[];

export interface AvroContent {
  /** Header values by key, as text; with `avro.schema` and `avro.codec`. */
  readonly header: ReadonlyMap<string, string>;
  readonly records: Rows;
}

const LONG = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: () => {
    throw new Error('the linter writes nothing');
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a > b) - Number(a < b),
});

const typeOf = (schema: unknown): avsc.Type =>
  avsc.Type.forSchema(schema as never, {
    typeHook: (node: unknown) =>
      node === 'long' || (node as { readonly type?: unknown } | null)?.type === 'long' ? LONG : undefined,
  });

const SYNC = 16;
const NUMBER = avsc.Type.forSchema('long');
const HEADER = avsc.Type.forSchema({
  type: 'record',
  name: 'header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'sync', size: SYNC } },
  ],
});
/** Making a type takes longer than reading a small file. */
const TYPES = new Map<string, avsc.Type>();

/** The records of a whole file of codec `null` or `deflate`, without a wait: for worlds whose time is not the machine's. */
export function readAvroNow(bytes: Uint8Array): Rows {
  const buffer = Buffer.from(bytes);
  const header: unknown = HEADER.decode(buffer, 0);
  const { value, offset } = header as { value: { meta: Readonly<Record<string, Buffer>> }; offset: number };
  const schema = String(value.meta['avro.schema']);
  const type = TYPES.get(schema) ?? typeOf(JSON.parse(schema));
  TYPES.set(schema, type);
  const records: Record<string, unknown>[] = [];
  for (let at = offset; at < buffer.length;) {
    const size = NUMBER.decode(buffer, NUMBER.decode(buffer, at).offset);
    const end = size.offset + Number(size.value);
    const stored = buffer.subarray(size.offset, end);
    const block = String(value.meta['avro.codec']) === 'deflate' ? inflateRawSync(stored) : stored;
    for (let from = 0; from < block.length;) {
      const record = type.decode(block, from);
      records.push(record.value as Record<string, unknown>);
      from = record.offset;
    }
    at = end + SYNC;
  }
  return records;
}

/** Rejects when the bytes are no whole Avro file. */
export function readAvro(bytes: Uint8Array): Promise<AvroContent> {
  return new Promise((resolve, reject) => {
    const header = new Map<string, string>();
    const records: Record<string, unknown>[] = [];
    const decoder = new avsc.streams.BlockDecoder({
      parseHook: typeOf,
    });
    decoder.on('metadata', (_type: unknown, _codec: string, frame: { readonly meta: Record<string, Buffer> }) => {
      for (const [key, value] of Object.entries(frame.meta)) header.set(key, value.toString());
    });
    decoder.on('data', (record: Record<string, unknown>) => records.push(record));
    decoder.on('error', reject);
    decoder.on('end', () => resolve({ header, records }));
    decoder.end(Buffer.from(bytes));
  });
}
