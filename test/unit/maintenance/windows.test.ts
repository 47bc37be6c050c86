/** What a closing maintenance window does to jobs: those of the schedule stop, what is urgent or was asked for goes on. */
import { expect, test } from 'vitest';
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import type { TableView } from '../../../src/contracts/table-format.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { Upkeep, type Chore } from '../../../src/maintenance/upkeep.ts';
import type { TableLevels } from '../../../src/maintenance/triggers.ts';
import { parseWindow } from '../../../src/record/maintenance-window.ts';
import { viewOf } from '../../support/fake-ports.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 25);
const TABLE = { namespace: ['web'], name: 'clicks' };
const UUID = tableUuid('0193f7a0-0000-7000-8000-00000000000a');
const view: TableView = {
  ...viewOf({ name: TABLE, fields: [], partition: [], properties: new Map() }),
  uuid: UUID,
};
const NEVER_DUE: Chore<TableView>['duty'] = undefined;

/** A daemon whose compaction takes three hours and is due at 05:50, with a window until six. */
function daemon(smallFilesRatio: number) {
  const time = new VirtualTime(START);
  const levels = (): TableLevels => ({
    measuredAt: time.clock.now(),
    bytes: 0,
    smallFiles: 0,
    smallFilesRatio: time.clock.now() < START + 5.5 * HOUR ? 0 : smallFilesRatio,
    deletesRatio: 0,
    snapshots: 0,
    manifests: 0,
  });
  const chore = (duty: Chore<TableView>['duty']): Chore<TableView> => ({
    duty,
    unit: 'bytes',
    nothing: {},
    estimate: () => Promise.resolve({ files: 100 }),
    run: async (_place, _report, signal) => {
      await time.clock.sleep(3 * HOUR, signal);
      return { filesRemoved: 100 };
    },
  });
  const upkeep = new Upkeep<TableView>({
    chores: {
      compact: chore({
        schedule: '50 5 * * *',
        afterCommits: 1,
        afterMs: 0,
        thresholds: {},
        urgent: { smallFilesRatio: 0.9 },
      }),
      'expire-snapshots': chore(NEVER_DUE),
      'rewrite-manifests': chore(NEVER_DUE),
      'remove-orphans': chore(NEVER_DUE),
    },
    place: () => Promise.resolve({ target: { name: TABLE, uuid: UUID, queue: new CommitQueue() }, view }),
    rollback: {
      tables: { load: () => Promise.resolve({ kind: 'absent' }) },
      format: { rollBack: () => Promise.resolve({ kind: 'conflict', cause: 'not asked for' }) },
      history: () => [],
      onTrouble: () => undefined,
    },
    tables: () => [view],
    levelsOf: levels,
    window: { timeZone: 'UTC', windows: [parseWindow('22:00-06:00')].filter((window) => window !== undefined) },
    runtime: { ...testRuntime(2), clock: time.clock },
    known: [],
    onStart: () => undefined,
    onEnd: () => undefined,
    onTrouble: () => undefined,
  });
  upkeep.begin();
  return { upkeep, time };
}

test('a job of the schedule stops when the window closes, and says why', async () => {
  const { upkeep, time } = daemon(0);
  await time.to(START + 5.9 * HOUR);
  expect(upkeep.jobs()).toMatchObject([{ state: 'running', trigger: 'schedule' }]);
  await time.to(START + 6 * HOUR + MINUTE);
  expect(upkeep.jobs()).toMatchObject([
    { state: 'cancelled', error: 'the maintenance window closed; what it committed stays' },
  ]);
  // Until the next evening nothing begins.
  await time.to(START + 21 * HOUR);
  expect(upkeep.jobs()).toHaveLength(1);
  await upkeep.end();
});

test('an urgent job goes on', async () => {
  const { upkeep, time } = daemon(0.95);
  await time.to(START + 7 * HOUR);
  expect(upkeep.jobs()).toMatchObject([{ state: 'running', trigger: 'threshold' }]);
  await time.to(START + 8.6 * HOUR);
  expect(upkeep.jobs().at(-1)).toMatchObject({ state: 'done', result: { filesRemoved: 100 } });
  await upkeep.end();
});

test('a job that was asked for runs at any hour', async () => {
  const { upkeep, time } = daemon(0);
  await time.to(START + 12 * HOUR);
  const asked = await upkeep.start('expire-snapshots', TABLE);
  await time.to(START + 15 * HOUR + MINUTE);
  expect(upkeep.job(asked?.id ?? '')).toMatchObject({ state: 'done', trigger: 'request' });
  await upkeep.end();
});
