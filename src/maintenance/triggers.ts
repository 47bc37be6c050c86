/**
 * Why a table is looked at without being asked to: what the schedule goes by, and figures that crossed a setting. Pure. Owns the decision and
 * its words; times are the scheduler's, figures come from whoever measures.
 */
import type { Job } from '../contracts/maintenance-port.ts';
import { pauseMs } from './schedule.ts';

/** Of the current snapshot, as of the last look at its metadata. */
export interface TableLevels {
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
  readonly bytes: number;
  /** Small files that a compaction would spare, and their part of all files. */
  readonly smallFiles: number;
  readonly smallFilesRatio: number;
  /** Deleted rows for each row of the data files. */
  readonly deletesRatio: number;
  readonly snapshots: number;
  readonly manifests: number;
}

/** From these on a table is looked at. */
export type Thresholds = Readonly<Partial<Record<Exclude<keyof TableLevels, 'measuredAt' | 'bytes'>, number>>>;

export interface Triggers {
  /** The schedule looks at a table after so many commits or bytes, or this long after the last look. */
  readonly afterCommits: number;
  readonly afterBytes?: number;
  readonly afterMs: number;
  /** Looked at within a minute, whatever the schedule says. */
  readonly thresholds: Thresholds;
  /** The same, outside of the maintenance windows too. */
  readonly urgent: Thresholds;
}

/** When a table was looked at last, and what came of it. */
export interface LastLook {
  readonly sequenceNumber: bigint;
  readonly bytes: number | undefined;
  /** Monotonic and wall time of its end. */
  readonly at: number;
  readonly wallAt: number;
  /** It found nothing to do. */
  readonly idle: boolean;
  readonly failures: number;
}

export interface Moment {
  readonly sequenceNumber: bigint;
  readonly levels: TableLevels | undefined;
  /** Monotonic. */
  readonly now: number;
  /** The schedule has come round. */
  readonly scheduled: boolean;
  /** A maintenance window is open. */
  readonly open: boolean;
}

export interface Why {
  readonly trigger: Exclude<Job['trigger'], 'request'>;
  readonly reason: string;
  /** Goes on when the maintenance window closes. */
  readonly urgent: boolean;
}

/** Undefined: not now. */
export function whyLook(triggers: Triggers, last: LastLook | undefined, moment: Moment): Why | undefined {
  const { levels, now, scheduled, open } = moment;
  if (last !== undefined && last.failures > 0 && now - last.at < pauseMs(last.failures)) return undefined;
  const change = changeSince(triggers, last, moment);
  // Figures of before the last look say nothing about what it did, and what it could not mend waits for a change.
  const known = last === undefined || (!last.idle && last.wallAt < (levels?.measuredAt ?? 0)) || change !== undefined;
  const crossed = (thresholds: Thresholds): string | undefined =>
    levels === undefined || !known ? undefined : crossing(levels, thresholds);
  const urgent = crossed(triggers.urgent);
  if (urgent !== undefined) return { trigger: 'threshold', reason: urgent, urgent: true };
  if (!open) return undefined;
  const reached = crossed(triggers.thresholds);
  if (reached !== undefined) return { trigger: 'threshold', reason: reached, urgent: false };
  return scheduled && change !== undefined ? { trigger: 'schedule', reason: change, urgent: false } : undefined;
}

function changeSince(
  { afterCommits, afterBytes, afterMs }: Triggers,
  last: LastLook | undefined,
  { sequenceNumber, levels, now }: Moment,
): string | undefined {
  if (last === undefined) return 'the first look of this daemon';
  const commits = sequenceNumber - last.sequenceNumber;
  if (commits >= BigInt(afterCommits)) return `${commits} commits since the last look (from ${afterCommits} on)`;
  const bytes = (levels?.bytes ?? 0) - (last.bytes ?? Number.POSITIVE_INFINITY);
  if (afterBytes !== undefined && bytes >= afterBytes)
    return `${bytes} bytes since the last look (from ${afterBytes} on)`;
  return now - last.at >= afterMs ? `${Math.round((now - last.at) / 1000)} s since the last look` : undefined;
}

const plain = String;
const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;

const WORDS: readonly (readonly [keyof Thresholds, string, (value: number) => string])[] = [
  ['smallFilesRatio', 'of the files a compaction would spare', percent],
  ['smallFiles', 'files a compaction would spare', plain],
  ['deletesRatio', 'of the rows are deleted', percent],
  ['snapshots', 'snapshots', plain],
  ['manifests', 'manifests', plain],
];

/** In words; undefined when no figure has reached its threshold. */
function crossing(levels: TableLevels, thresholds: Thresholds): string | undefined {
  for (const [name, what, text] of WORDS) {
    const threshold = thresholds[name];
    if (threshold !== undefined && levels[name] >= threshold)
      return `${text(levels[name])} ${what} (from ${text(threshold)} on)`;
  }
  return undefined;
}
