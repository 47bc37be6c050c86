/** A killed process leaves bytes in the page cache; what a new life relies on must survive the power cut that follows. */
import { expect, it } from 'vitest';
import { TABLE_A, append, draft, logWorld, onlyLane, texts, upTo } from '../../support/sim-disk/log-helpers.ts';
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

for (let seed = 0; seed < 20; seed++)
  it(`a manifest that only the page cache knew is durable before anything is removed by it (seed ${seed})`, async () => {
    const world = logWorld({ segmentBytes: 500 });
    const first = await world.open();
    for (let index = 0; index < 10; index++) await append(first, draft(TABLE_A, `${index}`));
    first.committed(TABLE_A, upTo(onlyLane(first), 5));
    world.runtime.advance(3_600_000);
    world.disk.hook = ({ kind }) => {
      if (kind === 'syncDirectory') world.disk.crashKill();
      return undefined;
    };
    void first.trim();
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    world.disk.hook = undefined;
    await world.open();
    world.disk.crashPower(seededRandom(seed));
    expect((await texts(await world.open(), TABLE_A)).slice(-5)).toHaveLength(5);
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
