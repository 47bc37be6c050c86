import { describe, expect, it } from 'vitest';
import { planExpiry } from '../../../src/iceberg/expiry.ts';
import type { Snapshot, SnapshotRef, TableMetadata } from '../../../src/iceberg/metadata.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { applyUpdates } from '../../../src/iceberg/updates.ts';
import { EVENTS } from '../../support/iceberg/samples.ts';

const BASE = newTableMetadata(EVENTS, 's3://b/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', 0);
const POLICY = { maxAgeMs: 100, minToKeep: 1 };

const snapshot = (id: number, parent?: number, summary: Readonly<Record<string, string>> = {}): Snapshot => ({
  snapshotId: BigInt(id),
  ...(parent === undefined ? {} : { parentId: BigInt(parent) }),
  sequenceNumber: BigInt(id),
  timestampMs: id * 10,
  manifestList: `s3://b/t/${id}`,
  summary: { operation: 'append', ...summary },
  schemaId: 0,
  rest: {},
});
const ref = (id: number, type: 'branch' | 'tag' = 'branch', rest: SnapshotRef['rest'] = {}): SnapshotRef => ({
  snapshotId: BigInt(id),
  type,
  rest,
});

/** Snapshots 1 to 9, each the parent of the next, made every 10 ms; main is at 9. */
function history(change: Partial<TableMetadata> = {}, marked: readonly number[] = []): TableMetadata {
  const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  return {
    ...BASE,
    lastSequenceNumber: 9n,
    lastUpdatedMs: 90,
    currentSnapshotId: 9n,
    snapshots: ids.map((id) =>
      snapshot(id, id === 1 ? undefined : id - 1, marked.includes(id) ? { 'sluice.pipeline': 'main' } : {}),
    ),
    snapshotLog: ids.map((id) => ({ timestampMs: id * 10, snapshotId: BigInt(id) })),
    refs: { main: ref(9) },
    ...change,
  };
}
const gone = (metadata: TableMetadata, now: number, policy = POLICY): readonly number[] =>
  planExpiry(metadata, policy, now).snapshots.map(Number);

describe('expiry', () => {
  it('goes by age, but keeps the head and the wanted number', () => {
    expect(gone(history(), 150)).toEqual([1, 2, 3, 4]);
    expect(gone(history(), 10_000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(gone(history(), 10_000, { maxAgeMs: 100, minToKeep: 4 })).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets the table say otherwise', () => {
    const properties = {
      'history.expire.max-snapshot-age-ms': '1000000',
      'history.expire.min-snapshots-to-keep': '3',
    };
    expect(gone(history({ properties }), 10_000)).toEqual([]);
    expect(gone(history({ properties: { 'history.expire.min-snapshots-to-keep': '3' } }), 10_000)).toHaveLength(6);
    expect(planExpiry(history({ properties: { 'gc.enabled': 'false' } }), POLICY, 10_000)).toEqual({
      snapshots: [],
      refs: [],
    });
  });

  it('keeps what tags and branches name, by their own retention', () => {
    const refs = {
      main: ref(9),
      tag: ref(2, 'tag'),
      branch: ref(6, 'branch', { 'min-snapshots-to-keep': 2 }),
    };
    expect(gone(history({ refs }), 10_000)).toEqual([1, 3, 4, 7, 8]);
  });

  it('lets refs go that are over, and with them what only they named; never main', () => {
    const refs = { main: ref(9, 'branch', { 'max-ref-age-ms': 1 }), old: ref(3, 'tag', { 'max-ref-age-ms': 1000 }) };
    expect(planExpiry(history({ refs }), POLICY, 10_000)).toEqual({
      snapshots: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n],
      refs: ['old'],
    });
  });

  it('keeps the newest snapshot that says something about a pipeline (checklist 15.5)', () => {
    expect(gone(history({}, [2, 5]), 10_000)).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });

  it('keeps it in the expiries that follow, when main no longer leads to it (seed 1 of the maintained world)', () => {
    const once = applyUpdates(
      history({}, [2, 5]),
      'old',
      [{ action: 'remove-snapshots', snapshotIds: planExpiry(history({}, [2, 5]), POLICY, 10_000).snapshots }],
      10_000,
    );
    expect(once.snapshots.map(({ snapshotId }) => Number(snapshotId))).toEqual([5, 9]);
    expect(gone(once, 1_000_000)).toEqual([]);
  });

  it('keeps snapshots that no ref names only while they are young', () => {
    const snapshots = [...history().snapshots, { ...snapshot(20, 3), sequenceNumber: 9n, timestampMs: 80 }];
    expect(gone(history({ snapshots }), 150)).not.toContain(20);
    expect(gone(history({ snapshots }), 10_000)).toContain(20);
  });

  it('keeps young ancestors of a tag that no branch leads to, as any others (seed 207 of the maintained world)', () => {
    const off = [20, 21].map((id, at) => ({
      ...snapshot(id, at === 0 ? 3 : 20),
      sequenceNumber: 9n,
      timestampMs: 80 + at,
    }));
    const refs = { main: ref(9), tag: ref(21, 'tag') };
    const tagged = history({ snapshots: [...history().snapshots, ...off], refs });
    expect(gone(tagged, 150)).toEqual([1, 2, 3, 4]);
    expect(gone(tagged, 10_000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 20]);
  });

  it('takes log entries up to the last expired snapshot along, and statistics of the expired (checklist 1.9, 15.3)', () => {
    const rest = {
      statistics: [
        { 'snapshot-id': 2, 'statistics-path': 's3://b/two' },
        { 'snapshot-id': 9, 'statistics-path': 's3://b/nine' },
      ],
    };
    const after = applyUpdates(
      history({ rest }),
      'old',
      [{ action: 'remove-snapshots', snapshotIds: [1n, 2n, 3n, 5n] }],
      200,
    );
    expect(after.snapshots.map(({ snapshotId }) => Number(snapshotId))).toEqual([4, 6, 7, 8, 9]);
    expect(after.snapshotLog.map(({ snapshotId }) => Number(snapshotId))).toEqual([6, 7, 8, 9]);
    expect(after.rest['statistics']).toEqual([{ 'snapshot-id': 9, 'statistics-path': 's3://b/nine' }]);
    const head = [{ action: 'remove-snapshots', snapshotIds: [9n] } as const];
    expect(() => applyUpdates(history(), 'old', head, 200)).toThrow(/ref main names it/);
  });
});
