/**
 * Spares entries a trial of their own: many are tried at once, and what is written together is cleared. Owns how far entries are cleared,
 * and how far they are doubted because some of them were not written together: those are tried one at a time (`suspicion.ts`).
 */
import type { FileLayout } from '../../contracts/column-engine.ts';
import type { LaneId, Offset } from '../../core/ids.ts';
import type { PoisonHunt } from './poison-hunt.ts';

/** Of one trial. When it fails, so many are tried alone. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 4 * 1024 * 1024;

/** An entry as it is staged. */
export interface EntryLines {
  readonly lane: LaneId;
  readonly baseOffset: Offset;
  /** Each ended by `\n`. */
  readonly lines: Uint8Array;
  readonly count: number;
}

type Place = Pick<EntryLines, 'lane' | 'baseOffset'>;

export class Clearance {
  readonly #hunt: PoisonHunt;
  /** The last position of each lane that is known to be one or the other. */
  readonly #cleared = new Map<LaneId, Offset>();
  readonly #doubted = new Map<LaneId, Offset>();

  constructor(hunt: PoisonHunt) {
    this.#hunt = hunt;
  }

  /**
   * False: the entry is to be tried alone. `ahead` yields it and what follows. Rejects as `PoisonHunt.find` does.
   */
  async clears(
    entry: Place,
    ahead: AsyncIterable<EntryLines>,
    layout: FileLayout,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (isKnown(this.#cleared, entry)) return true;
    if (isKnown(this.#doubted, entry)) return false;
    const entries = await someOf(ahead);
    const written = await this.#hunt.writesTogether(entries, layout, signal);
    const known = written ? this.#cleared : this.#doubted;
    for (const { lane, baseOffset } of entries) known.set(lane, baseOffset);
    return written && isKnown(this.#cleared, entry);
  }
}

const isKnown = (known: ReadonlyMap<LaneId, Offset>, { lane, baseOffset }: Place): boolean =>
  baseOffset <= (known.get(lane) ?? -1n);

async function someOf(ahead: AsyncIterable<EntryLines>): Promise<readonly EntryLines[]> {
  const entries: EntryLines[] = [];
  let bytes = 0;
  for await (const entry of ahead) {
    entries.push(entry);
    bytes += entry.lines.byteLength;
    if (entries.length === MAX_ENTRIES || bytes >= MAX_BYTES) break;
  }
  return entries;
}
