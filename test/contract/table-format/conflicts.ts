import { describe, expect, it } from 'vitest';
import { progressTo } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

export function describeConflicts(use: () => FormatSubject): void {
  describe('conflicts', () => {
    it('let in one of two attempts on one base; the other goes in on the next, under its own token', async () => {
      const table = await TableInUse.make(use());
      const base = await table.load();
      const mine = await table.prepare(base, ['mine'], progressTo({ l: 10 }));
      await table.commit(['theirs'], progressTo({ other: 1 }), use().theirs);
      expect((await table.attempt(base, mine)).kind).toBe('conflict');
      expect(await table.files()).toEqual(['theirs']);
      const view = viewOf(await table.attempt(await table.load(), mine));
      expect(view.snapshot).toBe(mine.token);
      expect(await table.files()).toEqual(['mine', 'theirs']);
    });

    it('let in one of twelve racing attempts', async () => {
      const table = await TableInUse.make(use());
      const base = await table.load();
      const racers = await Promise.all(
        Array.from({ length: 12 }, async (_, racer) => {
          const access = racer % 2 === 0 ? use().ours : use().theirs;
          const prepared = await table.prepare(base, [`r${racer}`], progressTo({ [`l${racer}`]: 1 }), access);
          return { access, prepared };
        }),
      );
      const ends = await Promise.all(racers.map(({ access, prepared }) => access.format.attempt(base, prepared)));
      expect(ends.map((end) => end.kind).sort()).toEqual(['committed', ...Array<string>(11).fill('conflict')]);
      expect(await table.files()).toHaveLength(1);
    });

    it('name a token that is already there', async () => {
      const table = await TableInUse.make(use());
      const base = await table.load();
      const prepared = await table.prepare(base, ['a'], progressTo({ l: 10 }));
      const view = viewOf(await table.attempt(base, prepared));
      expect(await table.attempt(view, prepared)).toEqual({ kind: 'conflict', cause: 'snapshot-id-exists' });
      expect(await table.files()).toEqual(['a']);
    });

    it('see a table that was dropped and made again as another table', async () => {
      const table = await TableInUse.make(use());
      const other = await TableInUse.make(use());
      const prepared = await table.prepare(await table.load(), ['a'], progressTo({ l: 10 }));
      const end = await table.attempt(await other.load(), prepared);
      expect(end.kind).toBe('conflict');
      expect(await other.files()).toEqual([]);
    });
  });
}
