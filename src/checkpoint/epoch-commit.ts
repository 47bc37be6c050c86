/**
 * One sealed epoch into its table (protocol §4 step 4): the plan, the judgement of every fresh base, the four ends.
 * Owns no state: what an end means for the table is `table-pipeline.ts`.
 */
import { messageOf } from '../core/errors.ts';
import {
  snapshotId,
  type Epoch,
  type Generation,
  type PipelineId,
  type TableName,
  type TableUuid,
} from '../core/ids.ts';
import { positive63, type Random, type Runtime } from '../core/runtime.ts';
import { filesStillThere } from '../commit/file-age.ts';
import { commitLoop, type CommitLoopEvents, type Stance } from '../commit/commit-loop.ts';
import type { Locations } from '../contracts/locations.ts';
import type { Log } from '../contracts/log.ts';
import type { PreparedChange, TableFormat, TableView } from '../contracts/table-format.ts';
import { NO_SPAN, type Span } from '../contracts/tracing.ts';
import type { SealedEpoch, UploadedEpoch } from './epoch.ts';
import { judge, lanesToPrune, type CommitPlan } from './protocol.ts';

interface EpochCommitContext<V extends TableView, P extends PreparedChange> {
  readonly format: TableFormat<V, P>;
  readonly locations: Locations;
  readonly log: Pick<Log, 'lanes'>;
  readonly runtime: Runtime;
  readonly pipeline: PipelineId;
  readonly generation: Generation;
}

export type EpochEnd<V> =
  /** In the table under the epoch's token, by this or an earlier attempt. */
  | { readonly kind: 'in'; readonly view: V; readonly seconds: number }
  | { readonly kind: 'recut'; readonly view: V }
  | { readonly kind: 'fenced'; readonly by: Generation }
  | { readonly kind: 'table-gone' };

/** How long a fully committed lane stays in the progress, for volumes that are restored. */
const LANE_RETENTION_MS = 7 * 24 * 3_600_000;

/** Commits nothing but its token: whatever was sent against an earlier base is void then. */
export const emptyEpoch = (epoch: Epoch, random: Random): Pick<SealedEpoch, 'epoch' | 'lanes' | 'token' | 'span'> => ({
  epoch,
  lanes: new Map(),
  token: snapshotId(positive63(random)),
  span: NO_SPAN,
});

type Settled = { readonly kind: 'ours' | 'recut' } | { readonly kind: 'fenced'; readonly by: Generation };

export async function commitEpoch<V extends TableView, P extends PreparedChange>(
  context: EpochCommitContext<V, P>,
  table: { readonly name: TableName; readonly uuid: TableUuid },
  seen: Pick<CommitPlan, 'known' | 'alone'>,
  sealed: Pick<SealedEpoch, 'epoch' | 'lanes' | 'token' | 'span'>,
  uploaded: Pick<UploadedEpoch, 'files' | 'uploadedAt'>,
  state: string | undefined,
  onTrouble: CommitLoopEvents['onTrouble'],
  signal: AbortSignal,
): Promise<EpochEnd<V>> {
  const { format, log, runtime, pipeline, generation } = context;
  const started = runtime.clock.monotonic();
  const plan: CommitPlan = { table: table.uuid, lanes: sealed.lanes, generation, token: sealed.token, ...seen };
  const lanes = new Map([...sealed.lanes].map(([lane, cut]) => [lane, { next: cut.to, generation }]));
  const prepare = (view: V): Promise<P> => {
    const prune = lanesToPrune(format.progress(view, pipeline), log.lanes(), runtime.clock.now(), LANE_RETENTION_MS);
    const progress = {
      pipeline,
      epoch: sealed.epoch,
      lanes,
      ...(state === undefined ? {} : { state }),
      ...(prune.length === 0 ? {} : { prune }),
    };
    return format.prepare(view, { kind: 'append', added: uploaded.files, progress }, sealed.token);
  };
  const span = sealed.span.child('commit');
  const end = await commitLoop<V, P, Settled>(
    attemptsTraced(format, span),
    table,
    prepare,
    (view) => stance(context, view, plan, uploaded),
    runtime,
    { onTrouble },
    signal,
  ).catch((error: unknown) => {
    span.end(messageOf(error));
    throw error;
  });
  span.set({ 'sluice.attempts': 'attempts' in end ? end.attempts : undefined });
  span.end();
  if (end.kind === 'table-gone') return end;
  const seconds = (runtime.clock.monotonic() - started) / 1000;
  if (end.kind === 'committed') return { kind: 'in', view: end.view, seconds };
  switch (end.result.kind) {
    case 'ours':
      return { kind: 'in', view: end.view, seconds };
    case 'recut':
      return { kind: 'recut', view: end.view };
    case 'fenced':
      return end.result;
  }
}

/** A span around every compare-and-swap, with its end. */
function attemptsTraced<V extends TableView, P extends PreparedChange>(
  format: TableFormat<V, P>,
  parent: Span,
): Pick<TableFormat<V, P>, 'load' | 'attempt'> {
  let attempts = 0;
  return {
    load: (name) => format.load(name),
    attempt: async (base, prepared) => {
      attempts += 1;
      const span = parent.child('attempt', { 'sluice.attempt': attempts });
      const outcome = await format.attempt(base, prepared).catch((error: unknown) => {
        span.end(messageOf(error));
        throw error;
      });
      span.set({ 'sluice.outcome': outcome.kind });
      span.end(outcome.kind === 'unknown' ? messageOf(outcome.cause) : undefined);
      return outcome;
    },
  };
}

async function stance<V extends TableView, P extends PreparedChange>(
  { format, locations, runtime, pipeline }: EpochCommitContext<V, P>,
  view: V,
  plan: CommitPlan,
  uploaded: Pick<UploadedEpoch, 'files' | 'uploadedAt'>,
): Promise<Stance<Settled>> {
  const verdict = judge(format.progress(view, pipeline), plan, format.landed(view, plan.token));
  switch (verdict.kind) {
    case 'ours':
    case 'recut':
      return { kind: 'settled', result: { kind: verdict.kind } };
    case 'fenced':
      return { kind: 'settled', result: { kind: 'fenced', by: verdict.generation } };
    case 'attempt':
      // Landed, yet without our progress: rolled back and rewound. The id is spent; a re-cut takes a new one.
      return format.landed(view, plan.token) || !(await filesStillThere(locations, uploaded, runtime.clock))
        ? { kind: 'settled', result: { kind: 'recut' } }
        : { kind: 'attempt' };
  }
}
