/** What is read prints as it was, whatever is in it. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ThriftStruct, ThriftValue } from '../../../../src/columnar/footer/thrift-compact.ts';
import {
  dropField,
  fieldOf,
  readThrift,
  setField,
  wire,
  writeThrift,
} from '../../../../src/columnar/footer/thrift-compact.ts';

type Typed = readonly [number, ThriftValue];

const leaf: fc.Arbitrary<Typed> = fc.oneof(
  fc.boolean().map((value): Typed => [value ? wire.true : wire.false, value]),
  fc.integer({ min: -128, max: 127 }).map((value): Typed => [wire.i8, value]),
  fc.integer({ min: -32_768, max: 32_767 }).map((value): Typed => [wire.i16, value]),
  fc.integer().map((value): Typed => [wire.i32, value]),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Typed => [wire.i64, value]),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value): Typed => [wire.double, value]),
  fc.uint8Array({ maxLength: 200 }).map((value): Typed => [wire.binary, value]),
);

const { struct } = fc.letrec<{ value: Typed; struct: ThriftStruct }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    tie('struct').map((value): Typed => [wire.struct, value]),
    fc
      .tuple(fc.constantFrom(wire.list, wire.set), fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 40 }))
      .map(([type, items]): Typed => [type, { elementType: wire.binary, items }]),
    fc.array(tie('struct'), { maxLength: 3 }).map((items): Typed => [wire.list, { elementType: wire.struct, items }]),
    fc.array(fc.boolean(), { maxLength: 20 }).map((items): Typed => [wire.list, { elementType: wire.true, items }]),
    fc
      .array(fc.tuple(fc.integer(), fc.uint8Array({ maxLength: 3 })), { maxLength: 3 })
      .map((entries): Typed => [
        wire.map,
        { keyType: entries.length === 0 ? 0 : wire.i32, valueType: entries.length === 0 ? 0 : wire.binary, entries },
      ]),
  ),
  struct: fc
    .uniqueArray(fc.tuple(fc.integer({ min: -40, max: 32_767 }), tie('value')), {
      selector: ([id]) => id,
      maxLength: 6,
    })
    .map((fields) => fields.map(([id, [type, value]]) => ({ id, type, value }))),
}));

it('prints and reads any tree, in any order of ids, without a change', () => {
  fc.assert(
    fc.property(struct, (tree) => {
      const bytes = writeThrift(tree);
      const read = readThrift(bytes);
      expect(read.length).toBe(bytes.length);
      expect(read.struct).toEqual(tree);
      expect(writeThrift(read.struct)).toEqual(bytes);
    }),
    { numRuns: 300, seed: 5 },
  );
});

it('reads what Thrift itself wrote: PageHeader of the published format, two nested structs', () => {
  // type DATA_PAGE, sizes 25 and 27, header with 6 values, PLAIN, RLE, RLE; hand-encoded from the protocol's specification.
  const bytes = Uint8Array.from([
    0x15, 0x00, 0x15, 0x32, 0x15, 0x36, 0x2c, 0x15, 0x0c, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00,
  ]);
  const { struct: header } = readThrift(bytes);
  expect([fieldOf(header, 1), fieldOf(header, 2), fieldOf(header, 3)]).toEqual([0, 25, 27]);
  expect((fieldOf(header, 5) as ThriftStruct).map((field) => field.value)).toEqual([6, 0, 3, 3]);
  expect(writeThrift(header)).toEqual(bytes);
});

it('puts a new field in the order of ids, and takes one out', () => {
  const tree: ThriftStruct = [
    { id: 1, type: wire.i32, value: 5 },
    { id: 20, type: wire.i64, value: 6n },
  ];
  setField(tree, 7, wire.binary, Uint8Array.of(1));
  setField(tree, 1, wire.i32, 9);
  expect(tree.map((field) => field.id)).toEqual([1, 7, 20]);
  dropField(tree, 20);
  expect(readThrift(writeThrift(tree)).struct).toEqual([
    { id: 1, type: wire.i32, value: 9 },
    { id: 7, type: wire.binary, value: Uint8Array.of(1) },
  ]);
});

it('refuses bytes that end too early or promise more than there is', () => {
  const bytes = writeThrift([{ id: 1, type: wire.binary, value: new Uint8Array(50) }]);
  for (let length = 0; length < bytes.length; length += 1)
    expect(() => readThrift(bytes.subarray(0, length))).toThrow(/thrift/);
  expect(() => readThrift(Uint8Array.of(0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f))).toThrow(/exceeds/);
});
