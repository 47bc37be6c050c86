/** Why a table is looked at: commits, bytes, time, and each figure that crosses its setting. */
import { expect, test } from 'vitest';
import {
  whyLook,
  type LastLook,
  type Moment,
  type TableLevels,
  type Triggers,
} from '../../../src/maintenance/triggers.ts';

const TRIGGERS: Triggers = {
  afterCommits: 10,
  afterBytes: 1_000,
  afterMs: 600_000,
  thresholds: { smallFiles: 500, smallFilesRatio: 0.5, deletesRatio: 0.1, snapshots: 2_000, manifests: 500 },
  urgent: { smallFilesRatio: 0.9, deletesRatio: 0.3, snapshots: 10_000, manifests: 2_000 },
};
const LEVELS: TableLevels = {
  measuredAt: 1,
  bytes: 5_000,
  smallFiles: 0,
  smallFilesRatio: 0,
  deletesRatio: 0,
  snapshots: 100,
  manifests: 20,
};
const LAST: LastLook = { sequenceNumber: 5n, bytes: 4_500, at: 0, wallAt: 0, idle: false, failures: 0 };
const NOW: Moment = { sequenceNumber: 6n, levels: LEVELS, now: 60_000, scheduled: true, open: true };

const why = (moment: Partial<Moment>, last: Partial<LastLook> = {}) =>
  whyLook(TRIGGERS, { ...LAST, ...last }, { ...NOW, ...moment });

test('a table without a reason is left alone', () => {
  expect(why({})).toBeUndefined();
});

test.each<readonly [string, Partial<Moment>, Partial<LastLook>]>([
  ['10 commits since the last look (from 10 on)', { sequenceNumber: 15n }, {}],
  ['1000 bytes since the last look (from 1000 on)', {}, { bytes: 4_000 }],
  ['600 s since the last look', { now: 600_000 }, {}],
])('the schedule: %s', (reason, moment, last) => {
  expect(why(moment, last)).toEqual({ trigger: 'schedule', reason, urgent: false });
  expect(why({ ...moment, scheduled: false }, last)).toBeUndefined();
  expect(why({ ...moment, open: false }, last)).toBeUndefined();
});

test('the first look of a daemon needs the schedule and no other reason', () => {
  expect(whyLook(TRIGGERS, undefined, NOW)).toMatchObject({ trigger: 'schedule' });
  expect(whyLook(TRIGGERS, undefined, { ...NOW, scheduled: false })).toBeUndefined();
});

test.each<readonly [string, Partial<TableLevels>, boolean]>([
  ['500 files a compaction would spare (from 500 on)', { smallFiles: 500 }, false],
  ['50 % of the files a compaction would spare (from 50 % on)', { smallFilesRatio: 0.5 }, false],
  ['12.5 % of the rows are deleted (from 10 % on)', { deletesRatio: 0.125 }, false],
  ['2000 snapshots (from 2000 on)', { snapshots: 2_000 }, false],
  ['500 manifests (from 500 on)', { manifests: 500 }, false],
  ['90 % of the files a compaction would spare (from 90 % on)', { smallFilesRatio: 0.9 }, true],
  ['30 % of the rows are deleted (from 30 % on)', { deletesRatio: 0.3 }, true],
  ['10000 snapshots (from 10000 on)', { snapshots: 10_000 }, true],
  ['2000 manifests (from 2000 on)', { manifests: 2_000 }, true],
])('a threshold, whatever the schedule: %s', (reason, levels, urgent) => {
  const moment = { levels: { ...LEVELS, ...levels }, scheduled: false };
  const expected = { trigger: 'threshold', reason, urgent };
  expect(why(moment)).toEqual(expected);
  // Outside of a window only what is urgent.
  expect(why({ ...moment, open: false })).toEqual(urgent ? expected : undefined);
});

test('figures of before the last look do not bring the next, nor does what a look could not mend', () => {
  const levels = { ...LEVELS, smallFiles: 900 };
  expect(why({ levels }, { wallAt: 1 })).toBeUndefined();
  expect(why({ levels }, { idle: true })).toBeUndefined();
  expect(why({ levels, sequenceNumber: 15n }, { idle: true })).toMatchObject({ trigger: 'threshold' });
});

test('a table whose job failed is left alone for a while, whatever its figures', () => {
  const moment = { levels: { ...LEVELS, snapshots: 50_000 }, sequenceNumber: 99n };
  expect(why({ ...moment, now: 59_999 }, { failures: 1 })).toBeUndefined();
  expect(why({ ...moment, now: 60_000 }, { failures: 1 })).toMatchObject({ urgent: true });
});
