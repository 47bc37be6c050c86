/**
 * Finds the records that the column engine does not survive (protocol §3): tries an entry's records where it harms nobody, splits what
 * fails, down to the one record that fails alone. Owns the search; that its finds become dead letters is `late-refusals.ts`.
 */
import type { LaneId, Offset } from '../../core/ids.ts';
import type { FileLayout } from '../../contracts/column-engine.ts';
import type { TrialOutcome, TrialWriter } from '../../contracts/trial-writer.ts';
import type { LateMisfit } from '../dead-letters/undecided.ts';

/** So often a record is tried alone before it is given up. */
const TRIALS = 3;

export interface Suspects {
  readonly lane: LaneId;
  readonly baseOffset: Offset;
  /** As they are staged, each ended by `\n`, with their index within the entry; ascending. */
  readonly lines: readonly IndexedLine[];
  readonly layout: FileLayout;
}

/** `index` within the entry. */
export interface IndexedLine {
  readonly index: number;
  readonly line: Uint8Array;
}

type Failure = Extract<TrialOutcome, { kind: 'failed' }>;

interface Found extends Failure {
  readonly index: number;
}

export class PoisonHunt {
  readonly #trials: TrialWriter;
  /** A record of the table that was written: while it is, the engine is sound. */
  #sound: Uint8Array | undefined;

  constructor(trials: TrialWriter) {
    this.#trials = trials;
  }

  /**
   * Records of the entry that fail, each alone, while another record of the table is still written afterwards: an engine that fails with
   * every record proves nothing against any. For records that end their process, any file will do: left alone they would end the
   * daemon. Rejects with kind `unavailable` when something else is in the way, and `closed`.
   */
  async find({ lines, layout }: Suspects, signal: AbortSignal): Promise<readonly LateMisfit[]> {
    const found: Found[] = [];
    await this.#search(lines, layout, found, signal);
    if (found.length === 0) return [];
    if (this.#sound !== undefined)
      return (await this.#write([this.#sound], layout, signal)).kind === 'written' ? found.map(misfitOf) : [];
    const killers = found.filter(({ killed }) => killed);
    return killers.length > 0 && (await this.#writesAtAll(layout, signal)) ? killers.map(misfitOf) : [];
  }

  /** Whether the records of all these are written as one. Rejects as `find`. */
  async writesTogether(
    entries: readonly { readonly lines: Uint8Array; readonly count: number }[],
    layout: FileLayout,
    signal: AbortSignal,
  ): Promise<boolean> {
    const full = entries.filter(({ count }) => count > 0);
    const [first] = full;
    if (first === undefined) return true;
    const count = full.reduce((sum, entry) => sum + entry.count, 0);
    const outcome = await this.#trials.write(layout, Buffer.concat(full.map(({ lines }) => lines)), count, signal);
    if (outcome.kind === 'failed') return false;
    this.#sound = first.lines.slice(0, first.lines.indexOf(0x0a) + 1);
    return true;
  }

  async #search(lines: readonly IndexedLine[], layout: FileLayout, found: Found[], signal: AbortSignal): Promise<void> {
    const [first] = lines;
    if (first === undefined) return;
    const alone = lines.length === 1;
    let failure: Failure | undefined;
    for (let trial = 0; trial < (alone ? TRIALS : 1); trial += 1) {
      const outcome = await this.#write(
        lines.map(({ line }) => line),
        layout,
        signal,
      );
      if (outcome.kind === 'written') {
        this.#sound = first.line.slice();
        return;
      }
      failure = outcome;
    }
    if (alone && failure !== undefined) {
      found.push({ ...failure, index: first.index });
      return;
    }
    const half = Math.ceil(lines.length / 2);
    await this.#search(lines.slice(0, half), layout, found, signal);
    await this.#search(lines.slice(half), layout, found, signal);
  }

  async #writesAtAll(layout: FileLayout, signal: AbortSignal): Promise<boolean> {
    const plain: FileLayout = {
      ...layout,
      schema: { schemaId: 0, fields: [{ id: 1, name: 'n', required: true, type: { kind: 'long' } }] },
      spec: { specId: 0, fields: [] },
      sortOrder: { orderId: 0, fields: [] },
    };
    return (await this.#write([Buffer.from('{"n":1}\n')], plain, signal)).kind === 'written';
  }

  #write(lines: readonly Uint8Array[], layout: FileLayout, signal: AbortSignal): Promise<TrialOutcome> {
    return this.#trials.write(layout, Buffer.concat(lines), lines.length, signal);
  }
}

const misfitOf = ({ index, cause }: Found): LateMisfit => ({
  index,
  misfit: { pointer: '', code: 'poison', detail: `the column engine does not write the record: ${cause}` },
});
