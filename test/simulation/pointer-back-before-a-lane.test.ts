/**
 * A catalog restored from an older copy took a table back to before a lane of the log began. The log went on taking that lane's records for
 * committed, and trimmed them under a feed that waited for something else: they were in the table no more, and nowhere. Seed 1270, invariant
 * I3, with a feed that holds no file of the log while it waits.
 */
import { expect, test } from 'vitest';
import { Stage } from './world/stage.ts';

test('what a table lost of a lane that it no longer knows is pending in the log until it is in again', async () => {
  const stage = new Stage();
  const first = await stage.start();
  const before = await stage.append(first);
  await stage.until(() => stage.isIn(before));
  const older = stage.table();
  first.end();
  const life = await stage.start();
  const lost = await stage.append(life);
  await stage.until(() => stage.isIn(lost));
  const lane = lost.stored?.position.lane;
  const pendingFrom = (): bigint | undefined => life.log?.lanes().find((range) => range.lane === lane)?.first;
  await stage.until(() => (pendingFrom() ?? 0n) > 0n);

  stage.world.foreign(stage.table(), 'pointer-back', older);
  const [after] = stage.send(life);
  await stage.until(() => pendingFrom() === 0n);
  await stage.until(() => stage.isIn(lost) && stage.isIn(after));
  expect(stage.isIn(before)).toBe(true);
});
