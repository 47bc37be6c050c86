/** Writing records for nothing, where it harms nobody: how records are found that the column engine does not survive. */
import type { FileLayout } from './column-engine.ts';

export type TrialOutcome =
  | { readonly kind: 'written' }
  /** `killed`: the process that wrote them ended by it. */
  | { readonly kind: 'failed'; readonly killed: boolean; readonly cause: string };

export interface TrialWriter {
  /**
   * Writes `count` checked lines (each ended by `\n`) in a process of their own, to files that are thrown away. Rejects with kind
   * `unavailable` when something else is in the way, and `closed`.
   */
  write(layout: FileLayout, lines: Uint8Array, count: number, signal: AbortSignal): Promise<TrialOutcome>;
}
