import { describe, expect, it } from 'vitest';
import type { TableDefinition } from '../../../src/contracts/tables.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { currentSchema, defaultSortOrder, defaultSpec } from '../../../src/iceberg/metadata.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { openIceberg } from '../../../src/iceberg/open-iceberg.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS } from '../../support/iceberg/samples.ts';

const make = (change: Partial<TableDefinition> = {}) =>
  newTableMetadata({ ...EVENTS, ...change }, 's3://b/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', 1);

describe('a new table', () => {
  it('has what version 2 requires and Java sets (checklist 1.1–1.5)', () => {
    expect(make()).toMatchObject({
      formatVersion: 2,
      lastSequenceNumber: 0n,
      lastColumnId: 3,
      lastPartitionId: 1000,
      defaultSpecId: 0,
      defaultSortOrderId: 0,
      sortOrders: [{ 'order-id': 0, fields: [] }],
      properties: { 'write.parquet.compression-codec': 'zstd' },
    });
    expect(make({ partition: [] })).toMatchObject({
      lastPartitionId: 999,
      partitionSpecs: [{ 'spec-id': 0, fields: [] }],
    });
  });

  it('gets fresh ids, and everything that named the old ones follows', () => {
    const metadata = make({
      fields: [
        {
          id: 70,
          name: 'a',
          type: { kind: 'list', elementId: 0, element: { kind: 'int' }, elementRequired: false },
          required: false,
        },
        {
          id: 50,
          name: 'b',
          type: { kind: 'struct', fields: [{ id: 60, name: 'c', type: { kind: 'long' }, required: true }] },
          required: true,
        },
      ],
      identifierFieldIds: [60],
      partition: [{ sourceId: 60, name: 'c_bucket', transform: { kind: 'bucket', buckets: 4 } }],
      sortOrder: {
        orderId: 9,
        fields: [{ sourceId: 60, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' }],
      },
    });
    expect(currentSchema(metadata).identifierFieldIds).toEqual([4]);
    expect(defaultSpec(metadata).fields).toEqual([
      { sourceId: 4, fieldId: 1000, name: 'c_bucket', transform: { kind: 'bucket', buckets: 4 } },
    ]);
    expect(defaultSortOrder(metadata)).toMatchObject({ orderId: 1, fields: [{ sourceId: 4 }] });
    expect(metadata.lastColumnId).toBe(4);
  });

  it('takes properties over its defaults, and format-version 2 only', () => {
    const properties = new Map([
      ['format-version', '2'],
      ['write.parquet.compression-codec', 'snappy'],
      ['x', 'y'],
    ]);
    expect(make({ properties }).properties).toEqual({ 'write.parquet.compression-codec': 'snappy', x: 'y' });
    expect(() => make({ properties: new Map([['format-version', '3']]) })).toThrow(
      expect.objectContaining({ kind: 'unsupported' }) as Error,
    );
  });

  const field = (sourceId: number, name: string, transform: TableDefinition['partition'][number]['transform']) => ({
    sourceId,
    name,
    transform,
  });
  it.each<readonly [string, Partial<TableDefinition>, RegExp]>([
    ['an invalid schema', { fields: [] }, /at least one column/],
    ['an absent partition source', { partition: [field(9, 'p', { kind: 'identity' })] }, /field id 9/],
    [
      'a transform that does not fit (3.3)',
      { partition: [field(3, 'p', { kind: 'day' })] },
      /day does not take string/,
    ],
    [
      'a partition by a fixed, which Java and Spark cannot read',
      {
        fields: [{ id: 1, name: 'f', type: { kind: 'fixed', length: 5 }, required: true }],
        partition: [field(1, 'f', { kind: 'identity' })],
      },
      /fixed\[5\], which Iceberg Java and Spark cannot read/,
    ],
    [
      'two partition fields of one name',
      { partition: [field(1, 'p', { kind: 'identity' }), field(3, 'p', { kind: 'identity' })] },
      /differ/,
    ],
    [
      'a partition field twice',
      { partition: [field(1, 'p', { kind: 'identity' }), field(1, 'q', { kind: 'identity' })] },
      /repeats/,
    ],
    ["another column's name", { partition: [field(3, 'id', { kind: 'truncate', width: 2 })] }, /name of a column/],
    ['an absent identifier', { identifierFieldIds: [8] }, /identifier names field id 8/],
    ['a reserved property', { properties: new Map([['current-snapshot-id', '1']]) }, /reserved/],
    ['progress among the properties', { properties: new Map([['sluice.progress.x', '{}']]) }, /reserved/],
    [
      'a partition source inside a list (3.2)',
      {
        fields: [
          {
            id: 1,
            name: 'l',
            type: { kind: 'list', elementId: 2, element: { kind: 'int' }, elementRequired: false },
            required: false,
          },
        ],
        partition: [field(2, 'p', { kind: 'identity' })],
      },
      /outside lists/,
    ],
  ])('is refused with %s', (_name, change, problem) => {
    expect(() => make(change)).toThrow(problem);
  });

  it('may partition by a column under its own name, but only unchanged', () => {
    expect(() => make({ partition: [field(1, 'id', { kind: 'identity' })] })).not.toThrow();
    expect(() => make({ partition: [field(1, 'id', { kind: 'bucket', buckets: 3 })] })).toThrow(/name of a column/);
  });
});

describe('the place of a new table', () => {
  const open = () => {
    const store = new MemoryStore(systemRuntime.clock);
    const pointers = new MemoryPointers();
    return {
      store,
      pointers,
      ...openIceberg(pointers, oneStore('s3://lake', store), 's3://lake/warehouse/', systemRuntime),
    };
  };
  it('is below the warehouse, by namespace and name', async () => {
    const { tables } = open();
    const { view } = await tables.create({ ...EVENTS, name: { namespace: ['a', 'b'], name: 't' } });
    expect(view.location).toBe('s3://lake/warehouse/a/b/t');
    expect(view.metadataLocation).toMatch(
      /^s3:\/\/lake\/warehouse\/a\/b\/t\/metadata\/00000-[0-9a-f-]{36}\.metadata\.json$/,
    );
  });
  it('gets the uuid behind it when something lies there', async () => {
    const { tables, pointers } = open();
    const first = await tables.create(EVENTS);
    await pointers.drop(EVENTS.name);
    const second = await tables.create(EVENTS);
    expect(second.view.location).toBe(`${first.view.location}-${second.view.uuid}`);
    expect(second.view.uuid).not.toBe(first.view.uuid);
  });
  it('is what the definition says, without trailing slash (1.4), and metadata where a property says', async () => {
    const { tables } = open();
    const properties = new Map([['write.metadata.path', 's3://lake/elsewhere/']]);
    const { view } = await tables.create({ ...EVENTS, location: 's3://lake/x/', properties });
    expect(view.location).toBe('s3://lake/x');
    expect(view.metadataLocation).toMatch(/^s3:\/\/lake\/elsewhere\/00000-/);
  });
  it('refuses a name that belongs to a view', async () => {
    const { tables, pointers } = open();
    pointers.locate = async () => undefined;
    pointers.create = async () => 'exists';
    await expect(tables.create(EVENTS)).rejects.toMatchObject({ kind: 'invalid-input' });
  });
});
