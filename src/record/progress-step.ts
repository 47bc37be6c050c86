/** How the progress of a pipeline moves with one commit (protocol §1, §4). Pure. Decides nothing: it refuses what may never happen. */
import { SluiceError } from '../core/errors.ts';
import type { Epoch, LaneId, PipelineId, SnapshotId, TableUuid } from '../core/ids.ts';
import { bornAt } from '../core/lane-id.ts';
import type { LaneProgress, Progress } from './progress.ts';

export interface ProgressStep {
  readonly pipeline: PipelineId;
  readonly epoch: Epoch;
  /** Lanes this commit moves. */
  readonly lanes: ReadonlyMap<LaneId, LaneProgress>;
  readonly state?: string;
  /** Lanes that leave the map. */
  readonly prune?: readonly LaneId[];
}

/**
 * The progress after the step on the one before it: lanes not named are carried over, and so is the state pointer when the step has
 * none. Throws kind `internal` when a lane's offset or generation would go back (invariants I3, I6).
 */
export function advance(
  before: Progress | undefined,
  step: ProgressStep,
  table: TableUuid,
  token: SnapshotId,
): Progress {
  const lanes = new Map(before?.lanes);
  for (const [lane, to] of step.lanes) {
    const from = lanes.get(lane);
    if (from !== undefined && (to.next < from.next || to.generation < from.generation))
      throw new SluiceError('internal', 'a commit would move the progress of a lane back', {
        context: {
          table,
          lane,
          from: from.next,
          to: to.next,
          fromGeneration: from.generation,
          toGeneration: to.generation,
        },
      });
    lanes.set(lane, to);
  }
  for (const lane of step.prune ?? []) lanes.delete(lane);
  const prunedTo = (step.prune ?? []).reduce((to, lane) => Math.max(to, bornAt(lane)), before?.prunedTo ?? 0);
  const state = step.state ?? before?.state;
  return {
    pipeline: step.pipeline,
    table,
    epoch: step.epoch,
    token,
    ...(state === undefined ? {} : { state }),
    lanes,
    ...(prunedTo === 0 ? {} : { prunedTo }),
  };
}
