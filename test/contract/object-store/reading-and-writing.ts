/** Whole objects, ranges, keys, cancellation. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type SubjectInUse, keysUnder, pattern, text, textAt } from './subject.ts';

const ALWAYS = { kind: 'always' } as const;

export function describeReadingAndWriting(use: SubjectInUse): void {
  describe('reading and writing', () => {
    it('answers the bytes that were put, with size, ETag and time', async () => {
      const key = `${use.space()}/a/b.bin`;
      const before = Date.now();
      const bytes = pattern(70_000, 7);
      const put = await use.store.put(key, bytes, ALWAYS);
      const found = await use.store.get(key);
      expect(Buffer.from(found?.bytes ?? []).equals(bytes)).toBe(true);
      expect(found?.info).toMatchObject({ key, size: 70_000n });
      expect(put).toEqual({ kind: 'written', etag: found?.info.etag });
      expect(await use.store.head(key)).toEqual(found?.info);
      // Stores tell whole seconds, by their own clock.
      expect(Math.abs((found?.info.modifiedAt ?? 0) - before)).toBeLessThan(60_000);
    });

    it('keeps empty objects', async () => {
      const key = `${use.space()}/empty`;
      await use.store.put(key, new Uint8Array(0), ALWAYS);
      expect((await use.store.get(key))?.bytes).toHaveLength(0);
      expect((await use.store.get(key, { range: { start: 0, end: 10 } }))?.bytes).toHaveLength(0);
      expect((await use.store.get(key, { range: { start: -8 } }))?.bytes).toHaveLength(0);
      expect(await use.store.head(key)).toMatchObject({ size: 0n });
    });

    it('answers undefined for absent keys, and for folders', async () => {
      const space = use.space();
      await use.store.put(`${space}/folder/object`, text('x'), ALWAYS);
      for (const key of [`${space}/absent`, `${space}/folder`, `${space}/folder/object/below`, `${space}/fold`]) {
        expect(await use.store.head(key)).toBeUndefined();
        expect(await use.store.get(key)).toBeUndefined();
        expect(await use.store.get(key, { range: { start: 0, end: 1 } })).toBeUndefined();
      }
    });

    it('replaces the whole object with a put that is always allowed', async () => {
      const key = `${use.space()}/k`;
      const first = await use.store.put(key, text('a longer text'), ALWAYS);
      const second = await use.store.put(key, text('short'), ALWAYS);
      expect(await textAt(use.store, key)).toBe('short');
      expect(second).not.toEqual(first);
    });

    it('is done with the bytes when put resolves', async () => {
      const key = `${use.space()}/k`;
      const bytes = text('first');
      await use.store.put(key, bytes, ALWAYS);
      bytes.fill(0x2e);
      expect(await textAt(use.store, key)).toBe('first');
      (await use.store.get(key))?.bytes.fill(0x2e);
      expect(await textAt(use.store, key)).toBe('first');
    });

    it.each([
      { range: { start: 0, end: 4 }, want: '0123' },
      { range: { start: 3, end: 4 }, want: '3' },
      { range: { start: 4 }, want: '456789' },
      { range: { start: 0 }, want: '0123456789' },
      { range: { start: -3 }, want: '789' },
      { range: { start: -100 }, want: '0123456789' },
      { range: { start: 8, end: 100 }, want: '89' },
      { range: { start: 10, end: 12 }, want: '' },
      { range: { start: 50 }, want: '' },
      { range: { start: 5, end: 5 }, want: '' },
      { range: { start: 6, end: 2 }, want: '' },
    ])('reads the range $range of ten bytes as "$want"', async ({ range, want }) => {
      const key = `${use.space()}/digits`;
      await use.store.put(key, text('0123456789'), ALWAYS);
      const found = await use.store.get(key, { range });
      expect(new TextDecoder().decode(found?.bytes)).toBe(want);
      expect(found?.info).toEqual(await use.store.head(key));
    });

    it.each([
      'with space/a b.txt',
      'percent/100%/a%20b',
      'plus+and&amp;<tag>"quote"\'',
      'partition=2024-01-01/country=D%2FE/x.parquet',
      'ünïcödé/日本語/Ω',
      'astral/🦆/\u{10FFFF}',
      'decomposed/e\u0301',
      "punctuation/!*'();:@,[]{}^~`|\\_-.",
      'dots/..a/.b/c..',
      'question?mark#hash',
    ])('keeps the key %j apart from all others and lists it as it is', async (name) => {
      const space = use.space();
      const key = `${space}/${name}`;
      await use.store.put(key, text(name), { kind: 'if-absent' });
      expect(await textAt(use.store, key)).toBe(name);
      expect(await use.store.head(key)).toMatchObject({ key });
      expect(await keysUnder(use.store, `${space}/`)).toEqual([key]);
      expect(await keysUnder(use.store, key)).toEqual([key]);
      expect(await use.store.delete([key])).toEqual({ failed: [] });
      expect(await use.store.head(key)).toBeUndefined();
    });

    it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/.', 'a\nb', 'a\u0000', '\ud800', 'x'.repeat(1025)])(
      'refuses the key %j, which stores read differently',
      async (key) => {
        const refusal = { kind: 'invalid-input' };
        await expect(use.store.put(key, text('x'), ALWAYS)).rejects.toMatchObject(refusal);
        await expect(use.store.get(key)).rejects.toMatchObject(refusal);
        await expect(use.store.head(key)).rejects.toMatchObject(refusal);
        await expect(use.store.delete([key])).rejects.toMatchObject(refusal);
      },
    );

    it('does nothing, and says closed, when it was cancelled before', async () => {
      const key = `${use.space()}/k`;
      const signal = AbortSignal.abort();
      const closed = { kind: 'closed' };
      await expect(use.store.put(key, text('x'), ALWAYS, signal)).rejects.toMatchObject(closed);
      await expect(use.store.get(key, { signal })).rejects.toMatchObject(closed);
      await expect(use.store.head(key, signal)).rejects.toMatchObject(closed);
      await expect(use.store.delete([key], signal)).rejects.toMatchObject(closed);
      expect(await use.store.head(key)).toBeUndefined();
    });

    it('never shows a part of an object, nor a mixture of two', async () => {
      const key = `${use.space()}/flip`;
      const values = [pattern(300_000, 1).fill(0x61), pattern(200_000, 1).fill(0x62)] as const;
      await use.store.put(key, values[0], ALWAYS);
      const progress = { writing: true };
      const writer = (async () => {
        for (let round = 0; round < 20; round++) await use.store.put(key, values[round % 2 === 0 ? 1 : 0], ALWAYS);
        progress.writing = false;
      })();
      while (progress.writing) {
        await setImmediate();
        const found = await use.store.get(key);
        const whole = values.some((value) => Buffer.from(found?.bytes ?? []).equals(value));
        expect(whole).toBe(true);
        expect(found?.info.size).toBe(BigInt(found?.bytes.length ?? -1));
      }
      await writer;
    });
  });
}
