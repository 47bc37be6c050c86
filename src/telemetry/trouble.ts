/** What the word of a trouble (`Coordinator.onTrouble`) means for metrics and events. Owns the reading of those words; pure. */
import type { CheckpointFailure, CommitOutcomeWord } from '../contracts/metrics.ts';

export interface Trouble {
  /** The end of an attempt at a commit. */
  readonly attempt?: Exclude<CommitOutcomeWord, 'committed'>;
  /** The checkpoint under way did not end in its commit. */
  readonly failure?: CheckpointFailure;
  readonly parked?: true;
  /** Daily life, which nobody is woken for. */
  readonly quiet?: true;
}

export function readTrouble(state: string): Trouble {
  switch (state) {
    case 'conflict':
      return { attempt: 'conflict', quiet: true };
    case 'unknown':
      return { attempt: 'unknown' };
    case 'write-failed':
      return { failure: 'write_failed' };
    case 'recut':
      return { failure: 'recut' };
    case 'parked':
      return { parked: true };
    case 'resumed':
      return { quiet: true };
    default:
      return state.startsWith('stopped') ? { failure: 'stopped' } : {};
  }
}
