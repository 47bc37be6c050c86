/** Objects from local files, small and in parts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { type SubjectInUse, keysUnder, pattern, text, textAt } from './subject.ts';

export function describeUploads(use: SubjectInUse): void {
  describe('uploads', () => {
    let folder: TemporaryFolder;
    let files = 0;
    beforeAll(async () => {
      folder = await temporaryFolder();
    });
    afterAll(() => folder.remove());

    const file = async (bytes: Uint8Array): Promise<string> => {
      const path = join(folder.path, `file-${++files}`);
      await writeFile(path, bytes);
      return path;
    };

    const sizes: [string, (part: number) => number][] = [
      ['no bytes', () => 0],
      ['some bytes', () => 1_000],
      ['exactly one part', (part) => part],
      ['one part and a byte', (part) => part + 1],
      ['exactly two parts', (part) => 2 * part],
      ['two parts and a half', (part) => Math.floor(2.5 * part)],
    ];
    it.each(sizes)('stores %s, byte for byte', async (_name, sizeFor) => {
      const key = `${use.space()}/file`;
      const bytes = pattern(sizeFor(use.subject.partSizeBytes), 99);
      const result = await use.store.upload(key, await file(bytes), { kind: 'if-absent' });
      const found = await use.store.get(key);
      expect(result).toEqual({ kind: 'written', etag: found?.info.etag });
      expect(found?.info.size).toBe(BigInt(bytes.length));
      expect(Buffer.from(found?.bytes ?? []).equals(bytes)).toBe(true);
      expect(Buffer.from((await use.store.get(key, { range: { start: -8 } }))?.bytes ?? [])).toEqual(
        Buffer.from(bytes.subarray(-8)),
      );
    });

    it('keeps the conditions of put, in one part and in several', async () => {
      for (const size of [100, use.subject.partSizeBytes + 100]) {
        const key = `${use.space()}/file`;
        const path = await file(pattern(size, 3));
        const other = await file(pattern(size + 1, 4));
        const first = await use.store.upload(key, path, { kind: 'if-absent' });
        expect(first.kind).toBe('written');
        expect(await use.store.upload(key, other, { kind: 'if-absent' })).toEqual({ kind: 'lost-race' });
        expect((await use.store.head(key))?.size).toBe(BigInt(size));
        if (first.kind !== 'written') continue;
        const matched = { kind: 'if-match', etag: first.etag } as const;
        expect((await use.store.upload(key, other, matched)).kind).toBe('written');
        expect(await use.store.upload(key, path, matched)).toEqual({ kind: 'lost-race' });
        expect((await use.store.head(key))?.size).toBe(BigInt(size + 1));
        expect(await use.store.upload(`${key}-absent`, path, matched)).toEqual({ kind: 'lost-race' });
        expect((await use.store.upload(key, path, { kind: 'always' })).kind).toBe('written');
      }
    });

    it('shows nothing before it is complete', async () => {
      const space = use.space();
      const bytes = pattern(3 * use.subject.partSizeBytes, 5);
      const uploading = { done: false };
      const upload = use.store
        .upload(`${space}/file`, await file(bytes), { kind: 'if-absent' })
        .finally(() => (uploading.done = true));
      while (!uploading.done) {
        await setImmediate();
        const head = await use.store.head(`${space}/file`);
        if (head !== undefined) expect(head.size).toBe(BigInt(bytes.length));
        const listed = await keysUnder(use.store, space);
        expect(listed.filter((key) => key !== `${space}/file`)).toEqual([]);
      }
      expect((await upload).kind).toBe('written');
    });

    it('rejects a file that is not there, and leaves the object alone', async () => {
      const key = `${use.space()}/k`;
      await use.store.put(key, text('stays'), { kind: 'always' });
      await expect(use.store.upload(key, join(folder.path, 'absent'), { kind: 'always' })).rejects.toMatchObject({
        kind: 'internal',
      });
      expect(await textAt(use.store, key)).toBe('stays');
    });
  });
}
