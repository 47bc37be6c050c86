/** Rules about tables into which records do not flow, or do not flow any more. */
import { evidence, isoTime, span, tableOf, tableRule, verdict } from '../rule.ts';

/** Intervals without a commit, while records wait, that are too many. */
const STALLED_INTERVALS = 3;
/** A short interval is no reason to call a slow commit a standstill. */
const STALLED_AT_LEAST_SECONDS = 15;
const IDLE_SECONDS = 300;

export const stopped = tableRule('stopped', (table) => {
  const { state, reason, remedy, lagRecords, lagBytes } = table.status;
  if (state !== 'stopped') return undefined;
  return verdict(
    'error',
    `${tableOf(table)} has stopped and takes no records: ${reason ?? 'no reason is known'}`,
    [
      evidence('records waiting in the log', Number(lagRecords), 'records'),
      evidence('bytes waiting in the log', lagBytes, 'bytes'),
    ],
    remedy ?? 'restart the daemon; what was acknowledged is in the log',
    `sluice describe ${tableOf(table)}`,
  );
});

export const unreadable = tableRule('unreadable', (table) =>
  table.unreadable === undefined
    ? undefined
    : verdict(
        'error',
        `${tableOf(table)} cannot be read: ${table.unreadable}`,
        [evidence('records waiting in the log', Number(table.status.lagRecords), 'records')],
        'make catalog and store answer, or restore the file that is named; the records wait in the log',
        'sluice validate',
      ),
);

export const stalled = tableRule('stalled', (table, { settings, now }) => {
  const { status, trouble } = table;
  const limit = Math.max(STALLED_AT_LEAST_SECONDS, (STALLED_INTERVALS * settings.checkpointIntervalMs) / 1000);
  if (status.state === 'stopped' || status.lagRecords === 0n || status.freshnessSeconds < limit) return undefined;
  // What went wrong before these records came has passed.
  const isOfNow = trouble !== undefined && trouble.at >= now - status.freshnessSeconds * 1000;
  const stage = stageOf(isOfNow ? trouble.state : undefined);
  const cause = status.reason ?? (isOfNow ? trouble.cause : undefined);
  return verdict(
    'error',
    `${tableOf(table)} has records waiting for ${span(status.freshnessSeconds)} and no commit lands; it fails at: ${stage}`,
    [
      evidence('oldest record waits', status.freshnessSeconds, 'seconds', limit),
      evidence('records waiting', Number(status.lagRecords), 'records'),
      evidence('records a second', table.intake.recordsPerSecond, 'records/s'),
      ...(cause === undefined ? [] : [evidence('last error', cause)]),
      ...(status.lastCommit === undefined ? [] : [evidence('last commit', isoTime(status.lastCommit.at))]),
    ],
    REMEDIES[stage],
    'sluice validate',
  );
});

type Stage = 'write' | 'store or catalog' | 'commit' | 'nothing yet';

function stageOf(state: string | undefined): Stage {
  if (state === undefined) return 'nothing yet';
  if (state === 'write-failed' || state === 'spool-left') return 'write';
  return state === 'unavailable' ? 'store or catalog' : 'commit';
}

const REMEDIES: Readonly<Record<Stage, string>> = {
  write: 'free space under `spool`, or raise `memory.duckdb`; the records are written anew from the log',
  'store or catalog': 'see that store and catalog answer; nothing is lost meanwhile, commits go on by themselves',
  commit: 'see that the catalog answers and that no other writer commits all the time',
  'nothing yet': 'nothing failed, so it is slow: see the findings on encoding, uploads and commits beside this one',
};

/** The silence of a source is told apart from a fault of ours. */
export const idle = tableRule('idle', (table, daemon) => {
  const { status, intake, survey } = table;
  if (status.state !== 'running' || status.lagRecords > 0n || table.unreadable !== undefined) return undefined;
  // A daemon that was restarted has seen nothing, but the table remembers.
  const ours = survey?.recent.find(({ summary }) => summary.get('sluice.pipeline') === daemon.pipeline);
  const lastAt = Math.max(intake.lastAt ?? 0, status.lastCommit?.at ?? 0, ours?.timestampMs ?? 0);
  const quiet = (daemon.now - (lastAt === 0 ? daemon.startedAt : lastAt)) / 1000;
  if (quiet < IDLE_SECONDS) return undefined;
  const since = lastAt === 0 ? `since the daemon started at ${isoTime(daemon.startedAt)}` : `since ${isoTime(lastAt)}`;
  return verdict(
    'info',
    `nothing came for ${tableOf(table)} ${since}; everything that came before is in the table`,
    [evidence('quiet', quiet, 'seconds', IDLE_SECONDS), evidence('records waiting', 0, 'records')],
    'nothing is broken here; if records are expected, look at what sends them',
    `sluice snapshots ${tableOf(table)}`,
  );
});

export const parked = tableRule('parked', (table) =>
  table.parked
    ? verdict(
        'error',
        `the records of ${tableOf(table)} were moved aside, because it does not commit while others do`,
        [
          evidence('records waiting', Number(table.status.lagRecords), 'records'),
          evidence('state', table.status.state),
          ...(table.status.reason === undefined ? [] : [evidence('last error', table.status.reason)]),
        ],
        'mend what keeps the table from committing; its records are kept with their offsets, and its producers get 503 past `log.table_share`',
        `sluice log inspect --summary`,
      )
    : undefined,
);

/** Share of refused records at which somebody should look. */
const REFUSED_SHARE = 0.01;

export const deadLetterSpike = tableRule('dead-letter-spike', (table, { windowSeconds }) => {
  const refused = (table.deadLetters ?? []).reduce((total, { records }) => total + records, 0);
  const accepted = table.intake.recordsPerSecond * windowSeconds;
  const share = refused / Math.max(1, refused + accepted);
  const worst = [...(table.deadLetters ?? [])].sort((a, b) => b.records - a.records)[0];
  if (worst === undefined || share < REFUSED_SHARE) return undefined;
  return verdict(
    'warning',
    `${refused} records for ${tableOf(table)} did not fit over the last ${span(windowSeconds)}, most of them as ${worst.code}`,
    [
      evidence('refused', share * 100, '%', REFUSED_SHARE * 100),
      ...(table.deadLetters ?? []).map(({ code, records }) => evidence(code, records, 'records')),
    ],
    'compare what the producers send with the schema; docs/problems.md explains each code',
    `sluice describe ${tableOf(table)}`,
  );
});
