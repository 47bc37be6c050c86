/** What the word of a trouble (`Coordinator.onTrouble`) means for metrics and events. Owns the reading of those words; pure. */
import type { CheckpointFailure, CommitOutcomeWord } from '../contracts/metrics.ts';

export interface Trouble {
  /** The end of an attempt at a commit. */
  readonly attempt?: Exclude<CommitOutcomeWord, 'committed'>;
  /** The checkpoint under way did not end in its commit. */
  readonly failure?: CheckpointFailure;
  readonly parked?: true;
  /** How loud it is said: a lost race is daily life. */
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
}

const IN_TROUBLE = 'a table is in trouble';

export function readTrouble(state: string): Trouble {
  switch (state) {
    case 'conflict':
      return { attempt: 'conflict', level: 'debug', message: 'a commit lost against another writer' };
    case 'unknown':
      return { attempt: 'unknown', level: 'warn', message: IN_TROUBLE };
    case 'write-failed':
      return { failure: 'write_failed', level: 'warn', message: IN_TROUBLE };
    case 'recut':
      return { failure: 'recut', level: 'warn', message: IN_TROUBLE };
    case 'parked':
      return { parked: true, level: 'warn', message: 'a table was parked' };
    case 'buried':
      return { level: 'warn', message: 'records of a table that is gone became dead letters' };
    case 'resumed':
      return { level: 'info', message: 'a table that had stopped goes on' };
    default:
      return { ...(state.startsWith('stopped') ? { failure: 'stopped' } : {}), level: 'warn', message: IN_TROUBLE };
  }
}
