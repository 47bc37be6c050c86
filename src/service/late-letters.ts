/** The dead-letter port before there is a log behind it. */
import type { DeadLetterPort } from '../contracts/dead-letters.ts';
import { SluiceError } from '../core/errors.ts';

/** Rejects with `unavailable` until `desk` answers one. */
export function lateLetters(desk: () => DeadLetterPort | undefined): DeadLetterPort {
  const opened = async (): Promise<DeadLetterPort> => {
    const known = desk();
    if (known !== undefined) return known;
    throw new SluiceError('unavailable', 'the log is being read back', {
      remedy: 'ask again when /readyz answers 200',
    });
  };
  return {
    list: async (...asked) => (await opened()).list(...asked),
    groups: async (...asked) => (await opened()).groups(...asked),
    settle: async (...asked) => (await opened()).settle(...asked),
  };
}
