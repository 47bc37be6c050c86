/**
 * A log that is restored from an older copy while a commit of what it has lost is still under way (protocol §6): no lane in the table need
 * tell of it. Producers are heard behind a commit of this life, and told of everything that landed before it. Seed 80005784, invariant I3.
 */
import { expect, test } from 'vitest';
import { late, type LateCommit } from './late-commit.ts';
import { playSeed } from './play.ts';
import type { SentRequest } from './world/ledger.ts';
import type { Life } from './world/life.ts';
import { Stage } from './world/stage.ts';

interface Restored {
  readonly stage: Stage;
  readonly life: Life;
  readonly commit: LateCommit;
  readonly plain: SentRequest;
  readonly doubtful: SentRequest;
}

/**
 * A plain request, then three records of a channel whose commit is held; the log is restored to where the channel had sent nothing.
 * `fresh`: the commit that is held is the table's first, and adds the plain request, too.
 */
async function restoredLog({
  fresh,
  beforeFence = false,
}: {
  fresh: boolean;
  beforeFence?: boolean;
}): Promise<Restored> {
  const commit = { held: false, beforeFence: false, land: () => false };
  const stage = new Stage({ plant: late(commit) });
  const first = await stage.start();
  const { epoch } = await stage.openChannel(first);
  commit.held = fresh;
  const plain = await stage.append(first);
  if (!fresh) await stage.until(() => stage.isIn(plain));
  first.volume.snapshot(stage.world.scheduler.now);
  commit.held = true;
  const doubtful = stage.exact('channel');
  await stage.sendExactly(first, doubtful, { kind: 'channel', name: 'c', epoch, offset: 0n });
  await stage.until(() => !commit.held);
  stage.restoreVolume(first);
  commit.beforeFence = beforeFence;
  return { stage, commit, plain, doubtful, life: await stage.start() };
}

/** The producer asks where it stands, and sends what it is told is missing; each record is in the table once, or an invariant breaks. */
async function goOn({ stage, life, commit, plain, doubtful }: Restored): Promise<bigint> {
  const { epoch, next } = await stage.openChannel(life);
  if (next === 0n) await stage.sendExactly(life, doubtful, { kind: 'channel', name: 'c', epoch, offset: 0n });
  commit.land();
  await stage.until(() => stage.isIn(doubtful) && stage.isIn(plain));
  await stage.pass(5_000);
  return next;
}

test.each([
  ['the first of its table', true],
  ['of a table that stands somewhere', false],
])(
  'a commit %s is refused behind the first word with a producer, who sends its records again',
  async (_what, fresh) => {
    expect(await goOn(await restoredLog({ fresh }))).toBe(0n);
  },
);

test.each([
  ['the first of its table', true],
  ['of a table that stands somewhere', false],
])('a commit %s that comes before counts for the channel', async (_what, fresh) => {
  expect(await goOn(await restoredLog({ fresh, beforeFence: true }))).toBe(3n);
});

test.each([true, false])('and does when the log brought in more meanwhile (first of its table: %s)', async (fresh) => {
  const restored = await restoredLog({ fresh });
  const { stage, life, commit } = restored;
  expect(commit.land()).toBe(true);
  await stage.append(life);
  await stage.pass(3_000);
  expect(await goOn(restored)).toBe(3n);
});

test('seed 80005784 holds', async () => {
  expect(await playSeed({ seed: 80_005_784 })).toBeUndefined();
});
