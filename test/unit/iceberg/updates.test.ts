import { describe, expect, it } from 'vitest';
import type { Snapshot, TableMetadata } from '../../../src/iceberg/metadata.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { applyUpdates, nextTimestamp, violated, type MetadataUpdate } from '../../../src/iceberg/updates.ts';
import { EVENTS } from '../../support/iceberg/samples.ts';

const NOW = 1_700_000_000_000;
const BASE = newTableMetadata(EVENTS, 's3://b/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', NOW);

const snapshot = (id: bigint, sequenceNumber: bigint, timestampMs: number): Snapshot => ({
  snapshotId: id,
  sequenceNumber,
  timestampMs,
  manifestList: `s3://b/t/${id}`,
  summary: { operation: 'append' },
  schemaId: 0,
  rest: {},
});

const toMain = (snapshotId: bigint): MetadataUpdate => ({
  action: 'set-snapshot-ref',
  refName: 'main',
  type: 'branch',
  snapshotId,
});

const append = (base: TableMetadata, id: bigint, now: number, file = `f${id}`): TableMetadata =>
  applyUpdates(
    base,
    file,
    [
      { action: 'add-snapshot', snapshot: snapshot(id, base.lastSequenceNumber + 1n, nextTimestamp(base, now)) },
      toMain(id),
    ],
    now,
  );

describe('updates', () => {
  it('add a snapshot, move main, and log both files and snapshots (checklist 1.6, 1.9)', () => {
    const one = append(BASE, 7n, NOW + 5);
    expect(one).toMatchObject({
      currentSnapshotId: 7n,
      lastSequenceNumber: 1n,
      lastUpdatedMs: NOW + 5,
      refs: { main: { snapshotId: 7n } },
      snapshotLog: [{ snapshotId: 7n, timestampMs: NOW + 5 }],
      metadataLog: [{ timestampMs: NOW, metadataFile: 'f7' }],
    });
    const two = append(one, 8n, NOW + 9);
    expect(two.snapshotLog.map((entry) => entry.snapshotId)).toEqual([7n, 8n]);
    expect(two.metadataLog).toEqual([
      { timestampMs: NOW, metadataFile: 'f7' },
      { timestampMs: NOW + 5, metadataFile: 'f8' },
    ]);
  });

  it('never go back in time, whatever the clock says (checklist 1.8, protocol §4)', () => {
    const one = append(BASE, 7n, NOW - 3_600_000);
    expect(one.lastUpdatedMs).toBe(NOW + 1);
    const two = append(one, 8n, NOW - 7_200_000);
    expect(two.snapshots.map((entry) => entry.timestampMs)).toEqual([NOW + 1, NOW + 2]);
    expect(two.snapshotLog.map((entry) => entry.timestampMs)).toEqual([NOW + 1, NOW + 2]);
  });

  it('keep as many old metadata files as the table says (checklist 1.9)', () => {
    let metadata = { ...BASE, properties: { 'write.metadata.previous-versions-max': '3' } };
    for (let id = 1n; id <= 6n; id += 1n) metadata = append(metadata, id, NOW) as typeof metadata;
    expect(metadata.metadataLog.map((entry) => entry.metadataFile)).toEqual(['f4', 'f5', 'f6']);
    let byDefault: TableMetadata = BASE;
    for (let id = 1n; id <= 103n; id += 1n) byDefault = append(byDefault, id, NOW);
    expect(byDefault.metadataLog).toHaveLength(100);
  });

  it('set and remove properties without touching others', () => {
    const next = applyUpdates(
      { ...BASE, properties: { a: '1', b: '2' } },
      'f',
      [
        { action: 'set-properties', updates: { b: '3', c: '4' } },
        { action: 'remove-properties', removals: ['a', 'absent'] },
      ],
      NOW,
    );
    expect(next.properties).toEqual({ b: '3', c: '4' });
  });

  it('move another branch without moving main', () => {
    const one = append(BASE, 7n, NOW);
    const next = applyUpdates(
      one,
      'f',
      [{ action: 'set-snapshot-ref', refName: 'audit', type: 'tag', snapshotId: 7n }],
      NOW,
    );
    expect(next.snapshotLog).toEqual(one.snapshotLog);
    expect(next.refs['audit']?.type).toBe('tag');
  });

  it('keep what a ref says beside its snapshot (checklist 10.1)', () => {
    const one = append(BASE, 7n, NOW);
    const kept = { ...one, refs: { main: { snapshotId: 7n, type: 'branch' as const, rest: { 'max-ref-age-ms': 5 } } } };
    expect(append(kept, 8n, NOW).refs['main']).toEqual({
      snapshotId: 8n,
      type: 'branch',
      rest: { 'max-ref-age-ms': 5 },
    });
  });

  it('refuse what the specification forbids', () => {
    const one = append(BASE, 7n, NOW);
    const internal = expect.objectContaining({ kind: 'internal' }) as Error;
    expect(() => append(one, 7n, NOW)).toThrow(internal);
    expect(() => applyUpdates(one, 'f', [toMain(9n)], NOW)).toThrow(internal);
    expect(() => applyUpdates(one, 'f', [{ action: 'add-snapshot', snapshot: snapshot(9n, 1n, NOW) }], NOW)).toThrow(
      internal,
    );
  });
});

it('requirements hold or name what is there instead (checklist 13.2, 13.3)', () => {
  const one = append(BASE, 7n, NOW);
  expect(violated(one, [{ type: 'assert-table-uuid', uuid: 'ACD521F2-320c-4f3b-bd14-3ed0bf76d258' }])).toBeUndefined();
  expect(violated(one, [{ type: 'assert-table-uuid', uuid: 'x' }])).toContain('acd521f2');
  expect(violated(one, [{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 7n }])).toBeUndefined();
  expect(violated(one, [{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null }])).toContain('main at 7');
  expect(violated(BASE, [{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null }])).toBeUndefined();
  expect(violated(one, [{ type: 'assert-current-schema-id', currentSchemaId: 1 }])).toContain('schema 0');
});
