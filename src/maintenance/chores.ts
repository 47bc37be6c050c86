/** Compaction, expiry, manifest rewriting and orphan removal as chores of the upkeep: figures of their plans and results. Owns no work. */
import type { Figures } from '../contracts/maintenance-port.ts';
import type { PreparedManifests, PreparedReplace } from '../contracts/maintenance.ts';
import type { TableView } from '../contracts/table-format.ts';
import { SluiceError } from '../core/errors.ts';
import type { EstimatedPlan } from './compaction-estimate.ts';
import { DeleteUse } from './delete-use.ts';
import type { Compactor } from './compactor.ts';
import type { Expirer } from './expirer.ts';
import type { ManifestRewriter } from './manifest-rewriter.ts';
import type { OrphanRemover, RootedView } from './orphan-remover.ts';
import type { Chore } from './upkeep.ts';

export function compactionChore<V extends TableView, R extends PreparedReplace>(
  compactor: Compactor<V, R>,
  duty: Chore<V>['duty'],
): Chore<V> {
  const figures = (plan: EstimatedPlan): Figures => ({
    ...compactor.estimate(plan),
  });
  return {
    duty,
    unit: 'bytes',
    nothing: figures({ groups: [], use: new DeleteUse([]), dangling: [], isSorted: false }),
    async estimate(view, arrangement) {
      const plan = await compactor.plan(view, arrangement);
      return plan.groups.length + plan.dangling.length === 0 ? undefined : figures(plan);
    },
    async run({ target, view }, report, signal, arrangement) {
      const plan = await compactor.plan(view, arrangement);
      report.log(`${plan.files} files, ${plan.smallFiles} of them small; ${plan.groups.length} groups to rewrite`);
      if (plan.unreadable > 0) report.log(`${plan.unreadable} files are of a format that is not rewritten here`);
      const result = await compactor.run(target, view, plan, report, signal);
      if (result.groupsFailed > 0 && result.groupsCommitted === 0)
        throw new SluiceError(
          'unsupported',
          `none of ${result.groupsFailed} groups could be rewritten; the log says why`,
        );
      return { ...result };
    },
  };
}

export const expiryChore = <V extends TableView>(expirer: Expirer<V>, duty: Chore<V>['duty']): Chore<V> => {
  const figures = (view: V): Figures & { readonly snapshots: number; readonly refs: number } => {
    const { snapshots, refs } = expirer.plan(view);
    return { snapshots: snapshots.length, refs: refs.length };
  };
  return {
    duty,
    unit: 'objects',
    nothing: { snapshots: 0, refs: 0 },
    estimate(view) {
      const planned = figures(view);
      return Promise.resolve(planned.snapshots + planned.refs === 0 ? undefined : planned);
    },
    run: async ({ target }, report, signal) => ({ ...(await expirer.run(target, report, signal)) }),
  };
};

export const manifestChore = <V extends TableView, M extends PreparedManifests>(
  rewriter: ManifestRewriter<V, M>,
  duty: Chore<V>['duty'],
): Chore<V> => ({
  duty,
  unit: 'bytes',
  nothing: { groups: 0, manifests: 0, bytes: 0n },
  async estimate(view) {
    const groups = await rewriter.plan(view);
    if (groups.length === 0) return undefined;
    return {
      groups: groups.length,
      manifests: groups.reduce((sum, { paths }) => sum + paths.length, 0),
      bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0n),
    };
  },
  run: async ({ target, view }, report, signal) => ({ ...(await rewriter.run(target, view, report, signal)) }),
});

export const orphanChore = <V extends RootedView>(remover: OrphanRemover<V>, duty: Chore<V>['duty']): Chore<V> => ({
  duty,
  beginsUnseen: true,
  unit: 'bytes',
  nothing: { objects: 0, orphans: 0, bytes: 0n, tooYoung: 0 },
  async estimate(view) {
    const { listed, orphans, bytes, tooYoung } = await remover.find(view);
    return { objects: listed, orphans: orphans.length, bytes, tooYoung };
  },
  async run({ target, view }, report, signal) {
    const { listed, orphans, tooYoung, quarantined, deleted, deletedBytes, failed } = await remover.run(
      target,
      view,
      report,
      signal,
    );
    return {
      objects: listed,
      orphans: orphans.length,
      tooYoung,
      quarantined,
      objectsDeleted: deleted,
      bytesDeleted: deletedBytes,
      objectsLeft: failed.length,
    };
  },
});
