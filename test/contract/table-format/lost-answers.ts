import { describe, expect, it } from 'vitest';
import { PIPELINE, progressTo } from '../../support/iceberg/samples.ts';
import type { FormatSubject } from '../table-format.ts';
import { TableInUse, viewOf } from './table-in-use.ts';

/** Protocol §4 "Unknown": each exit, and that none of them takes a row twice. */
export function describeLostAnswers(use: () => FormatSubject): void {
  describe('lost answers', () => {
    const setUp = async () => {
      const table = await TableInUse.make(use());
      const base = await table.commit(['before'], progressTo({ l: 10 }));
      const prepared = await table.prepare(base, ['a'], progressTo({ l: 20 }));
      return { table, base, prepared };
    };

    it('after the effect: unknown, and the table holds the token', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('after-effect');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      const now = await table.load();
      expect(use().ours.format.landed(now, prepared.token)).toBe(true);
      expect(use().ours.format.progress(now, PIPELINE)?.token).toBe(prepared.token);
      expect(await table.files()).toEqual(['a', 'before']);
    });

    it('before the effect: unknown, and the same attempt sent again goes in once', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('before-effect');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      const now = await table.load();
      expect(use().ours.format.landed(now, prepared.token)).toBe(false);
      expect(viewOf(await table.attempt(now, prepared)).snapshot).toBe(prepared.token);
      expect(await table.files()).toEqual(['a', 'before']);
    });

    it('landing late, after the same attempt was sent again: it is turned away', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('lands-late');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      expect((await table.attempt(await table.load(), prepared)).kind).toBe('committed');
      expect(await use().landLate()).toEqual(['lost-race']);
      expect(await table.files()).toEqual(['a', 'before']);
    });

    it('landing late, before the same attempt is sent again: that one is turned away', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('lands-late');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      const stale = await table.load();
      expect(await use().landLate()).toEqual(['swapped']);
      expect((await table.attempt(stale, prepared)).kind).toBe('conflict');
      expect(use().ours.format.landed(await table.load(), prepared.token)).toBe(true);
      expect(await table.files()).toEqual(['a', 'before']);
    });

    it('landing late, after somebody else moved the table: it is turned away', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('lands-late');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      await table.commit(['theirs'], progressTo({ other: 1 }), use().theirs);
      expect(await use().landLate()).toEqual(['lost-race']);
      expect(await table.files()).toEqual(['before', 'theirs']);
    });

    it('an error that says nothing is unknown too (checklist 14.9)', async () => {
      const { table, base, prepared } = await setUp();
      use().loseSwap('throws');
      expect((await table.attempt(base, prepared)).kind).toBe('unknown');
      expect(use().ours.format.landed(await table.load(), prepared.token)).toBe(true);
    });

    it.each([true, false])(
      'a put without an answer is unknown, and another attempt goes in (landed: %s)',
      async (lands) => {
        const { table, base, prepared } = await setUp();
        use().losePut(lands);
        expect((await table.attempt(base, prepared)).kind).toBe('unknown');
        expect((await table.attempt(await table.load(), prepared)).kind).toBe('committed');
        expect(await table.files()).toEqual(['a', 'before']);
      },
    );
  });
}
