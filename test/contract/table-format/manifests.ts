import { describe, expect, it } from 'vitest';
import type { PreparedManifests } from '../../../src/contracts/maintenance.ts';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { collect, nextToken, progressTo, PIPELINE } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

const FILES = ['a', 'b', 'c', 'd'];

export function describeManifests(use: () => FormatSubject): void {
  describe('rewriting manifests', () => {
    async function ready(): Promise<{
      readonly table: TableInUse;
      readonly view: TableView;
      readonly prepared: PreparedManifests;
    }> {
      const { maintenance } = use().ours;
      const table = await TableInUse.make(use());
      for (const [at, file] of FILES.entries()) await table.commit([file], progressTo({ l: (at + 1) * 10 }));
      const view = await table.load();
      const [group] = await maintenance.planManifests(view);
      if (group === undefined) throw new Error('nothing is planned');
      return { table, view, prepared: await maintenance.prepareManifests(view, group, nextToken()) };
    }

    it('keeps files, their numbers and progress, and leaves nothing to do', async () => {
      const { maintenance, format } = use().ours;
      const { table, view, prepared } = await ready();
      const numbers = async (of: TableView) =>
        (await collect(maintenance.live(of))).map((file) => `${file.filePath} ${file.sequenceNumber}`).sort();
      const after = viewOf(await maintenance.attemptManifests(view, prepared));
      expect(await numbers(after)).toEqual(await numbers(view));
      expect(after.sequenceNumber).toBeGreaterThan(view.sequenceNumber);
      expect(format.progress(after, PIPELINE)).toEqual(format.progress(view, PIPELINE));
      expect((await maintenance.facts(after)).dataManifests).toBe(1);
      expect(await maintenance.planManifests(after)).toEqual([]);
      expect(await table.files()).toEqual(FILES);
    });

    it('goes in beside an append, on a fresh base only', async () => {
      const { maintenance } = use().ours;
      const { table, view, prepared } = await ready();
      const later = await table.commit(['e'], progressTo({ l: 50 }), use().theirs);
      expect((await maintenance.attemptManifests(view, prepared)).kind).toBe('conflict');
      expect(await maintenance.manifestsReplaceable(later, prepared)).toEqual({ kind: 'yes' });
      viewOf(await maintenance.attemptManifests(await table.load(), prepared));
      expect(await table.files()).toEqual([...FILES, 'e']);
    });

    it('is refused where somebody else has rewritten them', async () => {
      const { maintenance } = use().ours;
      const { table, view, prepared } = await ready();
      const theirs = await use().theirs.maintenance.prepareManifests(
        await table.load(use().theirs),
        prepared.group,
        nextToken(),
      );
      viewOf(await use().theirs.maintenance.attemptManifests(await table.load(use().theirs), theirs));
      const moved = await table.load();
      expect(await maintenance.manifestsReplaceable(moved, prepared)).toMatchObject({ kind: 'no' });
      expect((await maintenance.attemptManifests(moved, prepared)).kind).toBe('conflict');
      // Prepared on a base that lacked them, it is right for none, not even for one that has them again.
      const late = await maintenance.prepareManifests(moved, prepared.group, nextToken());
      expect(late.written).toEqual([]);
      expect(await maintenance.manifestsReplaceable(view, late)).toMatchObject({ kind: 'no' });
      expect(await table.files()).toEqual(FILES);
    });

    it('is found by its token when its answer was lost', async () => {
      const { maintenance, format } = use().ours;
      const { table, view, prepared } = await ready();
      use().loseSwap('after-effect');
      expect((await maintenance.attemptManifests(view, prepared)).kind).toBe('unknown');
      expect(format.landed(await table.load(), prepared.token)).toBe(true);
      expect(await table.files()).toEqual(FILES);
    });
  });
}
