/** When an epoch of a table is cut. Pure. Owns no timer and no staging. */

export interface FlushLimits {
  readonly intervalMs: number;
  readonly maxBytes: number;
  readonly maxRows: number;
}

export interface OpenEpoch {
  readonly rows: number;
  readonly bytes: number;
  /** Monotonic milliseconds at which its first record was staged. */
  readonly firstAt: number;
}

export type FlushTrigger = 'interval' | 'bytes' | 'rows';

/** Undefined: not yet. An open epoch has met records, though every one of them may have been refused late. */
export function flushTrigger(open: OpenEpoch, limits: FlushLimits, nowMonotonic: number): FlushTrigger | undefined {
  if (open.bytes >= limits.maxBytes) return 'bytes';
  if (open.rows >= limits.maxRows) return 'rows';
  return nowMonotonic - open.firstAt >= limits.intervalMs ? 'interval' : undefined;
}
