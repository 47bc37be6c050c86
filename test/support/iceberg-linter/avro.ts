/** Avro files through avsc's own reader: nothing of the writer under test. Longs are bigint. */
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

/** Rejects when the bytes are no whole Avro file. */
export function readAvro(bytes: Uint8Array): Promise<AvroContent> {
  return new Promise((resolve, reject) => {
    const header = new Map<string, string>();
    const records: Record<string, unknown>[] = [];
    const decoder = new avsc.streams.BlockDecoder({
      parseHook: (schema: unknown) =>
        avsc.Type.forSchema(schema as never, {
          typeHook: (node: unknown) =>
            node === 'long' || (node as { readonly type?: unknown } | null)?.type === 'long' ? LONG : undefined,
        }),
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
