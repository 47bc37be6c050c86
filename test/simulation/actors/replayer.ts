/** Somebody who has dead letters replayed, again and again, whatever the daemon is doing. What fits by then lands once (I1). */
import { isSluiceError } from '../../../src/core/errors.ts';
import { TAKERS } from '../world/faults.ts';
import type { Life } from '../world/life.ts';
import { widen } from './foreign.ts';
import type { World } from '../world/world.ts';

/** Records and marks are in two tables: where one may be taken back without the other, a replay may bring a record again. */
export const mayReplay = ({ faults }: World): boolean =>
  ![...TAKERS, 'volume-cloned' as const].some((kind) => faults.kinds.has(kind));

export function replay(world: World): void {
  // What was replayed and is refused late once more is a second letter of the record, rightly.
  if (!mayReplay(world) || world.faults.kinds.has('foreign-narrow')) return;
  const random = world.random.fork('replay');
  const next = (): void =>
    world.later(random.between(200, 2_500), 'replay', () => {
      const life = random.pick(world.lives.filter(({ state, desk }) => state === 'ready' && desk !== undefined));
      const name = random.pick(world.tableNames);
      const table = name === undefined ? undefined : world.catalog.get({ namespace: ['ns'], name });
      // Whoever asks has mended the table, most of the time.
      if (table !== undefined && random.chance(0.7)) widen(world, table);
      if (life !== undefined && name !== undefined)
        life.desk?.settle({ namespace: ['ns'], name }, { kind: 'replay' }, {}).then(
          (settled) => {
            if (settled !== undefined && 'done' in settled)
              world.scheduler.note(
                `${life.name} replayed ${settled.done} letters of ${name}, kept ${settled.keptTotal}`,
              );
          },
          (error: unknown) => {
            if (!isSluiceError(error, 'closed') && !isSluiceError(error, 'unavailable'))
              world.violation('I10', `a replay on ${name} threw ${String(error)}`);
          },
        );
      next();
    });
  next();
}

/** What fits a mended table goes there, and nothing of it a second time. */
export async function replayTwice(
  world: World,
  life: Life,
  until: (what: string, done: () => boolean) => Promise<void>,
): Promise<void> {
  for (const name of mayReplay(world) ? world.tableNames : [])
    for (const again of [false, true]) {
      let over = false;
      life.desk?.settle({ namespace: ['ns'], name }, { kind: 'replay' }, {}).then(
        (settled) => {
          over = true;
          if (again && settled !== undefined && 'done' in settled && settled.done > 0)
            world.violation('I1', `${settled.done} dead letters of ${name} were replayed before, and once more`);
        },
        (error: unknown) => world.scheduler.fail(error),
      );
      await until(`a replay on ${name} does not end`, () => over);
    }
}
