/**
 * The log of some lanes is not here any more (protocol §6). One empty commit with a higher generation makes sure that nothing an earlier
 * life had in flight can land after we have read where the table stands. Owns that one commit.
 */
import { snapshotId, generation, type Generation, type LaneId, type PipelineId } from '../core/ids.ts';
import { positive63, type Runtime } from '../core/runtime.ts';
import { commitLoop, type CommitLoopEvents } from '../commit/commit-loop.ts';
import type { PreparedChange, TableFormat, TableView } from '../contracts/table-format.ts';
import type { Epoch } from '../core/ids.ts';
import type { LaneProgress } from '../record/progress.ts';
import { judge, type CommitPlan } from './protocol.ts';

export type FenceEnd<V> = { readonly kind: 'fenced-off'; readonly view: V } | { readonly kind: 'table-gone' };

/** Resolves with a view in which every lost lane is marked; repeats while somebody else moves the lanes. */
export async function fenceLostLanes<V extends TableView, P extends PreparedChange>(
  format: TableFormat<V, P>,
  view: V,
  pipeline: PipelineId,
  lost: readonly LaneId[],
  owner: Generation,
  epoch: Epoch,
  runtime: Runtime,
  events: CommitLoopEvents,
  signal: AbortSignal,
): Promise<FenceEnd<V>> {
  let base = view;
  for (;;) {
    const standing = format.progress(base, pipeline);
    const lanes = new Map<LaneId, LaneProgress>();
    for (const lane of lost) {
      const at = standing?.lanes.get(lane);
      if (at !== undefined) lanes.set(lane, { next: at.next, generation: above(owner, at.generation), lost: true });
    }
    const token = snapshotId(positive63(runtime.random));
    const plan: CommitPlan = {
      table: base.uuid,
      token,
      known: new Map(),
      alone: false,
      generation: [...lanes.values()].reduce(
        (highest, at) => (at.generation > highest ? at.generation : highest),
        owner,
      ),
      lanes: new Map([...lanes].map(([lane, at]) => [lane, { from: at.next, to: at.next }])),
    };
    const end = await commitLoop<V, P, 'ours' | 'moved'>(
      format,
      { name: base.name, uuid: base.uuid },
      (current) => format.prepare(current, { kind: 'append', added: [], progress: { pipeline, epoch, lanes } }, token),
      (current) => {
        const verdict = judge(format.progress(current, pipeline), plan, format.landed(current, token)).kind;
        if (verdict === 'attempt' && !format.landed(current, token)) return { kind: 'attempt' };
        return { kind: 'settled', result: verdict === 'ours' ? 'ours' : 'moved' };
      },
      runtime,
      events,
      signal,
    );
    if (end.kind === 'table-gone') return { kind: 'table-gone' };
    if (end.kind === 'committed' || end.result === 'ours') return { kind: 'fenced-off', view: end.view };
    base = end.view;
  }
}

const above = (owner: Generation, seen: Generation): Generation => (owner > seen ? owner : generation(seen + 1n));
