/** What the observer of the log's disk hears: every write with its bytes, every sync, those that fail too. */
import { expect, test } from 'vitest';
import type { DiskFile } from '../../../src/contracts/disk.ts';
import { meteredDisk } from '../../../src/lane/metered-disk.ts';
import { SimDisk } from '../../support/sim-disk/sim-disk.ts';
import { virtualRuntime } from '../store/virtual-runtime.ts';

async function observed(change: (file: DiskFile) => DiskFile = (file) => file) {
  const { clock } = virtualRuntime();
  const heard: (readonly [string, number, number])[] = [];
  const slow = (file: DiskFile): DiskFile => ({
    append: (chunks) => clock.sleep(20).then(() => file.append(chunks)),
    sync: () => clock.sleep(500).then(() => file.sync()),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  });
  const inner = new SimDisk();
  const open = inner.open.bind(inner);
  inner.open = async (path, mode) => slow(change(await open(path, mode)));
  const disk = meteredDisk(inner, (step, seconds, bytes) => heard.push([step, seconds, bytes]), clock);
  await disk.makeDirectory('/d');
  return { heard, file: await disk.open('/d/f', 'create-new') };
}

test('seconds and bytes of each step', async () => {
  const { heard, file } = await observed();
  await file.append([Buffer.from('abc'), Buffer.from('de')]);
  await file.sync();
  expect(heard).toEqual([
    ['append', 0.02, 5],
    ['sync', 0.5, 0],
  ]);
});

test('a step that fails is told, and fails as it would', async () => {
  const { heard, file } = await observed((inner) => ({
    append: (chunks) => inner.append(chunks),
    sync: () => Promise.reject(new Error('EIO')),
    truncate: (size) => inner.truncate(size),
    close: () => inner.close(),
  }));
  await expect(file.sync()).rejects.toThrow('EIO');
  expect(heard).toEqual([['sync', 0.5, 0]]);
});
