/** One commit of a life that reaches the catalog when a test says so, and is never answered. Owns that one delay. */
import { stateBeforeFence, type Plant } from './plants.ts';

export interface LateCommit {
  /** The next attempt to add records reaches the catalog when `land` is called. */
  held: boolean;
  /** Calls `land` when a life is about to fence. */
  beforeFence: boolean;
  /** Whether the catalog let it in. */
  land: () => boolean;
}

/** The format of every life. `buggy`: it believes what was read before the fence. */
export const late = (commit: LateCommit, buggy = false): Plant => ({
  name: 'none',
  format: (format, { core }) => ({
    load: format.load.bind(format),
    landed: format.landed.bind(format),
    progress: buggy ? stateBeforeFence(format) : format.progress.bind(format),
    prepare: (view, change, token) => {
      if (change.added.length === 0 && commit.beforeFence) commit.land();
      return format.prepare(view, change, token);
    },
    attempt: (base, prepared) => {
      if (!commit.held || prepared.change.added.length === 0) return format.attempt(base, prepared);
      commit.held = false;
      commit.land = () => core.catalog.swap(base.table, prepared, 'd1') !== undefined;
      return new Promise(() => undefined);
    },
  }),
});
