/** When tables are looked at without being asked to: schedules, thresholds, and maintenance windows, in virtual time. */
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { nextTime, pauseMs } from '../../../src/maintenance/schedule.ts';
import { Scheduler, type Duty } from '../../../src/maintenance/scheduler.ts';
import type { TableLevels, Why } from '../../../src/maintenance/triggers.ts';
import { parseWindow } from '../../../src/record/maintenance-window.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const HOUR = 3_600_000;
const LEVELS: TableLevels = {
  measuredAt: 0,
  bytes: 0,
  smallFiles: 0,
  smallFilesRatio: 0,
  deletesRatio: 0,
  snapshots: 0,
  manifests: 0,
};

describe('a schedule', () => {
  it('is read by the clocks of its time zone', () => {
    const midnight = Date.UTC(2026, 10, 25);
    expect(nextTime('30 3 * * *', 'UTC', midnight)).toBe(midnight + 3.5 * HOUR);
    expect(nextTime('30 3 * * *', 'Europe/Berlin', midnight)).toBe(midnight + 2.5 * HOUR);
    expect(nextTime('* * * * *', 'UTC', midnight)).toBe(midnight + 60_000);
    expect(nextTime('* * * * * *', 'UTC', midnight)).toBe(midnight + 1_000);
  });

  it('leaves a table that fails alone for longer each time, six hours at most', () => {
    expect([1, 2, 3, 50].map(pauseMs)).toEqual([60_000, 240_000, 960_000, 21_600_000]);
  });
});

describe('the scheduler', () => {
  /** Runs until the schedule has come round so often; each time with the sequence number and the answer given. */
  async function looks(rounds: readonly (readonly [sequence: bigint, well: boolean, advanceMs: number])[]) {
    const runtime = testRuntime(1);
    const looked: number[] = [];
    const stop = new AbortController();
    let round = -1;
    const duty: Duty = {
      kind: 'compact',
      schedule: '* * * * *',
      afterCommits: 10,
      afterMs: 600_000,
      thresholds: {},
      urgent: {},
      look: () => {
        looked.push(round);
        return Promise.resolve(rounds[round]?.[1] === false ? 'failed' : 'done');
      },
    };
    const table = {
      name: { namespace: ['web'], name: 'clicks' },
      uuid: tableUuid('0193f7a0-0000-7000-8000-00000000000a'),
    };
    const scheduler = new Scheduler({
      timeZone: 'UTC',
      windows: [],
      onWindowEnd: () => undefined,
      duties: [duty],
      tables: () => {
        round += 1;
        const now = rounds[round];
        if (now === undefined) {
          stop.abort(new SluiceError('closed', 'enough'));
          return [];
        }
        runtime.advance(now[2]);
        return [{ ...table, sequenceNumber: now[0], levels: undefined }];
      },
      runtime: {
        ...runtime,
        clock: {
          ...runtime.clock,
          sleep: (ms) => {
            if (stop.signal.aborted) return Promise.reject(new SluiceError('closed', 'enough'));
            runtime.advance(ms);
            return Promise.resolve();
          },
        },
      },
      onTrouble: () => undefined,
    });
    await expect(scheduler.run(stop.signal)).rejects.toMatchObject({ kind: 'closed' });
    return looked;
  }

  it('looks at a table at once, then after enough commits or enough time', async () => {
    expect(
      await looks([
        [5n, true, 0],
        [14n, true, 0],
        [15n, true, 0],
        [16n, true, 0],
        [16n, true, 600_000],
      ]),
    ).toEqual([0, 2, 4]);
  });

  it('leaves a table alone for a while after a failure', async () => {
    expect(
      await looks([
        [10n, false, 0],
        [30n, false, 60_000],
        [50n, true, 60_000],
        [70n, true, 240_000],
      ]),
    ).toEqual([0, 1, 3]);
  });
});

