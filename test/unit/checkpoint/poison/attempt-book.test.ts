/** What a life began and did not end is known to the next, whatever ended it. */
import { expect, test } from 'vitest';
import { AttemptBook } from '../../../../src/checkpoint/poison/attempt-book.ts';
import { tableUuid } from '../../../../src/core/ids.ts';
import { seededRandom } from '../../../support/sim-disk/seeded-random.ts';
import { SimDisk } from '../../../support/sim-disk/sim-disk.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const other = tableUuid('00000000-0000-4000-8000-000000000002');
async function lives(): Promise<{ readonly disk: SimDisk; readonly next: (power?: boolean) => Promise<AttemptBook> }> {
  const disk = new SimDisk();
  await disk.makeDirectory('/log');
  return {
    disk,
    next: (power = false) => {
      if (power) disk.crashPower(seededRandom(1));
      else disk.crashKill();
      return AttemptBook.open(disk, '/log/attempts');
    },
  };
}

test.each([false, true])('lives in vain are counted until one was not (power cut: %s)', async (power) => {
  const { next } = await lives();
  let book = await next();
  for (let life = 0; life < 3; life += 1) {
    expect(book.begunFor(table)).toBe(life);
    await book.begin(table);
    book = await next(power);
  }
  expect(book.begunFor(other)).toBe(0);
  await book.end(table);
  expect((await next(power)).begunFor(table)).toBe(0);
});

test('a file that nobody can read counts as none', async () => {
  const { disk, next } = await lives();
  const file = await disk.open('/log/attempts', 'create-new');
  await file.append([Buffer.from('{"not":')]);
  await file.sync();
  await disk.syncDirectory('/log');
  const book = await next();
  expect(book.begunFor(table)).toBe(0);
  await book.begin(table);
  expect((await next()).begunFor(table)).toBe(1);
});
