/** What producers send that may become dead letters: rows that fit no table, and such as somebody may make unfit. Owns the shares of each. */
import type { SentRequest } from '../world/ledger.ts';
import type { SeededRandom } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** Dead letters outlive their table: where it may be dropped, what its producers send once more would be there twice. */
export const asksForLetters = ({ faults, random }: World, name: string): boolean =>
  !faults.kinds.has('foreign-drop') && random.fork(`letters of ${name}`).chance(0.6);

/** Some rows of some requests, at times all; for a producer that asks for dead letters. */
export function spoil(request: SentRequest, random: SeededRandom, aboutLateRefusals: boolean): void {
  const share = random.pick([0, 0, 0.5, 1]) ?? 0;
  request.bad = new Set(request.rows.filter(() => random.chance(share)));
  if (random.chance(aboutLateRefusals ? 0.7 : 0.3)) request.columns = ['wide'];
}

/**
 * A log was lost with it, of which one of the two tables may have its part: nobody sends that again as it was, or the other part would be
 * there twice.
 */
export const mayBeHalfLost = ({ unlogged, bad, columns }: SentRequest): boolean =>
  unlogged && (bad.size > 0 || columns.length > 0);
