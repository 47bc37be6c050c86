/** Order, prefixes, pages, and deleting many. */
import { describe, expect, it } from 'vitest';
import { type SubjectInUse, infosUnder, keysUnder, text } from './subject.ts';

const ALWAYS = { kind: 'always' } as const;
/** More than one page of S3. */
const MANY = 1_205;

export function describeListing(use: SubjectInUse): void {
  describe('listing and deleting', () => {
    it('lists in the order of UTF-8 bytes, over folders too', async () => {
      const space = use.space();
      // U+FF21 sorts before U+1F986 in UTF-8, behind it in UTF-16; "." and "-" sort before "/", "0" behind it.
      const names = ['a', 'B', 'x/1', 'x-1', 'x.1', 'x0', 'x/0/deep', 'x/00', '\uff21', '\u{1f986}', 'é', 'z'];
      for (const name of names) await use.store.put(`${space}/${name}`, text(name), ALWAYS);
      const want = names
        .map((name) => `${space}/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysUnder(use.store, `${space}/`)).toEqual(want);
    });

    it('takes a prefix as text, not as a folder', async () => {
      const space = use.space();
      for (const name of ['wh/a', 'wh/b/c', 'wh2/a', 'w', 'whale'])
        await use.store.put(`${space}/${name}`, text(name), ALWAYS);
      const under = async (prefix: string): Promise<string[]> =>
        (await keysUnder(use.store, `${space}/${prefix}`)).map((key) => key.slice(space.length + 1));
      expect(await under('wh/')).toEqual(['wh/a', 'wh/b/c']);
      expect(await under('wh')).toEqual(['wh/a', 'wh/b/c', 'wh2/a', 'whale']);
      expect(await under('wh/b')).toEqual(['wh/b/c']);
      expect(await under('wh/b/c')).toEqual(['wh/b/c']);
      expect(await under('wh/b/c/')).toEqual([]);
      expect(await under('nothing')).toEqual([]);
    });

    it('shows what head shows', async () => {
      const space = use.space();
      for (const name of ['a', 'b b', 'c/d']) await use.store.put(`${space}/${name}`, text(name), ALWAYS);
      for (const info of await infosUnder(use.store, `${space}/`)) {
        const head = await use.store.head(info.key);
        expect({ ...info, modifiedAt: 0 }).toEqual({ ...head, modifiedAt: 0 });
        // Listings may show milliseconds where headers show seconds.
        expect(Math.abs(info.modifiedAt - (head?.modifiedAt ?? 0))).toBeLessThan(1_000);
      }
    });

    it(`lists and deletes ${MANY} objects: several pages, none twice, none left out`, async () => {
      const space = use.space();
      const keys = Array.from({ length: MANY }, (_, index) => `${space}/many/${String(index).padStart(5, '0')}`);
      const others = [`${space}/many-not`, `${space}/nany`];
      const queue = [...keys, ...others];
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (let key = queue.pop(); key !== undefined; key = queue.pop()) await use.store.put(key, text(key), ALWAYS);
        }),
      );
      expect(await keysUnder(use.store, `${space}/many/`)).toEqual(keys);
      const first: string[] = [];
      for await (const { key } of use.store.list(`${space}/many/`)) if (first.push(key) === 3) break;
      expect(first).toEqual(keys.slice(0, 3));
      expect(await use.store.delete([...keys, `${space}/never-there`])).toEqual({ failed: [] });
      expect(await keysUnder(use.store, `${space}/`)).toEqual(others);
      expect(await use.store.delete(keys.slice(0, 2))).toEqual({ failed: [] });
      expect(await use.store.delete([])).toEqual({ failed: [] });
    });

    it('stops with closed when it is cancelled between two objects', async () => {
      const space = use.space();
      for (const name of ['a', 'b']) await use.store.put(`${space}/${name}`, text(name), ALWAYS);
      const controller = new AbortController();
      const walk = async (): Promise<void> => {
        for await (const _ of use.store.list(`${space}/`, controller.signal)) controller.abort();
      };
      await expect(walk()).rejects.toMatchObject({ kind: 'closed' });
    });
  });
}
