/** A log that is lost while a commit of its last life is still under way (protocol §6): where the channel stands is read behind the fence. */
import { expect, test } from 'vitest';
import { late, type LateCommit } from './late-commit.ts';
import type { Life } from './world/life.ts';
import { Stage } from './world/stage.ts';

/** Three records of a channel are in the table; the commit of three more is under way when the log is lost. Its next life is ready. */
async function lostLog(commit: LateCommit, buggy = false): Promise<{ readonly stage: Stage; readonly life: Life }> {
  const stage = new Stage({ plant: late(commit, buggy) });
  const first = await stage.start();
  const { epoch } = await stage.openChannel(first);
  const [before, doubtful] = [stage.exact('channel'), stage.exact('channel')];
  await stage.sendExactly(first, before, { kind: 'channel', name: 'c', epoch, offset: 0n });
  await stage.until(() => stage.isIn(before));
  commit.held = true;
  await stage.sendExactly(first, doubtful, { kind: 'channel', name: 'c', epoch, offset: 3n });
  await stage.until(() => !commit.held);
  stage.loseVolume(first);
  return { stage, life: await stage.start() };
}

/** The producer asks where it stands, and sends what it is told is missing. */
async function goOn(stage: Stage, life: Life): Promise<bigint> {
  const { epoch, next } = await stage.openChannel(life);
  const doubtful = stage.world.ledger.requests[1] ?? expect.fail('nothing was sent');
  if (next === 3n) await stage.sendExactly(life, doubtful, { kind: 'channel', name: 'c', epoch, offset: 3n });
  await stage.until(() => stage.isIn(doubtful));
  return next;
}

test('a commit that lands before the fence counts for the channel', async () => {
  const { stage, life } = await lostLog({ held: false, beforeFence: true, land: () => false });
  expect(await goOn(stage, life)).toBe(6n);
});

test('one that comes behind the fence is refused, and its records are sent again', async () => {
  const commit = { held: false, beforeFence: false, land: () => true };
  const { stage, life } = await lostLog(commit);
  expect((await stage.openChannel(life)).next).toBe(3n);
  expect(commit.land()).toBe(false);
  expect(await goOn(stage, life)).toBe(3n);
});

test('a state that was read before the fence would let in again what landed meanwhile', async () => {
  const { stage, life } = await lostLog({ held: false, beforeFence: true, land: () => false }, true);
  await expect(goOn(stage, life)).rejects.toThrow(/^I7: r1, stored at .* was stored again/);
});
