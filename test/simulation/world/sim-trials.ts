/** Trials in a process of their own: poison ends that process or is refused there, and the daemon lives on. */
import { SluiceError } from '../../../src/core/errors.ts';
import type { FileLayout } from '../../../src/contracts/column-engine.ts';
import type { TrialOutcome, TrialWriter } from '../../../src/contracts/trial-writer.ts';
import { areLetters, rowsOf } from './records.ts';
import type { EngineContext } from './sim-engine.ts';

export class SimTrials implements TrialWriter {
  readonly #context: Pick<EngineContext, 'effects' | 'faults' | 'random' | 'trouble' | 'poison'>;

  constructor(context: Pick<EngineContext, 'effects' | 'faults' | 'random' | 'trouble' | 'poison'>) {
    this.#context = context;
  }

  async write(_layout: FileLayout, lines: Uint8Array, _count: number, signal: AbortSignal): Promise<TrialOutcome> {
    const { effects, faults, random, trouble, poison } = this.#context;
    const prevented = faults.on('encode-fails') && random.chance(trouble / 2);
    await effects.do('trial', random.between(1, 40), () => undefined);
    if (signal.aborted) throw new SluiceError('closed', 'the trial was given up');
    if (prevented) throw new SluiceError('unavailable', 'no space left for the trial');
    // A letter about such a record is no such record.
    const found = areLetters(lines) ? [] : rowsOf(lines).flatMap((row) => poison.get(row) ?? []);
    if (found.includes('kills')) return { kind: 'failed', killed: true, cause: 'the process that wrote it ended' };
    return found.length > 0 ? { kind: 'failed', killed: false, cause: 'refused' } : { kind: 'written' };
  }
}
