import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/contracts/object-store.ts';
import { systemClock, systemRuntime } from '../../../src/core/runtime.ts';
import { LocalScratch } from '../../../src/store/local-scratch.ts';
import { LocalStore } from '../../../src/store/local-store.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { pattern } from '../../contract/object-store/subject.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

/** More than one range. */
const BYTES = pattern(17 * 2 ** 20 + 3, 7);
const SIZE = BigInt(BYTES.length);
const { signal } = new AbortController();

describe.each(['local files', 'memory'])('objects of %s', (kind) => {
  let folder: TemporaryFolder;
  let store: ObjectStore;
  let scratch: LocalScratch;
  beforeEach(async () => {
    folder = await temporaryFolder();
    store =
      kind === 'memory' ? new MemoryStore(systemClock) : new LocalStore(join(folder.path, 'store'), systemRuntime);
    scratch = new LocalScratch(join(folder.path, 'scratch'), { resolve: (uri) => ({ store, key: uri }) });
    await store.put('k', BYTES, { kind: 'always' });
  });
  afterEach(() => folder.remove());

  it('are fetched byte for byte, and stay when the folder goes', async () => {
    const work = await scratch.folder('work');
    const [one, other] = [await work.fetch('k', SIZE, signal), await work.fetch('k', SIZE, signal)];
    expect(one).not.toBe(other);
    expect((await readFile(one)).equals(BYTES)).toBe(true);
    await work.remove();
    expect(await readdir(join(folder.path, 'scratch'))).toEqual([]);
    expect(Buffer.from((await store.get('k'))?.bytes ?? []).equals(BYTES)).toBe(true);
  });

  it('are a corrupt table when they are absent or of another size', async () => {
    const work = await scratch.folder('work');
    await expect(work.fetch('absent', SIZE, signal)).rejects.toMatchObject({ kind: 'corrupt' });
    await expect(work.fetch('k', SIZE + 1n, signal)).rejects.toMatchObject({ kind: 'corrupt' });
    await expect(work.fetch('k', SIZE - 1n, signal)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('can be removed while they are read', async () => {
    const path = await (await scratch.folder('work')).fetch('k', SIZE, signal);
    await store.delete(['k']);
    expect((await stat(path)).size).toBe(BYTES.length);
  });
});

it('a local object is no copy where its file can have a second name', async () => {
  const folder = await temporaryFolder();
  const store = new LocalStore(join(folder.path, 'store'), systemRuntime);
  const scratch = new LocalScratch(join(folder.path, 'scratch'), { resolve: (uri) => ({ store, key: uri }) });
  await store.put('k', BYTES, { kind: 'always' });
  const path = await (await scratch.folder('work')).fetch('k', SIZE, signal);
  expect((await stat(path)).ino).toBe((await stat(join(folder.path, 'store', 'k'))).ino);
  await folder.remove();
});

it('what a scratch left is gone when the next one opens', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, 'left'), 'x');
  const locations = { resolve: () => ({ store: new MemoryStore(systemClock), key: 'k' }) };
  await new LocalScratch(folder.path, locations).folder('work');
  expect(await readdir(folder.path)).toEqual(['work']);
  await rm(folder.path, { recursive: true });
});
