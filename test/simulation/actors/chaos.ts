/** What befalls machines, volumes, networks and clocks. Owns when a life ends and on which volume the next one begins. */
import type { FaultKind } from '../world/faults.ts';
import type { Life } from '../world/life.ts';
import { SimVolume } from '../world/volumes.ts';
import type { World } from '../world/world.ts';

const HOUR_MS = 3_600_000;
/** An attempt that is not answered by then is answered after its time. */
const LATE_MS = 40;

export function wreak(world: World): void {
  every(world, 'kill', 2_500, () => {
    const life = world.anyLife();
    if (life !== undefined) crash(world, life, 'kill');
  });
  every(world, 'power-cut', 3_500, () => {
    const life = world.anyLife();
    if (life !== undefined) crash(world, life, 'power cut');
  });
  every(world, 'restart', 5_000, () => {
    const life = world.anyLife();
    if (life?.state === 'ready') restart(world, life);
  });
  every(world, 'catalog-down', 6_000, () => {
    world.network.downUntil = world.scheduler.now + world.random.between(200, 5_000);
    world.scheduler.note('catalog down');
  });
  every(world, 'disk-full', 6_000, () => {
    world.diskFullUntil = world.scheduler.now + world.random.between(100, 3_000);
    world.scheduler.note('disk full');
  });
  every(world, 'volume-restored', 1_500, () => world.random.pick(world.volumes)?.snapshot(world.scheduler.now));
  every(world, 'volume-restored', 9_000, () => replaceVolume(world, 'restored'));
  every(world, 'volume-lost', 9_000, () => loseVolume(world));
  every(world, 'volume-cloned', 9_000, () => clone(world));
  every(world, 'suspend', 9_000, () => suspend(world));
  every(world, 'clock-jump', 4_000, () => {
    const life = world.anyLife();
    if (life === undefined || world.pruned) return;
    world.skewed = true;
    life.clock.skewMs = world.random.between(-2, 2) * HOUR_MS;
    world.scheduler.note(`${life.name} clock is off by ${Math.round(life.clock.skewMs / 1000)} s`);
  });
}

function every(world: World, kind: FaultKind, meanMs: number, act: () => void): void {
  if (!world.faults.kinds.has(kind)) return;
  const random = world.random.fork(`${kind} ${meanMs}`);
  const next = (): void =>
    world.later(random.between(meanMs / 8, meanMs * 2), kind, () => {
      if (world.faults.on(kind)) act();
      next();
    });
  next();
}

export function crash(world: World, life: Life, how: 'kill' | 'power cut'): void {
  world.scheduler.note(`${how} of ${life.name}`);
  life.end();
  if (how === 'power cut') life.volume.disk.crashPower(world.random);
  world.later(world.random.between(5, 800), 'start', () => world.start(life.volume));
}

function restart(world: World, life: Life): void {
  world.scheduler.note(`SIGTERM to ${life.name}`);
  const patience = new AbortController();
  world.scheduler.after(world.random.between(500, 8_000), 'second signal', () => patience.abort());
  life.stop(patience.signal).then(
    (how) => {
      world.scheduler.note(`${life.name} has stopped: ${how}`);
      world.later(world.random.between(5, 300), 'start', () => world.start(life.volume));
    },
    (error: unknown) => world.violation('I10', `${life.name} could not stop: ${String(error)}`),
  );
}

/** Preferably while an attempt of the daemon is on its way that it will not see landing. */
function loseVolume(world: World, rounds = 150): void {
  const { scheduler, network } = world;
  const late = [...network.flying.values()].some(({ since }) => since < scheduler.now - LATE_MS);
  if (late || rounds === 0) replaceVolume(world, 'lost');
  else world.later(20, 'volume-lost', () => loseVolume(world, rounds - 1));
}

function replaceVolume(world: World, how: 'lost' | 'restored'): void {
  const volume = world.random.pick(world.volumes);
  if (volume === undefined || (how === 'restored' && volume.copy === undefined)) return;
  world.lives.find((life) => life.alive && life.volume === volume)?.end();
  const { copy } = volume;
  const since = how === 'restored' && copy !== undefined ? copy.takenAt : Number.NEGATIVE_INFINITY;
  const here = world.ledger.requests.filter(({ stored }) => stored?.volume === volume.name);
  const unlogged = here.filter(({ stored }) => stored !== undefined && stored.at > since);
  world.invariants.lettersMayRepeat = true;
  for (const request of unlogged) request.unlogged = true;
  // A late refusal since then is gone with its letters, while the table may have passed the record.
  const decided = here.filter(({ letters }) => [...letters.values()].some(({ at }) => at > since));
  const gone = [...new Set([...unlogged, ...decided])].filter(
    ({ id, stored }) => stored !== undefined && !world.isIn(id, stored.table),
  );
  world.ledger.excuse(
    gone.map((request) => request.id),
    `volume ${how}`,
  );
  world.scheduler.note(`${volume.name} ${how}: ${gone.length} requests with it`);
  const disk = how === 'restored' ? copy?.disk.platterCopy() : undefined;
  const next = new SimVolume(volume.name, disk);
  world.volumes.splice(world.volumes.indexOf(volume), 1, next);
  world.later(world.random.between(5, 500), 'start', () => world.start(next));
}

/** Somebody starts a second daemon on a copy of the volume while the first goes on. */
function clone(world: World): void {
  const volume = world.volumes[0];
  if (volume === undefined || world.volumes.length > 1 || world.pruned) return;
  const copy = new SimVolume(`v${world.volumes.length + 1}`, volume.disk.platterCopy());
  world.volumes.push(copy);
  world.cloned = true;
  world.invariants.buriedTwice = true;
  world.scheduler.note(`${copy.name} is a clone of ${volume.name}`);
  world.start(copy);
}

/** All machines sleep and wake: wall clocks go on, nobody ran, and no request survives it. */
function suspend(world: World): void {
  const hours = world.random.between(1, 100);
  if (hours > 40) world.network.loseAll();
  world.time.jump(hours * HOUR_MS);
  world.suspended = true;
  world.scheduler.note(`everything was suspended for ${Math.round(hours)} h`);
}
