import { describe, expect, it } from 'vitest';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { snapshotId, type SnapshotId } from '../../../src/core/ids.ts';
import { progressTo, PIPELINE } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

export function describeRollingBack(use: () => FormatSubject): void {
  describe('rolling back', () => {
    /** Two commits; `to` is the first. */
    async function ready(): Promise<{ readonly table: TableInUse; readonly view: TableView; readonly to: SnapshotId }> {
      const table = await TableInUse.make(use());
      const { snapshot } = await table.commit(['a'], progressTo({ l: 10 }));
      if (snapshot === undefined) throw new Error('the commit has no snapshot');
      return { table, view: await table.commit(['b'], progressTo({ l: 20 })), to: snapshot };
    }

    it('takes files away, leaves progress, and the next commit stands on the ancestor', async () => {
      const { maintenance, format } = use().ours;
      const { table, view, to } = await ready();
      const after = viewOf(await maintenance.rollBack(view, to));
      expect(after.snapshot).toBe(to);
      expect(format.progress(after, PIPELINE)).toEqual(format.progress(view, PIPELINE));
      expect(await table.files()).toEqual(['a']);
      const next = await table.commit(['c'], progressTo({ l: 30 }));
      expect(next.sequenceNumber).toBeGreaterThan(view.sequenceNumber);
      expect(await table.files()).toEqual(['a', 'c']);
    });

    it('loses against whoever moved the table', async () => {
      const { table, view, to } = await ready();
      await table.commit(['c'], progressTo({ l: 30 }), use().theirs);
      expect((await use().ours.maintenance.rollBack(view, to)).kind).toBe('conflict');
      expect(await table.files()).toEqual(['a', 'b', 'c']);
    });

    it('goes to no snapshot that is not an ancestor', async () => {
      const { table, view } = await ready();
      expect((await use().ours.maintenance.rollBack(view, snapshotId(7n))).kind).toBe('conflict');
      expect(await table.files()).toEqual(['a', 'b']);
    });
  });
}
