import { describe, expect, it } from 'vitest';
import type { LiveDataFile, ReplaceChange } from '../../../src/contracts/maintenance.ts';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { collect, dataFile, nextToken, progressTo, PIPELINE } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

export function describeReplacing(use: () => FormatSubject): void {
  describe('replacements', () => {
    const live = async (view: TableView): Promise<readonly LiveDataFile[]> =>
      collect(use().ours.maintenance.live(view));

    /** Three files of ten rows become one of thirty. */
    async function change(table: TableInUse, view: TableView, into = 'abc'): Promise<ReplaceChange> {
      const basedOn = use().ours.maintenance.basis(view);
      if (basedOn === undefined) throw new Error('the table has no snapshot');
      const added = [{ ...dataFile(table.path(into)), recordCount: 30n }];
      return { removed: await live(view), removedDeletes: [], added, basedOn };
    }

    async function threeFiles(): Promise<{ readonly table: TableInUse; readonly view: TableView }> {
      const table = await TableInUse.make(use());
      await table.commit(['a'], progressTo({ l: 10 }));
      return { table, view: await table.commit(['b', 'c'], progressTo({ l: 30 })) };
    }

    it('put the added files in the place of the removed, and carry progress over', async () => {
      const { maintenance, format, tables } = use().ours;
      const { table, view } = await threeFiles();
      const token = nextToken();
      const prepared = await maintenance.prepareReplace(view, await change(table, view), token);
      const after = viewOf(await maintenance.attemptReplace(view, prepared));
      expect(await table.files()).toEqual(['abc']);
      expect(after.snapshot).toBe(token);
      expect(format.progress(after, PIPELINE)).toEqual(format.progress(view, PIPELINE));
      const last = tables.snapshots(after).at(-1);
      expect(last?.operation).toBe('replace');
      expect(last?.summary.get('total-records')).toBe('30');
      expect(last?.summary.get('total-data-files')).toBe('1');
      expect(last?.summary.get('deleted-data-files')).toBe('3');
    });

    it('give the added files the age of the snapshot that was read', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await threeFiles();
      const prepared = await maintenance.prepareReplace(view, await change(table, view), nextToken());
      const later = await table.commit(['d'], progressTo({ l: 40 }));
      const after = viewOf(await maintenance.attemptReplace(later, prepared));
      const abc = (await live(after)).find((file) => file.filePath === table.path('abc'));
      expect(abc?.sequenceNumber).toBe(view.sequenceNumber);
      expect(await table.files()).toEqual(['abc', 'd']);
    });

    it('go in beside appends that went on meanwhile, and appends go on behind them', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await threeFiles();
      const prepared = await maintenance.prepareReplace(view, await change(table, view), nextToken());
      const moved = await table.commit(['d'], progressTo({ l: 40 }), use().theirs);
      expect((await maintenance.attemptReplace(view, prepared)).kind).toBe('conflict');
      expect(await maintenance.replaceable(moved, prepared)).toEqual({ kind: 'yes' });
      viewOf(await maintenance.attemptReplace(moved, prepared));
      await table.commit(['e'], progressTo({ l: 50 }));
      expect(await table.files()).toEqual(['abc', 'd', 'e']);
    });

    it('are refused, and change nothing, once an input is gone', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await threeFiles();
      const mine = await maintenance.prepareReplace(view, await change(table, view, 'mine'), nextToken());
      const theirs = await maintenance.prepareReplace(view, await change(table, view, 'theirs'), nextToken());
      const moved = viewOf(await maintenance.attemptReplace(view, theirs));
      expect((await maintenance.replaceable(moved, mine)).kind).toBe('no');
      expect((await maintenance.attemptReplace(moved, mine)).kind).toBe('conflict');
      expect(await table.files()).toEqual(['theirs']);
    });

    it('whose answer was lost are found by their token, and never land twice', async () => {
      const { maintenance, format } = use().ours;
      const { table, view } = await threeFiles();
      const prepared = await maintenance.prepareReplace(view, await change(table, view), nextToken());
      use().loseSwap('after-effect');
      expect((await maintenance.attemptReplace(view, prepared)).kind).toBe('unknown');
      const now = await table.load();
      expect(format.landed(now, prepared.token)).toBe(true);
      expect((await maintenance.attemptReplace(now, prepared)).kind).toBe('conflict');
      expect(await table.files()).toEqual(['abc']);
    });

    it('leave files that were not named untouched', async () => {
      const { maintenance } = use().ours;
      const { table, view } = await threeFiles();
      const whole = await change(table, view);
      const some = whole.removed.filter((file) => file.filePath !== table.path('b'));
      const added = [{ ...dataFile(table.path('ac')), recordCount: 20n }];
      const prepared = await maintenance.prepareReplace(view, { ...whole, removed: some, added }, nextToken());
      const before = (await live(view)).find((file) => file.filePath === table.path('b'));
      const after = viewOf(await maintenance.attemptReplace(view, prepared));
      const kept = (await live(after)).find((file) => file.filePath === table.path('b'));
      expect({ ...kept, foundIn: '' }).toEqual({ ...before, foundIn: '' });
      expect(await table.files()).toEqual(['ac', 'b']);
    });
  });
}
