/** What every `Disk` promises, whatever holds the bytes. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/contracts/disk.ts';

export interface DiskUnderTest {
  readonly disk: Disk;
  /** A directory that is not there yet. */
  readonly directory: string;
  readonly cleanUp: () => Promise<void>;
}

const text = (value: string): Uint8Array => Buffer.from(value);

export function describeDisk(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`Disk: ${name}`, () => {
    const cleanUps: (() => Promise<void>)[] = [];
    const setUp = async (): Promise<{ readonly disk: Disk; readonly at: (name: string) => string; dir: string }> => {
      const { disk, directory, cleanUp } = await make();
      cleanUps.push(cleanUp);
      await disk.makeDirectory(directory);
      return { disk, at: (file) => `${directory}/${file}`, dir: directory };
    };
    const write = async (disk: Disk, path: string, content: string): Promise<void> => {
      const file = await disk.open(path, 'create-new');
      await file.append([text(content)]);
      await file.sync();
      await file.close();
    };
    const read = async (disk: Disk, path: string): Promise<string | undefined> => {
      const bytes = await disk.read(path, 0, 1 << 20);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString();
    };

    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    });

    it('makes a directory with its parents, and again without complaint', async () => {
      const { disk, dir } = await setUp();
      await disk.makeDirectory(`${dir}/a/b/c`);
      await disk.makeDirectory(`${dir}/a/b/c`);
      await write(disk, `${dir}/a/b/c/file`, 'x');
      expect(await disk.list(`${dir}/a/b/c`)).toEqual(['file']);
    });

    it('appends chunks in order, call after call', async () => {
      const { disk, at } = await setUp();
      const file = await disk.open(at('f'), 'create-new');
      await file.append([text('one '), text(''), text('two ')]);
      await file.append([text('three')]);
      await file.sync();
      await file.close();
      expect(await read(disk, at('f'))).toBe('one two three');
      expect(await disk.size(at('f'))).toBe(13);
    });

    it('appends more chunks at once than the system takes in one call', async () => {
      const { disk, at } = await setUp();
      const file = await disk.open(at('f'), 'create-new');
      const chunks = Array.from({ length: 3000 }, (_, index) => text(`${index},`));
      await file.append(chunks);
      await file.close();
      expect(await read(disk, at('f'))).toBe(chunks.map(String).join(''));
    });

    it('appends at the end of an existing file, also after truncation', async () => {
      const { disk, at } = await setUp();
      await write(disk, at('f'), 'abcdef');
      const file = await disk.open(at('f'), 'existing');
      await file.truncate(3);
      await file.append([text('X')]);
      await file.sync();
      await file.close();
      expect(await read(disk, at('f'))).toBe('abcX');
    });

    it('reads a range, cut at the end of the file', async () => {
      const { disk, at } = await setUp();
      await write(disk, at('f'), 'abcdef');
      expect(Buffer.from((await disk.read(at('f'), 2, 4)) ?? []).toString()).toBe('cd');
      expect(Buffer.from((await disk.read(at('f'), 4, 99)) ?? []).toString()).toBe('ef');
      expect(await disk.read(at('f'), 7, 9)).toHaveLength(0);
    });

    it('tells absence from emptiness', async () => {
      const { disk, at, dir } = await setUp();
      await write(disk, at('empty'), '');
      expect(await disk.read(at('absent'), 0, 1)).toBeUndefined();
      expect(await disk.size(at('absent'))).toBeUndefined();
      expect(await disk.size(at('empty'))).toBe(0);
      expect(await disk.list(`${dir}/absent`)).toEqual([]);
      await disk.remove(at('absent'));
    });

    it('creates only what is not there, and opens only what is', async () => {
      const { disk, at } = await setUp();
      await write(disk, at('f'), 'x');
      await expect(disk.open(at('f'), 'create-new')).rejects.toMatchObject({
        kind: 'unavailable',
        context: { code: 'EEXIST' },
      });
      await expect(disk.open(at('absent'), 'existing')).rejects.toMatchObject({
        kind: 'unavailable',
        context: { code: 'ENOENT' },
      });
    });

    it('replaces by rename, lists in order, removes', async () => {
      const { disk, at, dir } = await setUp();
      await write(disk, at('b'), 'old');
      await write(disk, at('c'), 'new');
      await write(disk, at('a'), '');
      expect(await disk.list(dir)).toEqual(['a', 'b', 'c']);
      await disk.rename(at('c'), at('b'));
      await disk.remove(at('a'));
      await disk.syncDirectory(dir);
      expect(await disk.list(dir)).toEqual(['b']);
      expect(await read(disk, at('b'))).toBe('new');
    });

    it('writes bytes once more in their place and changes nothing', async () => {
      const { disk, at } = await setUp();
      const file = await disk.open(at('f'), 'create-new');
      const content = 'abc'.repeat(1_000_000);
      await file.append([text(content)]);
      await disk.rewrite(at('f'), 1, 2_500_000);
      await file.append([text('end')]);
      await file.close();
      expect(Buffer.from((await disk.read(at('f'), 0, 4_000_000)) ?? []).equals(text(`${content}end`))).toBe(true);
      await expect(disk.rewrite(at('absent'), 0, 1)).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(disk.rewrite(at('f'), 0, 9_000_000)).rejects.toMatchObject({ kind: 'unavailable' });
    });

    it('knows how much room is left', async () => {
      const { disk, dir } = await setUp();
      expect(await disk.free(dir)).toBeGreaterThan(0);
    });
  });
}
