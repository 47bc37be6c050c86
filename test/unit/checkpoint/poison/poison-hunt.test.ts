/** The search for records that an engine does not survive: down to each, and to none when the engine itself is broken. */
import { expect, test } from 'vitest';
import { PoisonHunt, type Suspects } from '../../../../src/checkpoint/poison/poison-hunt.ts';
import type { FileLayout } from '../../../../src/contracts/column-engine.ts';
import type { TrialOutcome } from '../../../../src/contracts/trial-writer.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { laneId, offset } from '../../../../src/core/ids.ts';

const never = new AbortController().signal;
const WRITTEN: TrialOutcome = { kind: 'written' };
const REFUSED: TrialOutcome = { kind: 'failed', killed: false, cause: 'refused' };
const KILLED: TrialOutcome = { kind: 'failed', killed: true, cause: 'ended' };

/** Records are letters; what comes of those that are written together is the caller's word. */
class Rig {
  trials = 0;
  readonly hunt: PoisonHunt;

  constructor(outcomeOf: (lines: string) => TrialOutcome) {
    this.hunt = new PoisonHunt({
      write: (_layout, lines) => {
        this.trials += 1;
        return Promise.resolve(outcomeOf(Buffer.from(lines).toString()));
      },
    });
  }

  async find(records: string): Promise<readonly number[]> {
    return (await this.hunt.find(suspects(records), never)).map(({ index }) => index);
  }
}

const suspects = (records: string): Suspects => ({
  lane: laneId('a'.repeat(32)),
  baseOffset: offset(0),
  lines: Array.from(records, (record, index) => ({ index, line: Buffer.from(`${record}\n`) })),
  layout: {} as FileLayout,
});

const refusing = (letter: string) => (lines: string) => (lines.includes(letter) ? REFUSED : WRITTEN);
const dyingOf = (letter: string) => (lines: string) => (lines.includes(letter) ? KILLED : WRITTEN);

test.each([refusing('x'), dyingOf('x')])(
  'finds each record that fails, in few trials, and acquits the others',
  async (outcome) => {
    const rig = new Rig(outcome);
    expect(await rig.find(`${'a'.repeat(700)}x${'a'.repeat(280)}x${'a'.repeat(18)}`)).toEqual([700, 981]);
    expect(rig.trials).toBeLessThan(50);
    expect(await rig.find('aaaa')).toEqual([]);
  },
);

test('an engine that breaks for good meanwhile convicts nobody', async () => {
  let broken = false;
  const rig = new Rig((lines) => {
    broken ||= lines.includes('x');
    return broken ? KILLED : WRITTEN;
  });
  expect(await rig.find('aaa')).toEqual([]);
  expect(await rig.find('aaxaa')).toEqual([]);
});

test('a record that is refused by itself is convicted once another of its table was written after all', async () => {
  const rig = new Rig(refusing('x'));
  expect(await rig.find('x')).toEqual([]);
  expect(await rig.find('a')).toEqual([]);
  expect(await rig.find('x')).toEqual([0]);
});

test('a record that ends its process by itself is convicted if the engine writes anything at all', async () => {
  expect(await new Rig(dyingOf('x')).find('x')).toEqual([0]);
  expect(await new Rig(() => KILLED).find('x')).toEqual([]);
});

test('a record that fails now and then is acquitted', async () => {
  let failures = 0;
  expect(await new Rig(() => ((failures += 1) <= 2 ? REFUSED : WRITTEN)).find('x')).toEqual([]);
});

test('a disk that is full is no verdict', async () => {
  const rig = new Rig(() => {
    throw new SluiceError('unavailable', 'no space left');
  });
  await expect(rig.find('ab')).rejects.toMatchObject({ kind: 'unavailable' });
});
