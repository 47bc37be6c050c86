/** An answer that is lost after the effect: the repetition meets our own write, and must not take it for a rival's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/contracts/object-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type SubjectInUse, keysUnder, text, textAt } from './subject.ts';

/** `losing(n)`: repeats what failed, over something that loses the answer of every nth conditional write or delete. */
export function describeLostAnswers(
  use: SubjectInUse,
  losing: (nth: number, parts: 'single' | 'multipart') => ObjectStore,
): void {
  describe('lost answers', () => {
    it('leave a put written, and known as ours', async () => {
      const key = `${use.space()}/k`;
      const store = losing(2, 'single');
      expect(await store.put(`${key}-counted`, text('not lost'), { kind: 'if-absent' })).toMatchObject({
        kind: 'written',
      });
      const first = await store.put(key, text('first'), { kind: 'if-absent' });
      expect(first).toEqual({ kind: 'written', etag: (await use.store.head(key))?.etag });
      if (first.kind !== 'written') return;
      // The repetition was the third, so the next is lost again.
      const second = await store.put(key, text('second'), { kind: 'if-match', etag: first.etag });
      expect(second).toEqual({ kind: 'written', etag: (await use.store.head(key))?.etag });
      expect(await textAt(use.store, key)).toBe('second');
    });

    it.each(['single', 'multipart'] as const)('leave an upload written, and known as ours (%s)', async (parts) => {
      const folder = await temporaryFolder();
      const space = use.space();
      const store = losing(2, parts);
      const rival = join(folder.path, 'rival');
      await writeFile(rival, 'other content');
      for (let file = 0; file < 4; file++) {
        const path = join(folder.path, `${file}`);
        await writeFile(path, `content ${file}`);
        const result = await store.upload(`${space}/${file}`, path, { kind: 'if-absent' });
        expect(result).toEqual({ kind: 'written', etag: (await use.store.head(`${space}/${file}`))?.etag });
        expect(await textAt(use.store, `${space}/${file}`)).toBe(`content ${file}`);
        expect(await store.upload(`${space}/${file}`, rival, { kind: 'if-absent' })).toEqual({ kind: 'lost-race' });
      }
      await folder.remove();
    });

    it('leave deletes done', async () => {
      const space = use.space();
      for (const name of ['a', 'b', 'c']) await use.store.put(`${space}/${name}`, text(name), { kind: 'always' });
      const store = losing(2, 'single');
      for (const name of ['a', 'b', 'c']) expect(await store.delete([`${space}/${name}`])).toEqual({ failed: [] });
      expect(await keysUnder(use.store, space)).toEqual([]);
    });

    it('give every race at most one winner, and a winner whose answers come', async () => {
      const space = use.space();
      const store = losing(3, 'single');
      for (let round = 0; round < 10; round++) {
        const key = `${space}/${round}`;
        const results = await Promise.all(
          Array.from({ length: 10 }, (_, racer) => store.put(key, text(`racer ${racer}`), { kind: 'if-absent' })),
        );
        const winners = results.flatMap((result, racer) => (result.kind === 'written' ? [`racer ${racer}`] : []));
        expect(winners).toEqual([await textAt(use.store, key)]);
      }
    });
  });
}
