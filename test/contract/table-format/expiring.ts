import { describe, expect, it } from 'vitest';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { collect, dataFile, nextToken, progressTo, PIPELINE } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

const NOW = Number.MAX_SAFE_INTEGER;
const STRICT = { maxAgeMs: 0, minToKeep: 1 };

export function describeExpiring(use: () => FormatSubject): void {
  describe('expiry', () => {
    async function history(
      files: readonly string[],
    ): Promise<{ readonly table: TableInUse; readonly view: TableView }> {
      const table = await TableInUse.make(use());
      for (const [at, file] of files.entries()) await table.commit([file], progressTo({ l: (at + 1) * 10 }));
      return { table, view: await table.load() };
    }

    it('plans nothing while snapshots are young', async () => {
      const { view } = await history(['a', 'b', 'c']);
      const young = { maxAgeMs: 3_600_000, minToKeep: 1 };
      expect(use().ours.maintenance.planExpiry(view, young, Date.now())).toEqual({ snapshots: [], refs: [] });
    });

    it('keeps the head and as many as the policy says, and moves neither rows nor progress', async () => {
      const { maintenance, format, tables } = use().ours;
      const { table, view } = await history(['a', 'b', 'c', 'd']);
      const plan = maintenance.planExpiry(view, { maxAgeMs: 0, minToKeep: 2 }, NOW);
      expect(plan.snapshots).toHaveLength(2);
      const after = viewOf(await maintenance.expire(view, plan));
      expect(tables.snapshots(after).map(({ snapshotId }) => snapshotId)).toEqual(
        tables
          .snapshots(view)
          .slice(2)
          .map(({ snapshotId }) => snapshotId),
      );
      expect(after.snapshot).toBe(view.snapshot);
      expect(format.progress(after, PIPELINE)).toEqual(format.progress(view, PIPELINE));
      expect(await table.files()).toEqual(['a', 'b', 'c', 'd']);
      await table.commit(['e'], progressTo({ l: 50 }));
      expect(await table.files()).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('loses against whoever moved the table', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await history(['a', 'b']);
      await table.commit(['c'], progressTo({ l: 30 }), use().theirs);
      expect((await maintenance.expire(view, maintenance.planExpiry(view, STRICT, NOW))).kind).toBe('conflict');
    });

    it('releases metadata only while nothing was taken away', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await history(['a', 'b', 'c']);
      const after = viewOf(await maintenance.expire(view, maintenance.planExpiry(view, STRICT, NOW)));
      const released = await collect(maintenance.released(view, after));
      expect(released.length).toBeGreaterThan(0);
      const reached = new Set(await collect(maintenance.reachable(after)));
      expect(released.filter((path) => reached.has(path))).toEqual([]);
      expect(released.filter((path) => path.endsWith('.parquet'))).toEqual([]);
      for (const file of ['a', 'b', 'c']) expect(reached).toContain(table.path(file));
    });

    it('releases files that were replaced, once no snapshot reaches them', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await history(['a', 'b']);
      const basedOn = maintenance.basis(view);
      if (basedOn === undefined) throw new Error('the table has no snapshot');
      const removed = await collect(maintenance.live(view));
      const added = [{ ...dataFile(table.path('ab')), recordCount: 20n }];
      const prepared = await maintenance.prepareReplace(
        view,
        { removed, removedDeletes: [], added, basedOn },
        nextToken(),
      );
      viewOf(await maintenance.attemptReplace(view, prepared));
      const before = await table.commit(['c'], progressTo({ l: 30 }));
      const reached = new Set(await collect(maintenance.reachable(before)));
      expect(reached).toContain(table.path('a'));
      const after = viewOf(await maintenance.expire(before, maintenance.planExpiry(before, STRICT, NOW)));
      const released = await collect(maintenance.released(before, after));
      expect(released.filter((path) => path.endsWith('.parquet')).sort()).toEqual([table.path('a'), table.path('b')]);
      expect(await table.files()).toEqual(['ab', 'c']);
    });
  });
}
