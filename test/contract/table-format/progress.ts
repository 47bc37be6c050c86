import { describe, expect, it } from 'vitest';
import { generation, laneId, pipelineId } from '../../../src/core/ids.ts';
import { PIPELINE, progressTo } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse } from './table-in-use.ts';

export function describeProgress(use: () => FormatSubject): void {
  describe('progress', () => {
    const lanes = async (table: TableInUse, pipeline = PIPELINE) => {
      const progress = use().theirs.format.progress(await table.load(use().theirs), pipeline);
      return Object.fromEntries([...(progress?.lanes ?? [])].map(([lane, at]) => [lane, Number(at.next)]));
    };

    it('is absent for a pipeline that never wrote', async () => {
      const table = await TableInUse.make(use());
      await table.commit(['a'], progressTo({ l: 10 }));
      expect(use().ours.format.progress(await table.load(), pipelineId('other'))).toBeUndefined();
    });

    it('comes with the commit: token, epoch, table and lanes', async () => {
      const table = await TableInUse.make(use());
      const view = await table.commit(['a'], progressTo({ l: 10 }, { state: 'states/1' }));
      expect(use().theirs.format.progress(await table.load(use().theirs), PIPELINE)).toEqual({
        pipeline: PIPELINE,
        table: view.uuid,
        epoch: 1n,
        token: view.snapshot,
        state: 'states/1',
        lanes: new Map([['l', { next: 10n, generation: 1n }]]),
      });
    });

    it('carries over the lanes and the state that a commit does not name', async () => {
      const table = await TableInUse.make(use());
      await table.commit(['a'], progressTo({ one: 10, two: 5 }, { state: 'states/1' }));
      await table.commit(['b'], progressTo({ two: 8, three: 1 }));
      expect(await lanes(table)).toEqual({ one: 10, two: 8, three: 1 });
      expect(use().ours.format.progress(await table.load(), PIPELINE)?.state).toBe('states/1');
    });

    it('is merged with the base of the attempt, not with the view of prepare', async () => {
      const table = await TableInUse.make(use());
      const old = await table.load();
      const prepared = await table.prepare(old, ['a'], progressTo({ one: 10 }));
      await table.commit(['b'], progressTo({ two: 5 }), use().theirs);
      expect((await table.attempt(await table.load(), prepared)).kind).toBe('committed');
      expect(await lanes(table)).toEqual({ one: 10, two: 5 });
    });

    it('drops the lanes that a commit prunes', async () => {
      const table = await TableInUse.make(use());
      await table.commit(['a'], progressTo({ one: 10, two: 5 }));
      await table.commit([], progressTo({ two: 6 }, { prune: [laneId('one')] }));
      expect(await lanes(table)).toEqual({ two: 6 });
    });

    it('of two pipelines does not mix', async () => {
      const table = await TableInUse.make(use());
      const other = pipelineId('other');
      await table.commit(['a'], progressTo({ l: 10 }));
      await table.commit(['b'], progressTo({ l: 3 }, { pipeline: other }));
      expect(await lanes(table)).toEqual({ l: 10 });
      expect(await lanes(table, other)).toEqual({ l: 3 });
    });

    it('never goes back: neither an offset nor a generation (I3, I6)', async () => {
      const table = await TableInUse.make(use());
      const base = await table.commit(['a'], progressTo({ l: 10 }, { generation: 2 }));
      const lower = await table.prepare(base, ['b'], progressTo({ l: 9 }, { generation: 2 }));
      await expect(table.attempt(base, lower)).rejects.toMatchObject({ kind: 'internal' });
      const older = await table.prepare(base, ['b'], progressTo({ l: 20 }, { generation: 1 }));
      await expect(table.attempt(base, older)).rejects.toMatchObject({ kind: 'internal' });
      expect(await lanes(table)).toEqual({ l: 10 });
      await table.commit(['c'], progressTo({ l: 20 }, { generation: 3 }));
      expect(
        use()
          .ours.format.progress(await table.load(), PIPELINE)
          ?.lanes.get(laneId('l')),
      ).toEqual({
        next: 20n,
        generation: generation(3),
      });
    });
  });
}
