/** The operator: checkpoints and drains on demand, and the pruning of lanes that are done with. */
import { commitLoop } from '../../../src/commit/commit-loop.ts';
import { positive63 } from '../../../src/core/runtime.ts';
import { epoch, snapshotId, type LaneId } from '../../../src/core/ids.ts';
import { encodeProgress, progressKey, type Progress } from '../../../src/record/progress.ts';
import type { FaultKind } from '../world/faults.ts';
import { PIPELINE, type Life } from '../world/life.ts';
import { progressOf } from '../world/model-catalog.ts';
import type { World } from '../world/world.ts';

export function operate(world: World): void {
  every(world, 'operator-checkpoint', 3_000, (life, signal) => {
    const acknowledged = world.openRequests(life);
    const since = world.scheduler.now;
    return life.coordinator
      ?.checkpoint(undefined, 'operator', signal)
      .then(() => world.onCheckpointed(life, acknowledged, since));
  });
  every(world, 'operator-drain', 5_000, (life, signal) => {
    const acknowledged = world.openRequests(life);
    return life.coordinator?.drain('operator', signal).then(() => world.onCheckpointed(life, acknowledged));
  });
  every(world, 'prune', 2_000, (life, signal) => prune(world, life, signal));
}

function every(
  world: World,
  kind: FaultKind,
  meanMs: number,
  act: (life: Life, signal: AbortSignal) => Promise<unknown> | undefined,
): void {
  if (!world.faults.kinds.has(kind)) return;
  const random = world.random.fork(kind);
  const next = (): void =>
    world.later(random.between(meanMs / 5, meanMs * 2), kind, () => {
      const life = world.anyLife();
      if (life?.state === 'ready' && world.faults.on(kind)) {
        const patience = new AbortController();
        world.scheduler.after(20_000, 'operator gives up', () => patience.abort());
        act(life, patience.signal)?.catch(() => undefined);
      }
      next();
    });
  next();
}

/** Lanes of lost logs leave the progress, by a commit that moves main, in the owner's queue (protocol §4). */
async function prune(world: World, life: Life, signal: AbortSignal): Promise<void> {
  const { format, coordinator } = life;
  const pipeline = world.random.pick(coordinator?.pipelines ?? []);
  // A lane that is lost to one daemon may be at hand for another on a clone of its volume.
  if (format === undefined || pipeline?.state.kind !== 'running' || world.cloned || world.skewed) return;
  world.pruned = true;
  if (world.plant?.prune === 'property-only') {
    await prunePropertyOnly(world, life, pipeline.name.name);
    return;
  }
  await pipeline.queue.run(async () => {
    const token = snapshotId(positive63(world.random));
    await commitLoop(
      format,
      pipeline,
      (view) => {
        const progress = format.progress(view, PIPELINE);
        const update = {
          pipeline: PIPELINE,
          epoch: progress?.epoch ?? epoch(0),
          lanes: new Map(),
          prune: done(progress),
        };
        return format.prepare(view, { kind: 'append', added: [], progress: update }, token);
      },
      (view) =>
        done(format.progress(view, PIPELINE)).length === 0 || format.landed(view, token)
          ? { kind: 'settled', result: undefined }
          : { kind: 'attempt' },
      { clock: life.clock, random: world.random },
      { onTrouble: () => undefined },
      signal,
    );
  });
}

const done = (progress: Progress | undefined): LaneId[] =>
  [...(progress?.lanes ?? [])].filter(([, at]) => at.lost === true).map(([lane]) => lane);

async function prunePropertyOnly(world: World, life: Life, name: string): Promise<void> {
  const table = { namespace: ['ns'], name };
  const read = world.catalog.get(table);
  const progress = read === undefined ? undefined : progressOf(read, PIPELINE);
  if (progress === undefined) return;
  await life.clock.sleep(world.random.between(5, 60));
  const now = world.catalog.get(table);
  if (now === undefined || now.uuid !== read?.uuid) return;
  const lanes = new Map([...progress.lanes].filter(([, at]) => at.lost !== true));
  const text = encodeProgress({ ...progress, lanes });
  world.foreign(now, 'property-only prune', {
    ...now,
    properties: new Map([...now.properties, [progressKey(PIPELINE), text]]),
  });
}
