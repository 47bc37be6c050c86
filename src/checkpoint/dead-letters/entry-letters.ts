/** Acknowledged records of one entry as rows of a dead-letter table, for whatever reason they become such. Pure. */
import { SluiceError } from '../../core/errors.ts';
import type { Entry } from '../../contracts/log.ts';
import { base64, letterLine, type LetterCause } from '../../record/dead-letter-table.ts';
import { linesOf, type LateMisfit } from './undecided.ts';

export interface LetterFacts {
  /** Starts the batch's and every letter's id. */
  readonly prefix: string;
  readonly cause: LetterCause;
  readonly receivedAt: number;
  /** The table they were meant for. */
  readonly table: string;
  readonly schemaId: number;
}

/** A row each. Ids are of the position alone: the same record has the same id, whoever decides. */
export function lettersOfEntry(entry: Entry, misfits: readonly LateMisfit[], facts: LetterFacts): readonly string[] {
  const lines = linesOf(entry.payload, new Set(misfits.map(({ index }) => index)));
  const shared = {
    status: 'open',
    batch: `${facts.prefix}_${entry.lane}_${entry.baseOffset}`,
    received_at: new Date(facts.receivedAt).toISOString(),
    table_name: facts.table,
    cause: facts.cause,
    schema_id: facts.schemaId,
    ignore_unknown_fields: entry.ignoreUnknownFields ?? false,
    lane: entry.lane,
  } as const;
  return misfits.map(({ index, misfit }, at) => {
    const line = lines[at];
    if (line === undefined) throw new SluiceError('internal', 'a refused line is not in its entry');
    const position = entry.baseOffset + BigInt(index);
    return letterLine({
      id: `${facts.prefix}_${entry.lane}_${String(position).padStart(19, '0')}`,
      ...shared,
      ...misfit,
      offset: position,
      original: base64(line.subarray(0, line.length - 1)),
    });
  });
}
