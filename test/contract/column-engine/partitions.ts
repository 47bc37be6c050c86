/** Every file holds rows of one partition tuple, which is what `record/transforms.ts` says of each of its rows. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SortField, Transform } from '../../../src/record/partition-spec.ts';
import { transformName } from '../../../src/record/partition-spec.ts';
import { compareSingle } from '../../../src/record/single-value.ts';
import { applyTransform, isApplicable } from '../../../src/record/transforms.ts';
import type { PrimitiveType } from '../../../src/record/types.ts';
import { primitiveName } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import { readRows } from './parquet-reader.ts';
import { primitiveTypes, printed, samples } from './samples.ts';
import type { SubjectInUse, Values } from './subject.ts';
import { columnsOf, layoutOf, lineOf } from './subject.ts';

const transforms: readonly Transform[] = [
  { kind: 'identity' },
  { kind: 'year' },
  { kind: 'month' },
  { kind: 'day' },
  { kind: 'hour' },
  { kind: 'bucket', buckets: 1 },
  { kind: 'bucket', buckets: 16 },
  { kind: 'truncate', width: 1 },
  { kind: 'truncate', width: 10 },
  { kind: 'truncate', width: 2_147_483_647 },
  { kind: 'void' },
];

export function describePartitions(use: SubjectInUse): void {
  describe('partitions', () => {
    it.each(primitiveTypes.map((type) => [primitiveName(type), type] as const))(
      'agree with the transforms of single values: %s',
      async (_, type) => {
        for (const transform of transforms.filter((one) => isApplicable(one, type))) {
          const values = [...samples(type), ...fc.sample(valueOf(type), { numRuns: 30, seed: 7 }), null];
          await expectPartitions(use, type, transform, values);
        }
      },
    );

    it('of several fields come as one tuple in spec order, void ones as null', async () => {
      const fields = columnsOf([{ kind: 'int' }, { kind: 'string' }, { kind: 'timestamp' }]);
      const layout = layoutOf(use.subject, fields, {
        partition: [
          { sourceId: 2, fieldId: 1000, name: 'a', transform: { kind: 'identity' } },
          { sourceId: 1, fieldId: 1001, name: 'b', transform: { kind: 'void' } },
          { sourceId: 3, fieldId: 1002, name: 'c', transform: { kind: 'day' } },
        ],
      });
      const rows: readonly Values[] = [
        [1, 'x', 0n],
        [2, 'x', 1n],
        [3, 'y', -1n],
        [4, null, null],
      ];
      const files = await use.write(
        layout,
        rows.map((row) => lineOf(fields, row)),
      );
      expect(
        files
          .map((file) => ({ tuple: file.partition, rows: file.recordCount, spec: file.specId }))
          .toSorted((a, b) => (String(a.tuple) < String(b.tuple) ? -1 : 1)),
      ).toEqual([
        { tuple: [null, null, null], rows: 1n, spec: 3 },
        { tuple: ['x', null, 0], rows: 2n, spec: 3 },
        { tuple: ['y', null, -1], rows: 1n, spec: 3 },
      ]);
    });

    it('of void fields only do not split anything', async () => {
      const fields = columnsOf([{ kind: 'int' }]);
      const layout = layoutOf(use.subject, fields, {
        partition: [{ sourceId: 1, fieldId: 1000, name: 'v', transform: { kind: 'void' } }],
      });
      const files = await use.write(
        layout,
        [1, 2, 3].map((value) => lineOf(fields, [value])),
      );
      expect(files.map((file) => file.partition)).toEqual([[null]]);
    });
  });

  describe('sort orders', () => {
    const orders: readonly (readonly SortField[])[] = [
      [{ sourceId: 1, transform: { kind: 'identity' }, direction: 'desc', nullOrder: 'nulls-last' }],
      [
        { sourceId: 2, transform: { kind: 'truncate', width: 1 }, direction: 'asc', nullOrder: 'nulls-first' },
        { sourceId: 1, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-last' },
      ],
      [{ sourceId: 3, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
    ];

    it.each([[false], [true]])('are kept in every file and said of it (partitioned: %s)', async (partitioned) => {
      const types: readonly PrimitiveType[] = [{ kind: 'int' }, { kind: 'string' }, { kind: 'double' }];
      const fields = columnsOf(types);
      const row = fc.tuple(
        fc.option(fc.integer({ min: -50, max: 50 })),
        fc.option(fc.string({ maxLength: 3 })),
        fc.option(fc.constantFrom(0, -0, 1, NaN, Infinity, -Infinity)),
      );
      const rows = fc.sample(row, { numRuns: 500, seed: 11 });
      for (const sort of orders) {
        const layout = layoutOf(use.subject, fields, {
          sort,
          ...(partitioned
            ? { partition: [{ sourceId: 1, fieldId: 1000, name: 'p', transform: { kind: 'bucket', buckets: 3 } }] }
            : {}),
        });
        const files = await use.write(
          layout,
          rows.map((values) => lineOf(fields, values)),
        );
        expect(files.reduce((total, file) => total + Number(file.recordCount), 0)).toBe(rows.length);
        for (const file of files) {
          expect(file.sortOrderId).toBe(7);
          const read = await readRows(file.localPath, layout.schema);
          const keys = read.map((values) =>
            sort.map(({ sourceId, transform }) => {
              const field = fields[sourceId - 1];
              return applyTransform(transform, field?.type as PrimitiveType, values[field?.name ?? ''] ?? null);
            }),
          );
          for (let at = 1; at < keys.length; at += 1)
            expect(compareKeys(sort, keys[at - 1] ?? [], keys[at] ?? []), `row ${at}`).toBeLessThanOrEqual(0);
        }
      }
    });
  });
}

async function expectPartitions(
  use: SubjectInUse,
  type: PrimitiveType,
  transform: Transform,
  values: Values,
): Promise<void> {
  const fields = columnsOf([type]);
  const layout = layoutOf(use.subject, fields, { partition: [{ sourceId: 1, fieldId: 1000, name: 'p', transform }] });
  const files = await use.write(
    layout,
    values.map((value) => lineOf(fields, [value])),
  );
  const label = `${transformName(transform)} of ${primitiveName(type)}`;
  const seen: string[] = [];
  for (const file of files) {
    const tuple = printed(file.partition[0] ?? null);
    for (const row of await readRows(file.localPath, layout.schema)) {
      const value = row[primitiveName(type)] ?? null;
      seen.push(printed(value));
      expect(tuple, `${label}, value ${printed(value)}`).toBe(printed(applyTransform(transform, type, value)));
    }
  }
  expect(seen.toSorted(), label).toEqual(values.map(printed).toSorted());
}

/** Any value of the type, within what the service accepts. */
function valueOf(type: PrimitiveType): fc.Arbitrary<PrimitiveValue> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'float':
      return fc.float();
    case 'double':
      return fc.double();
    case 'decimal': {
      const most = 10n ** BigInt(type.precision) - 1n;
      return fc.bigInt({ min: -most, max: most });
    }
    case 'date':
      return fc.integer({ min: -719_162, max: 2_932_896 });
    case 'time':
      return fc.bigInt({ min: 0n, max: 86_399_999_999n });
    case 'timestamp':
    case 'timestamptz':
      return fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 40 });
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 });
    case 'fixed':
      return fc.uint8Array({ minLength: type.length, maxLength: type.length });
    case 'binary':
      return fc.uint8Array({ maxLength: 40 });
  }
}

function compareKeys(sort: readonly SortField[], a: Values, b: Values): number {
  for (const [index, { direction, nullOrder }] of sort.entries()) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    if (left === null || right === null) {
      if (left === right) continue;
      return (left === null) === (nullOrder === 'nulls-first') ? -1 : 1;
    }
    const order = compareWithNan(left, right);
    if (order !== 0) return direction === 'asc' ? order : -order;
  }
  return 0;
}

function compareWithNan(a: PrimitiveValue, b: PrimitiveValue): number {
  const [first, second] = [Number.isNaN(a), Number.isNaN(b)];
  return first || second ? Number(first) - Number(second) : compareSingle(a, b);
}