describe('over days', () => {
  // A Wednesday, 00:00 in UTC.
  const START = Date.UTC(2026, 10, 25);

  /** Virtual days of a table with a commit a minute. */
  async function days(
    count: number,
    windows: readonly string[],
    levelsAt: (at: number) => TableLevels | undefined,
    parts: (clock: Clock) => Partial<Duty> = () => ({}),
  ) {
    const time = new VirtualTime(START);
    const { clock } = time;
    const hour = (): number => (clock.now() - START) / HOUR;
    const looks: { readonly hour: number; readonly why: Why }[] = [];
    const ends: number[] = [];
    const duty: Duty = {
      kind: 'compact',
      schedule: '0 * * * *',
      afterCommits: 10,
      afterMs: 10 * HOUR,
      thresholds: { smallFilesRatio: 0.5 },
      urgent: { smallFilesRatio: 0.9 },
      look: () => Promise.resolve('done'),
      ...parts(clock),
    };
    const look: Duty['look'] = (table, why) => {
      looks.push({ hour: hour(), why });
      return duty.look(table, why);
    };
    const scheduler = new Scheduler({
      timeZone: 'UTC',
      windows: windows.flatMap((text) => parseWindow(text) ?? []),
      duties: [{ ...duty, look }],
      tables: () => [
        {
          name: { namespace: ['web'], name: 'clicks' },
          uuid: tableUuid('0193f7a0-0000-7000-8000-00000000000a'),
          sequenceNumber: BigInt(Math.floor((clock.now() - START) / 60_000)),
          levels: levelsAt(clock.now()),
        },
      ],
      runtime: { ...testRuntime(1), clock },
      onWindowEnd: () => ends.push(hour()),
      onTrouble: () => undefined,
    });
    const stop = new AbortController();
    const running = scheduler.run(stop.signal);
    const ended = expect(running).rejects.toMatchObject({ kind: 'closed' });
    await time.to(START + count * 24 * HOUR);
    stop.abort(new SluiceError('closed', 'enough'));
    await ended;
    return { looks, ends };
  }

  it('the schedule looks inside of the windows only, and the end of each is told', async () => {
    const { looks, ends } = await days(3, ['22:00-06:00'], () => undefined);
    // Every full hour of three nights; six in the morning is outside, and midnight of the first day was before the start.
    expect(looks.map(({ hour }) => hour)).toEqual(
      Array.from({ length: 73 }, (_, hour) => hour).filter((hour) => hour > 0 && (hour % 24 >= 22 || hour % 24 < 6)),
    );
    for (const { why } of looks) expect(why).toMatchObject({ trigger: 'schedule', urgent: false });
    expect(ends).toEqual([6, 30, 54]);
  });

  it('a threshold waits for the window, an urgent one does not, and neither waits for the schedule', async () => {
    const sick = (ratio: number) => (at: number) => ({ ...LEVELS, measuredAt: at, smallFilesRatio: ratio });
    const never = () => ({ schedule: '0 0 1 1 *' });
    const small = await days(1, ['22:00-06:00'], sick(0.6), never);
    // Once a minute for eight hours.
    expect(small.looks).toHaveLength(8 * 60);
    for (const { hour, why } of small.looks) {
      expect(hour % 24 >= 22 || hour % 24 < 6, String(hour)).toBe(true);
      expect(why).toMatchObject({ trigger: 'threshold', urgent: false });
    }
    const { looks } = await days(1, ['22:00-06:00'], sick(0.95), never);
    expect(looks.some(({ hour }) => hour > 6 && hour < 22)).toBe(true);
    expect(looks[0]?.why).toEqual({
      trigger: 'threshold',
      reason: '95 % of the files a compaction would spare (from 90 % on)',
      urgent: true,
    });
  });

  it('a look that found nothing waits for commits or time', async () => {
    const levels = (at: number) => ({ ...LEVELS, measuredAt: at, smallFilesRatio: 0.95 });
    const { looks } = await days(1, [], levels, () => ({
      schedule: '0 0 1 1 *',
      afterCommits: 120,
      look: () => Promise.resolve('idle'),
    }));
    // A commit a minute: one look in two hours.
    expect(looks).toHaveLength(12);
  });

  it('a scheduled time that passes while a job runs is not lost', async () => {
    const { looks } = await days(
      1,
      [],
      // A threshold is crossed at two in the night, once.
      (at) => ({ ...LEVELS, measuredAt: at, smallFilesRatio: at === START + 2 * HOUR ? 0.6 : 0 }),
      (clock) => ({
        schedule: '0 3 * * *',
        look: async (_table, { trigger }) => {
          // Its job takes until noon.
          if (trigger === 'threshold') await clock.sleep(10 * HOUR);
          return 'done';
        },
      }),
    );
    expect(looks.map(({ hour, why }) => [Math.floor(hour), why.trigger])).toEqual([
      [2, 'threshold'],
      [12, 'schedule'],
    ]);
  });
});
