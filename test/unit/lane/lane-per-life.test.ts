/** A lane is one life of one log: whatever happens to the volume, no offset of a lane is ever given twice. */
import { expect, it } from 'vitest';
import { SimDisk } from '../../support/sim-disk/sim-disk.ts';
import { openLog } from '../../../src/lane/open-log.ts';
import { TABLE_A, append, draft, logWorld, onlyLane, texts } from '../../support/sim-disk/log-helpers.ts';
import { seededRandom } from '../../support/sim-disk/seeded-random.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

async function copyOf(disk: SimDisk): Promise<SimDisk> {
  const copy = new SimDisk();
  await copy.makeDirectory('/log');
  for (const path of disk.files()) {
    const file = await copy.open(path, 'create-new');
    await file.append([(await disk.read(path, 0, 1 << 20)) ?? new Uint8Array()]);
    await file.sync();
  }
  await copy.syncDirectory('/log');
  return copy;
}

it('a volume restored older goes on in a lane of its own, beside the one it held', async () => {
  const world = logWorld();
  const first = await world.open();
  await append(first, draft(TABLE_A, 'one'));
  const backup = await copyOf(world.disk);
  await append(first, draft(TABLE_A, 'two'));
  const lane = onlyLane(first);

  const runtime = testRuntime(2);
  const restored = await openLog({ disk: backup, directory: '/log', runtime });
  const [entry] = await append(restored, draft(TABLE_A, 'other'));
  expect(entry?.lane).not.toBe(lane);
  expect(restored.lanes().map((range) => [range.lane, range.end])).toEqual([
    [lane, 1n],
    [entry?.lane, 1n],
  ]);
});

it('two clones of a volume never share an offset', async () => {
  const world = logWorld();
  await append(await world.open(), draft(TABLE_A, 'one'));
  const lanes = new Set<string>();
  for (const seed of [11, 12]) {
    const clone = await copyOf(world.disk);
    const log = await openLog({ disk: clone, directory: '/log', runtime: testRuntime(seed) });
    const [entry] = await append(log, draft(TABLE_A, 'two'));
    lanes.add(entry?.lane ?? '');
  }
  expect(lanes.size).toBe(2);
});

it('a life that appends nothing begins no lane, and a start that dies leaves none', async () => {
  const world = logWorld();
  await append(await world.open(), draft(TABLE_A, 'one'));
  for (let life = 0; life < 5; life++) {
    world.disk.crashPower(seededRandom(life));
    await world.open();
  }
  const log = await world.open();
  expect(log.lanes()).toHaveLength(1);
  expect(world.segments()).toHaveLength(1);
  expect(await texts(log, TABLE_A)).toHaveLength(1);
});

it('a recreated directory begins anew in a lane that was never there', async () => {
  const world = logWorld();
  const [before] = await append(await world.open(), draft(TABLE_A, 'one'));
  const fresh = await openLog({ disk: new SimDisk(), directory: '/log', runtime: world.runtime });
  const [after] = await append(fresh, draft(TABLE_A, 'one'));
  expect(after?.baseOffset).toBe(before?.baseOffset);
  expect(after?.lane).not.toBe(before?.lane);
});
