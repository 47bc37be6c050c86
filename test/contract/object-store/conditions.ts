/** Conditional puts, one at a time. */
import { describe, expect, it } from 'vitest';
import type { ETag, PutResult } from '../../../src/contracts/object-store.ts';
import { type SubjectInUse, text, textAt } from './subject.ts';

const etagOf = (result: PutResult): ETag => {
  if (result.kind !== 'written') throw new Error(`put ended in ${result.kind}`);
  return result.etag;
};

export function describeConditions(use: SubjectInUse): void {
  describe('conditions', () => {
    it('writes if-absent once; the loser changes nothing', async () => {
      const key = `${use.space()}/k`;
      expect(await use.store.put(key, text('first'), { kind: 'if-absent' })).toMatchObject({ kind: 'written' });
      const before = await use.store.head(key);
      expect(await use.store.put(key, text('second'), { kind: 'if-absent' })).toEqual({ kind: 'lost-race' });
      expect(await textAt(use.store, key)).toBe('first');
      expect(await use.store.head(key)).toEqual(before);
    });

    it('writes if-absent again after a delete', async () => {
      const key = `${use.space()}/k`;
      await use.store.put(key, text('first'), { kind: 'if-absent' });
      await use.store.delete([key]);
      expect(await use.store.put(key, text('second'), { kind: 'if-absent' })).toMatchObject({ kind: 'written' });
      expect(await textAt(use.store, key)).toBe('second');
    });

    it('writes if-match on the current ETag only', async () => {
      const key = `${use.space()}/k`;
      const first = etagOf(await use.store.put(key, text('first'), { kind: 'if-absent' }));
      const second = etagOf(await use.store.put(key, text('second'), { kind: 'if-match', etag: first }));
      expect(await use.store.put(key, text('stale'), { kind: 'if-match', etag: first })).toEqual({ kind: 'lost-race' });
      expect(await textAt(use.store, key)).toBe('second');
      const current = await use.store.head(key);
      expect(current?.etag).toBe(second);
      expect(await use.store.put(key, text('third'), { kind: 'if-match', etag: second })).toMatchObject({
        kind: 'written',
      });
      expect(await textAt(use.store, key)).toBe('third');
    });

    it('loses if-match on a key that is absent, or was deleted', async () => {
      const key = `${use.space()}/k`;
      const etag = etagOf(await use.store.put(key, text('x'), { kind: 'always' }));
      await use.store.delete([key]);
      expect(await use.store.put(key, text('y'), { kind: 'if-match', etag })).toEqual({ kind: 'lost-race' });
      expect(await use.store.head(key)).toBeUndefined();
    });

    it('accepts the ETag that a listing showed', async () => {
      const key = `${use.space()}/k`;
      await use.store.put(key, text('x'), { kind: 'always' });
      for await (const { etag } of use.store.list(key))
        expect(await use.store.put(key, text('y'), { kind: 'if-match', etag })).toMatchObject({ kind: 'written' });
      expect(await textAt(use.store, key)).toBe('y');
    });
  });
}
