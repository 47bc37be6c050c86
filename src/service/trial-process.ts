/**
 * The process that writes trials (`trials.ts`): one after the other, with an engine of its own. Says `ready` once, then answers each trial.
 * Ends with its parent.
 */
import { isSluiceError, messageOf } from '../core/errors.ts';
import type { FileLayout } from '../contracts/column-engine.ts';
import { openEngine, type EngineSettings } from './encoder.ts';

export interface TrialRequest {
  readonly layout: FileLayout;
  readonly lines: Uint8Array;
  readonly count: number;
}

export type TrialAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'written' }
  | { readonly kind: 'failed'; readonly cause: string }
  /** Nothing is known of the records. */
  | { readonly kind: 'prevented'; readonly cause: string };

const say = (answer: TrialAnswer): void => void process.send?.(answer);

// A terminal sends its signals to every process at once, and the parent ends in its own time.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

const engine = await openEngine(JSON.parse(process.argv[2] ?? '') as EngineSettings);
const never = new AbortController().signal;
let trials = 0;

async function answerTo({ layout, lines, count }: TrialRequest): Promise<TrialAnswer> {
  trials += 1;
  const staging = engine.staging(layout, `trial-${trials}`);
  try {
    staging.append(lines, count);
    await staging.write(never);
    return { kind: 'written' };
  } catch (error) {
    // A full disk says nothing of the records.
    return { kind: isSluiceError(error, 'unavailable') ? 'prevented' : 'failed', cause: messageOf(error) };
  } finally {
    await staging.drop();
  }
}

process.on('message', (request: TrialRequest) => {
  answerTo(request).then(say, (error: unknown) => say({ kind: 'prevented', cause: messageOf(error) }));
});
say({ kind: 'ready' });
