/** A killed process leaves bytes in the page cache; what a new life relies on must survive the power cut that follows. */
import { expect, it } from 'vitest';
import { TABLE_A, append, draft, logWorld, texts } from '../../support/sim-disk/log-helpers.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';

for (let seed = 0; seed < 20; seed++)
  it(`an entry that was replayed after a kill survives a power cut (seed ${seed})`, async () => {
    const world = logWorld();
    const first = await world.open();
    await append(first, draft(TABLE_A, 'synced'));
    let syncs = 0;
    world.disk.hook = ({ kind }) => {
      if (kind === 'sync') {
        syncs += 1;
        world.disk.crashKill();
      }
      return undefined;
    };
    void first.append([draft(TABLE_A, 'written')]);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect(syncs).toBe(1);
    world.disk.hook = undefined;

    const second = await world.open();
    const replayed = await texts(second, TABLE_A);
    expect(replayed).toHaveLength(2);
    world.disk.crashPower(seededRandom(seed));

    expect(await texts(await world.open(), TABLE_A)).toEqual(replayed);
  });

it('the directory is synced too: a segment that only the page cache knew stays', async () => {
  const world = logWorld();
  const first = await world.open();
  world.disk.hook = ({ kind, path }) => {
    if (kind === 'syncDirectory' && path === '/log') world.disk.crashKill();
    return undefined;
  };
  void first.append([draft(TABLE_A, 'never written')]);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  world.disk.hook = undefined;
  expect(world.segments()).toHaveLength(1);

  const second = await world.open();
  await append(second, draft(TABLE_A, 'kept'));
  world.disk.crashPower({ bytes: () => new Uint8Array(), float: () => 0 });
  expect(await texts(await world.open(), TABLE_A)).toEqual(['{"name":"kept","line":0}\n']);
});

it('a failing sync keeps the log closed', async () => {
  const world = logWorld();
  await append(await world.open(), draft(TABLE_A, 'a'));
  world.disk.crashKill();
  world.disk.hook = ({ kind }) => (kind === 'sync' ? { code: 'EIO', effect: 'none' } : undefined);
  await expect(world.open()).rejects.toMatchObject({ kind: 'unavailable' });
});

it('a disk that can not be read keeps the log closed and cuts nothing', async () => {
  const world = logWorld();
  await append(await world.open(), draft(TABLE_A, 'a'));
  world.disk.crashKill();
  world.disk.hook = ({ kind, path }) =>
    kind === 'read' && path.includes('segment') ? { code: 'EIO', effect: 'none' } : undefined;
  await expect(world.open()).rejects.toMatchObject({ kind: 'unavailable' });
  world.disk.hook = undefined;
  expect(await texts(await world.open(), TABLE_A)).toHaveLength(1);
});
