import { mkdir, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { localError } from '../../../src/store/local-errors.ts';
import { LocalStore } from '../../../src/store/local-store.ts';
import { keysUnder, text, textAt } from '../../contract/object-store/subject.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { virtualRuntime } from './virtual-runtime.ts';

describe('local files', () => {
  let folder: TemporaryFolder;
  let root: string;
  let store: LocalStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    root = join(folder.path, 'deep', 'warehouse');
    store = new LocalStore(root, systemRuntime);
  });
  afterEach(() => folder.remove());

  it('lie where their URI says, under their own names', async () => {
    await store.put('ns/t/with space/a%20b', text('x'), { kind: 'if-absent' });
    expect(await readFile(join(root, 'ns/t/with space/a%20b'), 'utf8')).toBe('x');
  });

  it('leave nothing temporary behind, whether written or lost', async () => {
    const written = await store.put('k', text('x'), { kind: 'if-absent' });
    await store.put('k', text('y'), { kind: 'if-absent' });
    if (written.kind === 'written') await store.put('k', text('z'), { kind: 'if-match', etag: written.etag });
    await store.put('k', text('w'), { kind: 'always' });
    expect(await readdir(join(root, '.sluice-tmp'))).toEqual([]);
  });

  it('are uploaded without a copy, and stay when whoever made the file removes it', async () => {
    const made = join(folder.path, 'made');
    await writeFile(made, 'x'.repeat(1000));
    const { ino } = await stat(made);
    await store.upload('a/k', made, { kind: 'if-absent' });
    expect((await stat(join(root, 'a/k'))).ino).toBe(ino);
    await rm(made);
    expect(await textAt(store, 'a/k')).toBe('x'.repeat(1000));
  });

  it('keep their ETag when the same file is uploaded under another key, too', async () => {
    const made = join(folder.path, 'made');
    await writeFile(made, 'x');
    const first = await store.upload('first', made, { kind: 'if-absent' });
    await store.upload('second', made, { kind: 'if-absent' });
    expect(first).toEqual({ kind: 'written', etag: (await store.head('first'))?.etag });
    expect((await stat(join(root, 'first'))).ino).not.toBe((await stat(join(root, 'second'))).ino);
  });

  it('change their ETag with every write, also of equal bytes within one tick of the clock', async () => {
    const runtime = virtualRuntime();
    const standing = new LocalStore(root, runtime);
    // Inodes are used again here, and the clock stands still.
    const etags = new Set<string>();
    for (let write = 0; write < 50; write++) {
      const put = await standing.put('k', text('same'), { kind: 'always' });
      expect((await standing.head('k'))?.etag).toBe(put.kind === 'written' ? put.etag : '');
      etags.add(put.kind === 'written' ? put.etag : '');
    }
    expect(etags.size).toBe(50);
    // Not the kernel's time: its clock ticks more slowly than we write.
    expect((await standing.head('k'))?.modifiedAt).toBe(runtime.clock.now());
  });

  it('do not show what a crash left in the making, and remove it after a day', async () => {
    const temporary = join(root, '.sluice-tmp');
    await mkdir(temporary, { recursive: true });
    await writeFile(join(temporary, 'old'), 'x');
    await writeFile(join(temporary, 'fresh'), 'x');
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(join(temporary, 'old'), twoDaysAgo, twoDaysAgo);
    expect(await keysUnder(store, '')).toEqual([]);
    await store.put('k', text('x'), { kind: 'always' });
    expect(await keysUnder(store, '')).toEqual(['k']);
    expect(await readdir(temporary)).toEqual(['fresh']);
  });

  it('of an absent folder are none', async () => {
    expect(await keysUnder(store, '')).toEqual([]);
    expect(await store.head('k')).toBeUndefined();
    expect(await store.delete(['k'])).toEqual({ failed: [] });
    await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('come back when somebody removed the folder meanwhile: the write that notices fails, the next one works', async () => {
    await store.put('a/k', text('x'), { kind: 'always' });
    await rm(root, { recursive: true });
    await expect(store.put('a/k', text('y'), { kind: 'always' })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await store.put('a/k', text('z'), { kind: 'always' })).toMatchObject({ kind: 'written' });
    expect(await textAt(store, 'a/k')).toBe('z');
  });

  it('refuse an object where a folder is, and a folder where an object is', async () => {
    await store.put('a/b', text('x'), { kind: 'always' });
    for (const condition of [{ kind: 'always' }, { kind: 'if-absent' }] as const) {
      await expect(store.put('a', text('x'), condition)).rejects.toMatchObject({ kind: 'invalid-input' });
      await expect(store.put('a/b/c', text('x'), condition)).rejects.toMatchObject({ kind: 'invalid-input' });
    }
    expect(await textAt(store, 'a/b')).toBe('x');
  });

  it('are not looked for outside the root', async () => {
    await writeFile(join(folder.path, 'secret'), 'x');
    await mkdir(root, { recursive: true });
    await symlink(folder.path, join(root, 'loop'));
    expect(await keysUnder(store, '../')).toEqual([]);
    expect(await keysUnder(store, '')).toEqual([]);
    await expect(store.get('../../secret')).rejects.toMatchObject({ kind: 'invalid-input' });
  });

  it('have one writer if-absent over several stores on one folder', async () => {
    const stores = Array.from({ length: 8 }, () => new LocalStore(root, systemRuntime));
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(
        stores.map((one, index) => one.put(`race-${round}`, text(`${index}`), { kind: 'if-absent' })),
      );
      expect(results.filter((result) => result.kind === 'written')).toHaveLength(1);
    }
  });
});

describe('what the operating system refuses', () => {
  it.each([
    ['EACCES', 'misconfigured', /rights/],
    ['EROFS', 'misconfigured', /rights/],
    ['EXDEV', 'misconfigured', /one file system/],
    ['ENAMETOOLONG', 'invalid-input', /255/],
    ['ENOSPC', 'unavailable', /Free space/],
    ['EIO', 'unavailable', undefined],
  ])('%s is %s', (code, kind, remedy) => {
    const error = localError(Object.assign(new Error('refused'), { code }), 'writing', '/wh/k');
    expect(error).toMatchObject({ kind, context: { path: '/wh/k', code } });
    if (remedy !== undefined) expect(error.remedy).toMatch(remedy);
  });
});
