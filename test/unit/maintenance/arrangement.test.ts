/** What columns by name come to, and when rows count as sorted by the table's own order. */
import { describe, expect, it } from 'vitest';
import type { SortColumn } from '../../../src/contracts/maintenance-port.ts';
import { rowOrderOf } from '../../../src/maintenance/arrangement.ts';
import type { SortField } from '../../../src/record/partition-spec.ts';
import type { Field } from '../../../src/record/types.ts';

const LONG = { kind: 'long' } as const;
const optional = (id: number, name: string, type: Field['type']): Field => ({ id, name, type, required: false });
const fields: readonly Field[] = [
  optional(1, 'a', LONG),
  optional(2, 'at', { kind: 'struct', fields: [optional(3, 'day', { kind: 'date' })] }),
  optional(4, 'tags', { kind: 'list', elementId: 5, elementRequired: false, element: { kind: 'string' } }),
  ...Array.from({ length: 8 }, (_, index) => optional(10 + index, `c${index}`, LONG)),
];
const ascending = (sourceId: number): SortField => ({
  sourceId,
  transform: { kind: 'identity' },
  direction: 'asc',
  nullOrder: 'nulls-first',
});
const viewOf = (own: readonly SortField[]) => ({
  schema: { schemaId: 0, fields },
  sortOrder: { orderId: own.length > 0 ? 7 : 0, fields: own },
});
const by = (name: string, parts: Partial<SortColumn> = {}): SortColumn => ({
  name,
  direction: 'asc',
  nullOrder: 'nulls-first',
  ...parts,
});
const sorted = (own: readonly SortField[], ...columns: readonly SortColumn[]) =>
  rowOrderOf(viewOf(own), { strategy: 'sort', columns });

describe('a sort', () => {
  it('is by columns of the table, members of structs among them', () => {
    expect(sorted([], by('at.day', { direction: 'desc', nullOrder: 'nulls-last' }), by('a'))).toEqual({
      sortOrder: {
        orderId: 0,
        fields: [{ ...ascending(3), direction: 'desc', nullOrder: 'nulls-last' }, ascending(1)],
      },
    });
  });

  it('without columns is by the order of the table, which has to have one', () => {
    const day: SortField = { ...ascending(1), transform: { kind: 'bucket', buckets: 4 } };
    expect(sorted([day])).toEqual({ sortOrder: { orderId: 7, fields: [day] } });
    expect(() => sorted([])).toThrow('no sort order of its own');
  });

  it("has the table's own id exactly when its rows stand in the table's own order", () => {
    const idOf = (...columns: readonly SortColumn[]): number =>
      sorted([ascending(1), ascending(3)], ...columns).sortOrder.orderId;
    expect(idOf(by('a'), by('at.day'))).toBe(7);
    expect(idOf(by('a'), by('at.day'), by('c0'))).toBe(7);
    expect(idOf(by('a'))).toBe(0);
    expect(idOf(by('at.day'), by('a'))).toBe(0);
    expect(idOf(by('a'), by('at.day', { direction: 'desc' }))).toBe(0);
    expect(idOf(by('a'), by('at.day', { nullOrder: 'nulls-last' }))).toBe(0);
    const bucket: SortField = { ...ascending(1), transform: { kind: 'bucket', buckets: 4 } };
    expect(sorted([bucket], by('a')).sortOrder.orderId).toBe(0);
  });

  it('refuses what is no primitive column, or comes twice', () => {
    for (const name of ['b', 'at', 'tags', '']) expect(() => sorted([], by(name))).toThrow('is not a primitive column');
    expect(() => sorted([], by('a'), by('a', { direction: 'desc' }))).toThrow('named twice');
  });
});

describe('a Z-order', () => {
  const curve = (...columns: readonly string[]) => rowOrderOf(viewOf([ascending(1)]), { strategy: 'z-order', columns });

  it('is of two to eight columns, and of no sort order', () => {
    expect(curve('at.day', 'a')).toEqual({ sortOrder: { orderId: 0, fields: [] }, zOrder: [3, 1] });
    const eight = Array.from({ length: 8 }, (_, index) => `c${index}`);
    expect(curve(...eight).zOrder).toHaveLength(8);
    expect(() => curve(...eight, 'a')).toThrow('two to 8 columns');
    expect(() => curve('a')).toThrow('two to 8 columns');
    expect(() => curve('a', 'a')).toThrow('named twice');
    expect(() => curve('a', 'b')).toThrow('is not a primitive column');
  });
});
