/**
 * The classic bugs of table maintenance, each as a mutated collaborator around the real code, so that the simulation can be seen to find
 * them. None of this is in product code.
 */
import type { ObjectStore } from '../../../src/contracts/object-store.ts';
import type { IcebergMaintenance } from '../../../src/iceberg/iceberg-maintenance.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { progressKey } from '../../../src/record/progress.ts';
import { PIPELINE } from './lines.ts';
import { keyOf } from './state-reader.ts';
import type { MaintainedWorld } from './world.ts';

interface Tools {
  readonly store: ObjectStore;
  readonly world: MaintainedWorld;
}

export interface MaintenancePlant {
  readonly name: string;
  /** What is said of it. */
  readonly breaks: RegExp;
  readonly format: (format: IcebergMaintenance, tools: Tools) => IcebergMaintenance;
}

const over = (target: IcebergMaintenance, changes: Partial<IcebergMaintenance>): IcebergMaintenance =>
  new Proxy(target, {
    get: (inner, key) => {
      const member: unknown = Reflect.get(key in changes ? changes : inner, key);
      return typeof member === 'function' ? member.bind(key in changes ? changes : inner) : member;
    },
  });

const remove = (store: ObjectStore, uris: readonly string[]): Promise<unknown> =>
  store.delete(uris.map(keyOf)).catch(() => undefined);

const without = <V>(members: Readonly<Record<string, V>>, gone: (key: string) => boolean): Record<string, V> =>
  Object.fromEntries(Object.entries(members).filter(([key]) => !gone(key)));

export const MAINTENANCE_PLANTS: readonly MaintenancePlant[] = [
  {
    // An equality delete that comes while files are rewritten no longer finds its rows in the new ones.
    name: 'new-sequence-number-on-rewrite',
    breaks: /^I1: replace .* brought/,
    format: (format) =>
      over(format, {
        prepareReplace: (view, change, token) => {
          const basedOn = { ...change.basedOn, sequenceNumber: change.basedOn.sequenceNumber + 1_000n };
          return format.prepareReplace(view, { ...change, basedOn }, token);
        },
      }),
  },
  {
    name: 'delete-before-commit',
    breaks: /^I5: .* which the table reaches/,
    format: (format, { store }) =>
      over(format, {
        attemptReplace: async (base, prepared) => {
          await remove(
            store,
            prepared.change.removed.map(({ filePath }) => filePath),
          );
          return format.attemptReplace(base, prepared);
        },
      }),
  },
  {
    // URIs are compared as they are spelled.
    name: 'orphan-by-scheme',
    breaks: /^I5: .* which the table reaches/,
    format: (format) =>
      over(format, {
        async *reachable(view) {
          for await (const uri of format.reachable(view)) if (uri.startsWith(view.location)) yield uri;
        },
      }),
  },
  {
    // Main is all that counts, for what goes and for what is written.
    name: 'expiry-forgets-a-ref',
    breaks: /^I4: .* (dropped the ref|which .* names)/,
    format: (format) =>
      over(format, {
        planExpiry: (view, policy, nowMs) => format.planExpiry(mainOnly(view), policy, nowMs),
        expire: (base, plan) => format.expire(mainOnly(base), plan),
      }),
  },
  {
    name: 'expiry-loses-progress',
    breaks: /^I3: .* back to -1/,
    format: (format) =>
      over(format, {
        expire: (base, plan) => {
          const properties = without(base.metadata.properties, (key) => key === progressKey(PIPELINE));
          return format.expire(withMetadata(base, { properties }), plan);
        },
      }),
  },
  {
    name: 'clean-up-after-unknown',
    breaks: /^I5: .* (an attempt may carry it|may still commit|which the table reaches)/,
    format: (format, { store }) =>
      over(format, {
        attemptReplace: async (base, prepared) => {
          const outcome = await format.attemptReplace(base, prepared);
          if (outcome.kind === 'unknown')
            await remove(
              store,
              prepared.change.added.map(({ filePath }) => filePath),
            );
          return outcome;
        },
      }),
  },
];

const withMetadata = (view: IcebergView, changes: Partial<IcebergView['metadata']>): IcebergView => ({
  ...view,
  metadata: { ...view.metadata, ...changes },
});

const mainOnly = (view: IcebergView): IcebergView =>
  withMetadata(view, { refs: without(view.metadata.refs, (name) => name !== 'main') });
