/** Why a table stops, and what the operator is told to do about it. Words and their choice only; pure. */
import { SluiceError, disposition, isSluiceError, messageOf } from '../core/errors.ts';
import type { Generation } from '../core/ids.ts';
import type { StopCode } from './pipeline-context.ts';
import { gapText, type Gap } from './protocol.ts';

export interface Stop {
  readonly code: StopCode;
  readonly reason: string;
  readonly remedy: string;
}

export const TABLE_GONE: Stop = {
  code: 'table-gone',
  reason: 'the table was dropped or replaced by another',
  remedy:
    'restore the table under its uuid soon: records that were not in it yet become its dead letters once the catalog has said so twice',
};

export const fencedBy = (generation: Generation): Stop => ({
  code: 'fenced',
  reason: `generation ${generation} owns a lane of this daemon`,
  remedy: 'stop one of the two daemons that share this log',
});

export const stoppedAtGap = (gap: Gap): Stop => ({
  code: 'gap',
  reason: gapText(gap),
  remedy: 'restore the table to the snapshot that held these records, then restart the daemon',
});

/** By what its work threw. */
export function stopBy(error: unknown): Stop {
  const known = isSluiceError(error) ? error : undefined;
  return {
    code: known !== undefined && disposition(known.kind) === 'reject' ? 'not-writable' : 'internal',
    reason: messageOf(error),
    remedy: known?.remedy ?? 'the records are safe in the log; restart the daemon, and report this if it comes back',
  };
}

/** For whoever waits for a commit of the table. */
export const outcomeUnknown = ({ code, reason, remedy }: Stop): SluiceError =>
  new SluiceError(code === 'fenced' ? 'fenced' : 'closed', `outcome unknown: ${reason}`, { remedy });
