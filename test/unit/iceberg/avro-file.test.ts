import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/runtime.ts';
import { avroType, decodeRecords, encodeBlocks, readAvroFile, writeAvroFile } from '../../../src/iceberg/avro-file.ts';

const SCHEMA =
  '{"type":"record","name":"r","fields":[{"name":"n","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"default":null,"field-id":7},{"name":"t","type":"string","x":1}]}';

const write = (records: readonly unknown[], metadata = new Map([['key', 'wört']])): Uint8Array =>
  writeAvroFile(SCHEMA, metadata, encodeBlocks(avroType(SCHEMA), records), systemRandom);

const read = (bytes: Uint8Array): unknown[] => {
  const file = readAvroFile(bytes, 'test');
  return [...decodeRecords(file, avroType(file.header.schema), 'test')].map((record) => ({ ...(record as object) }));
};

it('keeps the schema byte for byte, with every attribute (checklist 7.3)', () => {
  const file = readAvroFile(write([]), 'test');
  expect(file.header.schema).toBe(SCHEMA);
  expect(file.header.metadata).toEqual(new Map([['key', 'wört']]));
  expect(file.header.codec).toBe('deflate');
});

it('carries every 64-bit integer, also behind logical types (checklist 0.1)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ n: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), t: fc.string() })),
      (records) => {
        expect(read(write(records))).toEqual(records);
      },
    ),
    { numRuns: 50 },
  );
});

it('cuts many records into blocks', () => {
  const records = Array.from({ length: 5000 }, (_, at) => ({ n: BigInt(at), t: 'x'.repeat(40) }));
  const file = readAvroFile(write(records), 'test');
  expect(file.blocks.length).toBeGreaterThan(2);
  expect(file.blocks.reduce((sum, block) => sum + block.count, 0)).toBe(5000);
  expect(read(write(records))).toEqual(records);
});

it('refuses a record that does not fit', () => {
  expect(() => write([{ n: 5, t: 'a number where a bigint belongs' }])).toThrow(/does not fit/);
});

it('tells damage: no magic, cut off, lost marker, unknown codec', () => {
  const whole = write([{ n: 1n, t: 'a' }]);
  const corrupt = expect.objectContaining({ kind: 'corrupt' }) as Error;
  expect(() => readAvroFile(Buffer.from('PAR1'), 'test')).toThrow(corrupt);
  for (const length of [10, 60, whole.length - 1])
    expect(() => readAvroFile(whole.subarray(0, length), 'test')).toThrow(corrupt);
  const broken = Uint8Array.from(whole);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  expect(() => readAvroFile(broken, 'test')).toThrow(/sync marker/);
  const snappy = Buffer.from(Buffer.from(whole).toString('latin1').replace('deflate', 'snappyy'), 'latin1');
  expect(() => readAvroFile(snappy, 'test')).toThrow(expect.objectContaining({ kind: 'unsupported' }) as Error);
});
