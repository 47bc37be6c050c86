/** Snapshot summaries (checklist 1.11, 9.3, 9.4). All values are text. Pure. */
import type { Progress } from '../record/progress.ts';
import type { ProgressStep } from '../record/progress-step.ts';
import { stringifyJson64 } from '../core/json64.ts';

export interface AppendFacts {
  readonly addedFiles: number;
  readonly addedRows: bigint;
  readonly addedBytes: bigint;
  /** Distinct partition tuples among the added files. */
  readonly changedPartitions: number;
  readonly manifestsCreated: number;
  readonly manifestsKept: number;
  readonly manifestsReplaced: number;
}

/** `previous` is the summary of the snapshot before, undefined for a first one: totals then start at 0. */
export function appendSummary(
  previous: Readonly<Record<string, string>> | undefined,
  facts: AppendFacts,
): Readonly<Record<string, string>> {
  return {
    operation: 'append',
    ...present('added-data-files', BigInt(facts.addedFiles)),
    ...present('added-records', facts.addedRows),
    ...present('added-files-size', facts.addedBytes),
    'changed-partition-count': String(facts.changedPartitions),
    ...total(previous, 'total-records', facts.addedRows),
    ...total(previous, 'total-files-size', facts.addedBytes),
    ...total(previous, 'total-data-files', BigInt(facts.addedFiles)),
    ...total(previous, 'total-delete-files', 0n),
    ...total(previous, 'total-position-deletes', 0n),
    ...total(previous, 'total-equality-deletes', 0n),
    'manifests-created': String(facts.manifestsCreated),
    'manifests-kept': String(facts.manifestsKept),
    'manifests-replaced': String(facts.manifestsReplaced),
  };
}

/** Token and changed lanes only: history. What holds is the progress property (protocol §4 "Properties and refs"). */
export function progressSummary(step: ProgressStep, after: Progress): Readonly<Record<string, string>> {
  return {
    'sluice.pipeline': step.pipeline,
    'sluice.token': after.token.toString(),
    'sluice.epoch': step.epoch.toString(),
    'sluice.lanes': stringifyJson64(
      Object.fromEntries(
        [...step.lanes].map(([lane, to]) => [lane, [to.next.toString(), to.generation.toString()]] as const),
      ),
    ),
  };
}

export const present = (key: string, value: bigint): Readonly<Record<string, string>> =>
  value === 0n ? {} : { [key]: value.toString() };

/** A total whose predecessor is missing or no number, or which would be negative, is left out: a wrong one is worse than none. */
export function total(
  previous: Readonly<Record<string, string>> | undefined,
  key: string,
  added: bigint,
): Readonly<Record<string, string>> {
  if (previous === undefined) return { [key]: added.toString() };
  const before = previous[key];
  const after = before !== undefined && /^\d+$/.test(before) ? BigInt(before) + added : -1n;
  return after < 0n ? {} : { [key]: after.toString() };
}
