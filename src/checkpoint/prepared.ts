/** A request made ready for the log: what becomes one frame, and what is said once it is durable. Data only. */
import { offset } from '../core/ids.ts';
import type { Entry, EntryDraft } from '../contracts/log.ts';
import type { AppendAnswer, Position } from '../contracts/service-ports.ts';

export interface Prepared {
  /** One frame: all or none. */
  readonly drafts: readonly EntryDraft[];
  /** Of the request. */
  readonly records: number;
  readonly accepted: number;
  /** For `Log.append`: hands each entry to its table. */
  readonly onAppended: (entries: readonly Entry[]) => void;
  readonly answerOf: (
    entries: readonly Entry[],
  ) => Pick<Extract<AppendAnswer, { kind: 'durable' }>, 'position' | 'committed' | 'deadLetters'>;
}

/** Behind the entry's last record. */
export const positionAfter = ({ lane, baseOffset, count }: Entry): Position => ({
  lane,
  offset: offset(baseOffset + BigInt(count)),
});
