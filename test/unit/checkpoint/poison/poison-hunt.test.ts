/** The search for records that an engine does not survive: down to each, and to none when the engine itself is broken. */
import { expect, test } from 'vitest';
import { AttemptBook } from '../../../../src/checkpoint/poison/attempt-book.ts';
import { PoisonHunt, type Suspects } from '../../../../src/checkpoint/poison/poison-hunt.ts';
import type { ColumnEngine, FileLayout } from '../../../../src/contracts/column-engine.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { laneId, offset, tableUuid } from '../../../../src/core/ids.ts';
import { SimDisk } from '../../../support/sim-disk/sim-disk.ts';

const table = tableUuid('00000000-0000-4000-8000-000000000001');
const lane = laneId('a'.repeat(32));
const never = new AbortController().signal;

/** Records are letters; `refuses` sees what is written together. */
class Rig {
  trials = 0;
  readonly disk = new SimDisk();
  readonly #refuses: (lines: string) => boolean;

  constructor(refuses: (lines: string) => boolean) {
    this.#refuses = refuses;
  }

  async hunt(): Promise<PoisonHunt> {
    await this.disk.makeDirectory('/log');
    const staging = () => {
      let lines = '';
      return {
        append: (bytes: Uint8Array) => (lines += Buffer.from(bytes).toString()),
        write: () => {
          this.trials += 1;
          return this.#refuses(lines) ? Promise.reject(new SluiceError('internal', 'refused')) : Promise.resolve([]);
        },
        drop: () => Promise.resolve(),
      };
    };
    const engine = { staging } as unknown as ColumnEngine;
    return new PoisonHunt(engine, await AttemptBook.open(this.disk, '/log/attempts'));
  }
}

const suspects = (records: string, baseOffset = 0): Suspects => ({
  table,
  lane,
  baseOffset: offset(baseOffset),
  count: records.length,
  lines: Array.from(records, (record, index) => ({ index, line: Buffer.from(`${record}\n`) })),
  layout: {} as FileLayout,
});

const indexes = async (hunt: PoisonHunt, records: string, baseOffset = 0): Promise<readonly number[]> =>
  (await hunt.find(suspects(records, baseOffset), never)).map(({ index }) => index);

test('finds each record that fails, in few trials, and acquits the others', async () => {
  const rig = new Rig((lines) => lines.includes('x'));
  const hunt = await rig.hunt();
  expect(await indexes(hunt, `${'a'.repeat(700)}x${'a'.repeat(280)}x${'a'.repeat(18)}`)).toEqual([700, 981]);
  expect(rig.trials).toBeLessThan(100);
  expect(await indexes(hunt, 'aaaa', 2_000)).toEqual([]);
});

test('an engine that breaks for good meanwhile convicts nobody', async () => {
  let broken = false;
  const hunt = await new Rig((lines) => (broken ||= lines.includes('x'))).hunt();
  expect(await indexes(hunt, 'aaa')).toEqual([]);
  expect(await indexes(hunt, 'aaxaa', 10)).toEqual([]);
});

test('a record by itself is convicted once another of its table was written after all', async () => {
  const hunt = await new Rig((lines) => lines.includes('x')).hunt();
  expect(await indexes(hunt, 'x')).toEqual([]);
  expect(await indexes(hunt, 'a', 5)).toEqual([]);
  expect(await indexes(hunt, 'x')).toEqual([0]);
});

test('a disk that is full is no verdict', async () => {
  const hunt = await new Rig(() => {
    throw new SluiceError('unavailable', 'no space left');
  }).hunt();
  await expect(hunt.find(suspects('ab'), never)).rejects.toMatchObject({ kind: 'unavailable' });
});
