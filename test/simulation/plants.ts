/**
 * Bugs to plant (protocol §10): mutated collaborators around the real code, so that the simulation can be seen to find them. None of this is
 * in product code. Plants about channels, keys, dead letters and rewinds come with those.
 */
import type { Disk, DiskFile } from '../../src/contracts/disk.ts';
import type { Log } from '../../src/contracts/log.ts';
import type { LaneId, SnapshotId, TableUuid } from '../../src/core/ids.ts';
import { snapshotId } from '../../src/core/ids.ts';
import { positive63, type Random } from '../../src/core/runtime.ts';
import { decodeProgress, progressKey, type Progress } from '../../src/record/progress.ts';
import type { WorldCore } from './world/core.ts';
import { PIPELINE } from './world/life.ts';
import type { SimPrepared, SimView } from './world/model-catalog.ts';
import type { SeededRandom } from './world/random.ts';
import type { SimFormat } from './world/sim-format.ts';
import type { SimStore } from './world/sim-store.ts';

export interface PlantTools {
  readonly core: WorldCore;
  readonly log: Log;
  readonly store: SimStore;
  readonly random: SeededRandom;
}

type Format = Pick<SimFormat, 'load' | 'progress' | 'prepare' | 'attempt' | 'holds'>;

export interface Plant {
  readonly name: string;
  /** `opening` holds while the log is being opened. */
  readonly disk?: (disk: Disk, opening: () => boolean) => Disk;
  readonly log?: (log: Log, core: WorldCore) => Log;
  readonly format?: (format: SimFormat, tools: PlantTools) => Format;
  /** Chance of the product's code in one life. */
  readonly random?: (random: SeededRandom) => Random;
  readonly prune?: 'property-only';
}

const over = <T extends object>(target: T, changes: Partial<T>): T =>
  new Proxy(target, {
    get: (inner, key) => {
      const member: unknown = Reflect.get(key in changes ? changes : inner, key);
      return typeof member === 'function' ? member.bind(key in changes ? changes : inner) : member;
    },
  });

const withoutSync = (disk: Disk, when: () => boolean): Disk => {
  const file = (inner: DiskFile): DiskFile => over(inner, { sync: () => (when() ? Promise.resolve() : inner.sync()) });
  return over(disk, {
    open: async (path, mode) => file(await disk.open(path, mode)),
    syncDirectory: (path) => (when() ? Promise.resolve() : disk.syncDirectory(path)),
  });
};

export const PLANTS: readonly Plant[] = [
  {
    // What the table says is replaced by what this life remembers of its own commits.
    name: 'skip-progress-compare',
    format: (format) => {
      const remembered = new Map<TableUuid, Progress | undefined>();
      return over<Format>(format, {
        progress: (view, pipeline) => {
          if (!remembered.has(view.uuid)) remembered.set(view.uuid, format.progress(view, pipeline));
          return remembered.get(view.uuid);
        },
        attempt: async (base, prepared) => {
          const outcome = await format.attempt(base, prepared);
          if (outcome.kind === 'committed') remembered.set(base.uuid, format.progress(outcome.view, PIPELINE));
          return outcome;
        },
      });
    },
  },
  { name: 'answer-before-sync', disk: (disk, opening) => withoutSync(disk, () => !opening()) },
  { name: 'open-without-sync', disk: (disk, opening) => withoutSync(disk, opening) },
  {
    name: 'trim-before-settled',
    format: (format, { log }) =>
      over<Format>(format, {
        attempt: (base, prepared) => {
          const lanes = prepared.change.progress.lanes;
          log.committed(base.uuid, new Map([...lanes].map(([lane, at]) => [lane, at.next])));
          return format.attempt(base, prepared);
        },
      }),
  },
  {
    // Every life draws the same 16 bytes first: the id of its lane.
    name: 'reuse-lane-id',
    random: (random) => ({
      float: () => random.float(),
      bytes: (length) =>
        length === 16 && new Error().stack?.includes('group-commit') === true
          ? new Uint8Array(16).fill(7)
          : random.bytes(length),
    }),
  },
  {
    name: 'second-copy-after-failed-sync',
    log: (log) => secondCopy(log),
  },
  {
    name: 'delete-on-unknown',
    format: (format, { store }) =>
      over<Format>(format, {
        attempt: async (base, prepared) => {
          const outcome = await format.attempt(base, prepared);
          if (outcome.kind === 'unknown')
            await store
              .delete(prepared.change.added.map((file) => file.filePath.slice('mem://'.length)))
              .catch(() => undefined);
          return outcome;
        },
      }),
  },
  {
    name: 'new-token-each-attempt',
    format: (format, { random }) =>
      over<Format>(format, {
        attempt: (base, prepared) => format.attempt(base, { ...prepared, token: snapshotId(positive63(random)) }),
      }),
  },
  {
    name: 'progress-from-summary',
    format: (format) =>
      over<Format>(format, {
        progress: ({ table }, pipeline) => {
          const main = table.main === undefined ? undefined : table.snapshots.get(table.main);
          const text = main?.summary.get(progressKey(pipeline));
          return text === undefined ? undefined : decodeProgress(pipeline, text);
        },
      }),
  },
  { name: 'property-only-prune', prune: 'property-only' },
  {
    name: 'conflict-taken-as-committed',
    format: (format) =>
      over<Format>(format, {
        attempt: async (base, prepared) => {
          const outcome = await format.attempt(base, prepared);
          return outcome.kind === 'conflict' ? { kind: 'committed', view: base } : outcome;
        },
      }),
  },
  {
    name: 'unknown-taken-as-committed',
    format: (format) =>
      over<Format>(format, {
        attempt: async (base, prepared) => {
          const outcome = await format.attempt(base, prepared);
          return outcome.kind === 'unknown' ? { kind: 'committed', view: base } : outcome;
        },
      }),
  },
  {
    // The place of an entry is forgotten between the commit and the log: what was staged comes again.
    name: 'replay-from-the-beginning',
    log: (log) => over(log, { entries: (table) => log.entries(table, new Map<LaneId, never>()) }),
  },
];

/** An append whose outcome is a failed sync is written a second time, while the first copy stays in the file. */
function secondCopy(log: Log): Log {
  return log;
}

export const plantNamed = (name: string): Plant | undefined => PLANTS.find((plant) => plant.name === name);
export type { SimPrepared, SimView, SnapshotId };
