import { describe, expect, it } from 'vitest';
import type { FormatSubject } from '../table-format.ts';
import { progressTo } from '../../support/iceberg/samples.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

export function describeAppends(use: () => FormatSubject): void {
  describe('appends', () => {
    it('start from a table without snapshots', async () => {
      const table = await TableInUse.make(use());
      const view = await table.load();
      expect(view.snapshot).toBeUndefined();
      expect(await table.files()).toEqual([]);
      expect(use().ours.tables.snapshots(view)).toEqual([]);
    });

    it('answer absent for a name that is not there', async () => {
      expect(await use().ours.format.load({ namespace: ['contract'], name: 'absent' })).toEqual({ kind: 'absent' });
    });

    it('put all files of a change into one snapshot, whose id is the token', async () => {
      const table = await TableInUse.make(use());
      const base = await table.load();
      const prepared = await table.prepare(base, ['a', 'b'], progressTo({ l: 20 }));
      const view = viewOf(await table.attempt(base, prepared));
      expect(view.snapshot).toBe(prepared.token);
      expect(view.sequenceNumber).toBeGreaterThan(base.sequenceNumber);
      expect(await table.files()).toEqual(['a', 'b']);
      expect(
        use()
          .ours.tables.snapshots(view)
          .map((snapshot) => snapshot.operation),
      ).toEqual(['append']);
    });

    it('show another process exactly the view that was answered', async () => {
      const table = await TableInUse.make(use());
      const view = await table.commit(['a'], progressTo({ l: 10 }));
      expect(await table.load(use().theirs)).toEqual(view);
    });

    it('leave nothing visible before the attempt', async () => {
      const table = await TableInUse.make(use());
      await table.prepare(await table.load(), ['a'], progressTo({ l: 10 }));
      expect((await table.load(use().theirs)).snapshot).toBeUndefined();
    });

    it('without files move progress and main, and keep every file', async () => {
      const table = await TableInUse.make(use());
      const first = await table.commit(['a'], progressTo({ l: 10 }));
      const second = await table.commit([], progressTo({ l: 15 }));
      expect(second.snapshot).not.toBe(first.snapshot);
      expect(await table.files()).toEqual(['a']);
    });

    it('keep the totals of the table', async () => {
      const table = await TableInUse.make(use());
      await table.commit(['a', 'b'], progressTo({ l: 20 }));
      const view = await table.commit(['c'], progressTo({ l: 30 }));
      const [, last] = use().ours.tables.snapshots(view);
      expect(last?.summary.get('total-records')).toBe('30');
      expect(last?.summary.get('added-records')).toBe('10');
      expect(last?.parentId).toBeDefined();
    });

    it('give strictly growing times and sequence numbers', async () => {
      const table = await TableInUse.make(use());
      for (let at = 1; at <= 4; at += 1) await table.commit([`f${at}`], progressTo({ l: at * 10 }));
      const history = use().ours.tables.snapshots(await table.load());
      for (const [at, snapshot] of history.entries()) {
        const before = history[at - 1];
        if (before === undefined) continue;
        expect(snapshot.timestampMs).toBeGreaterThan(before.timestampMs);
        expect(snapshot.sequenceNumber).toBeGreaterThan(before.sequenceNumber);
        expect(snapshot.parentId).toBe(before.snapshotId);
      }
    });

    it('refuse a data file named twice in one change', async () => {
      const table = await TableInUse.make(use());
      await expect(table.prepare(await table.load(), ['a', 'a'], progressTo({ l: 10 }))).rejects.toMatchObject({
        kind: 'internal',
      });
    });

    it('find a token in the history as long as it is there, and no other', async () => {
      const table = await TableInUse.make(use());
      const base = await table.load();
      const prepared = await table.prepare(base, ['a'], progressTo({ l: 10 }));
      const { format } = use().ours;
      expect(format.landed(base, prepared.token)).toBe(false);
      const first = viewOf(await table.attempt(base, prepared));
      expect(format.landed(first, prepared.token)).toBe(true);
      await table.commit(['b'], progressTo({ l: 20 }));
      const last = await table.commit(['c'], progressTo({ l: 30 }));
      expect(format.landed(last, prepared.token)).toBe(true);
      expect(use().theirs.format.landed(await table.load(use().theirs), prepared.token)).toBe(true);
    });
  });

  it('creates a table once, and answers what is there unchanged', async () => {
    const table = await TableInUse.make(use());
    const view = await table.commit(['a'], progressTo({ l: 10 }));
    const again = await use().theirs.tables.create({
      name: table.name,
      fields: [{ id: 1, name: 'other', type: { kind: 'int' }, required: false }],
      partition: [],
      properties: new Map([['x', 'y']]),
    });
    expect(again.kind).toBe('exists');
    expect(again.view).toEqual(view);
    expect(await use().theirs.tables.list()).toContainEqual(table.name);
  });
}
