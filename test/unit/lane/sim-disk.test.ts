/** The simulated disk tells a kill from a power cut; without that the other tests prove nothing. */
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/core/runtime.ts';
import { SimDisk } from '../../support/sim-disk/sim-disk.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';

/** Nothing that was not synced survives. */
const LOSE_ALL: Random = { bytes: () => new Uint8Array(), float: () => 0 };

async function fileWith(disk: SimDisk, synced: string, unsynced: string, path = '/d/f'): Promise<void> {
  await disk.makeDirectory('/d');
  const file = await disk.open(path, 'create-new');
  await file.append([Buffer.from(synced)]);
  await file.sync();
  await disk.syncDirectory('/d');
  await file.append([Buffer.from(unsynced)]);
}

const content = async (disk: SimDisk, path = '/d/f'): Promise<string | undefined> => {
  const bytes = await disk.read(path, 0, 1 << 20);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};

describe('a kill', () => {
  it('keeps the page cache', async () => {
    const disk = new SimDisk();
    await fileWith(disk, 'synced', ' cached');
    disk.crashKill();
    expect(await content(disk)).toBe('synced cached');
  });

  it('leaves handles and calls of the old life without an answer', async () => {
    const disk = new SimDisk();
    await disk.makeDirectory('/d');
    const old = disk.mount();
    const file = await disk.open('/d/f', 'create-new');
    disk.crashKill();
    const answered: string[] = [];
    void file.append([Buffer.from('x')]).then(() => answered.push('append'));
    void old.list('/d').then(() => answered.push('list'));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(answered).toEqual([]);
    expect(await content(disk)).toBe('');
  });
});

describe('a power cut', () => {
  it('takes bytes and names that were not synced', async () => {
    const disk = new SimDisk();
    await fileWith(disk, 'synced', ' cached');
    const other = await disk.open('/d/g', 'create-new');
    await other.sync();
    disk.crashPower(LOSE_ALL);
    expect(await content(disk)).toBe('synced');
    expect(await disk.list('/d')).toEqual(['f']);
  });

  it('may keep any subset: torn, whole, or none', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimDisk();
      await fileWith(disk, '', 'x'.repeat(1_024));
      disk.crashPower(seededRandom(seed));
      outcomes.add((await content(disk)) ?? '');
    }
    const shapes = new Set([...outcomes].map((text) => `${text.length}: ${text.replaceAll('\0', '').length} kept`));
    expect(shapes).toEqual(new Set(['0: 0 kept', '512: 512 kept', '1024: 512 kept', '1024: 1024 kept']));
  });

  it('takes what a failed sync had called clean, unless it was written once more', async () => {
    for (const [again, expected] of [
      [false, 'synced'],
      [true, 'synced lost?'],
    ] as const) {
      const disk = new SimDisk();
      await fileWith(disk, 'synced', '');
      const file = await disk.open('/d/f', 'existing');
      await file.append([Buffer.from(' lost?')]);
      disk.hook = () => ({ code: 'EIO', effect: 'none' });
      await expect(file.sync()).rejects.toMatchObject({ context: { code: 'EIO' } });
      disk.hook = undefined;
      await file.sync();
      if (again) await disk.rewrite('/d/f', 0, 12);
      disk.crashPower(LOSE_ALL);
      expect(await content(disk)).toBe(expected);
    }
  });
});

it('a full disk takes what fits and says ENOSPC', async () => {
  const disk = new SimDisk({ capacity: 4 });
  await disk.makeDirectory('/d');
  const file = await disk.open('/d/f', 'create-new');
  await expect(file.append([Buffer.from('123456')])).rejects.toMatchObject({ context: { code: 'ENOSPC' } });
  expect(await content(disk)).toBe('1234');
  expect(await disk.free('/d')).toBe(0);
});
