/**
 * Records that bring the column engine down, in some requests of plain producers: they kill the process that writes them, or fail each time,
 * until they are dead letters. Owns which; that a daemon is started again after each death is the world's.
 */
import type { Life } from '../world/life.ts';
import { row } from '../world/records.ts';
import type { SimVolume } from '../world/volumes.ts';
import type { World } from '../world/world.ts';

const MEAN_MS = 4_000;

export function poison(world: World): void {
  // Two daemons that hold the same entries may each decide about a record of them.
  if (!world.faults.kinds.has('poison') || world.faults.kinds.has('volume-cloned')) return;
  const random = world.random.fork('poison');
  const next = (): void =>
    world.later(random.between(MEAN_MS / 8, MEAN_MS * 2), 'poison', () => {
      const request = world.ledger.requests.length;
      world.ledger.poison.set(row(request, 0), random.chance(0.5) ? 'kills' : 'fails');
      next();
    });
  next();
}

/** The daemon of the volume, once no record of its log can kill it any more. */
export const survivor = (world: World, volume: SimVolume): Life | undefined =>
  deadly(world, volume)
    ? undefined
    : world.lives.find((life) => life.alive && life.volume === volume && life.ingest !== undefined);

const deadly = ({ ledger, invariants }: World, volume: SimVolume): boolean =>
  ledger.requests.some(
    ({ rows, stored, letters, unlogged }) =>
      stored?.volume === volume.name &&
      !unlogged &&
      !invariants.of(stored.table).dropped &&
      rows.some((each) => ledger.poison.get(each) === 'kills' && !letters.has(each)),
  );

/** What no log is known to hold is no poison any more: nobody could say when the last of it has killed. */
export function settlePoison({ ledger }: World): void {
  for (const each of ledger.poison.keys())
    if (!ledger.requests.some(({ rows, stored }) => stored !== undefined && rows.includes(each)))
      ledger.poison.delete(each);
}
