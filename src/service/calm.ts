/** When maintenance has its turn: not while ingestion is late. */
import type { TablePipeline } from '../checkpoint/table-pipeline.ts';
import type { Clock } from '../core/runtime.ts';
import type { IcebergView } from '../iceberg/iceberg-format.ts';
import type { PreparedAppend } from '../iceberg/prepared-append.ts';

type Pipeline = TablePipeline<IcebergView, PreparedAppend>;
type Lagging = Pick<Pipeline, 'state'> & { readonly lag: Pick<Pipeline['lag'], 'oldestAt'> };

/** Records that wait longer than so many checkpoint intervals are late. */
const LATE_INTERVALS = 3;
const LEAST_LATE_MS = 10_000;
const LOOK_MS = 500;

/** Resolves when no table that can commit has records that are late. A table in trouble does not count: it may be so for days. */
export function calmOf(
  pipelines: () => readonly Lagging[],
  intervalMs: number,
  clock: Clock,
): (signal: AbortSignal) => Promise<void> {
  const lateMs = Math.max(LEAST_LATE_MS, LATE_INTERVALS * intervalMs);
  const isLate = ({ state, lag: { oldestAt } }: Lagging): boolean =>
    state.kind === 'running' && oldestAt !== undefined && clock.monotonic() - oldestAt > lateMs;
  return async (signal) => {
    while (pipelines().some(isLate)) await clock.sleep(LOOK_MS, signal);
  };
}
