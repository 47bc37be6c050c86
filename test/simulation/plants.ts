/**
 * Bugs to plant (protocol §10): mutated collaborators around the real code, so that the simulation can be seen to find them. None of this is
 * in product code. Plants about rewinds come with those.
 */
import type { Disk, DiskFile } from '../../src/contracts/disk.ts';
import type { DeadLetter, LetterReader } from '../../src/contracts/dead-letters.ts';
import type { Entry, Log } from '../../src/contracts/log.ts';
import type { AppendRequest, IngestPort } from '../../src/contracts/service-ports.ts';
import type { TableUuid } from '../../src/core/ids.ts';
import { snapshotId } from '../../src/core/ids.ts';
import { positive63, type Clock, type Random } from '../../src/core/runtime.ts';
import { decodeProgress, progressKey, type Progress } from '../../src/record/progress.ts';
import type { WorldCore } from './world/core.ts';
import type { FaultKind } from './world/faults.ts';
import { PIPELINE } from './world/life.ts';
import type { SeededRandom } from './world/random.ts';
import type { SimFormat } from './world/sim-format.ts';
import type { SimStore } from './world/sim-store.ts';

export interface PlantTools {
  readonly core: WorldCore;
  readonly log: Log;
  readonly store: SimStore;
  readonly random: SeededRandom;
}

type Format = Pick<SimFormat, 'load' | 'progress' | 'prepare' | 'attempt' | 'landed'>;

export interface Plant {
  readonly name: string;
  /** `opening` holds while the log is being opened. */
  readonly disk?: (disk: Disk, opening: () => boolean) => Disk;
  readonly log?: (log: Log, core: WorldCore) => Log;
  readonly ingest?: (ingest: IngestPort) => IngestPort;
  readonly format?: (format: SimFormat, tools: PlantTools) => Format;
  /** Chance of the product's code in one life. */
  readonly random?: (random: SeededRandom) => Random;
  /** Its clock. */
  readonly clock?: (clock: Clock) => Clock;
  readonly letters?: (reader: LetterReader) => LetterReader;
  readonly prune?: 'property-only';
  /** Without which it does no harm: every world has them. */
  readonly needs?: readonly FaultKind[];
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
    rewrite: (path, start, end) => (when() ? Promise.resolve() : disk.rewrite(path, start, end)),
    syncDirectory: (path) => (when() ? Promise.resolve() : disk.syncDirectory(path)),
  });
};

const copyingFile = (inner: DiskFile): DiskFile => {
  let last: readonly Uint8Array[] = [];
  return over(inner, {
    append: (chunks) => {
      last = [...chunks];
      return inner.append(chunks);
    },
    sync: async () => {
      try {
        await inner.sync();
      } catch {
        await inner.append(last);
        await inner.sync();
      }
    },
  });
};

const SLOW_FENCE_MS = 1_500;

const passing = (core: WorldCore, ms: number): Promise<void> =>
  new Promise((resolve) => core.scheduler.after(ms, 'time passes', resolve));

const minting = (): boolean => new Error().stack?.includes('lane-id') === true;

/** Of a table with a lost log the producers' state is believed that was there when this life saw the table first. */
export function stateBeforeFence(format: SimFormat): SimFormat['progress'] {
  const first = new Map<TableUuid, string | undefined>();
  return (view, pipeline) => {
    const progress = format.progress(view, pipeline);
    if (!first.has(view.uuid)) first.set(view.uuid, progress?.state);
    if (progress === undefined || ![...progress.lanes.values()].some((lane) => lane.lost)) return progress;
    const { state: _, ...rest } = progress;
    const state = first.get(view.uuid);
    return state === undefined ? rest : { ...rest, state };
  };
}

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
    // Every life mints the same lane.
    name: 'reuse-lane-id',
    random: (random) => ({
      float: () => random.float(),
      bytes: (length) => (minting() ? new Uint8Array(length).fill(7) : random.bytes(length)),
    }),
    clock: (clock) => over(clock, { now: () => (minting() ? 1_000 : clock.now()) }),
  },
  {
    // What a failed sync left in doubt is written once more behind it, in the same file, and acknowledged.
    name: 'second-copy-after-failed-sync',
    disk: (disk) => over(disk, { open: async (path, mode) => copyingFile(await disk.open(path, mode)) }),
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
  {
    // A request that a channel sent again is answered while the first has not been synced.
    name: 'duplicate-before-sync',
    log: (log) => {
      const underWay = new Set<string>();
      return over<Log>(log, {
        append: async (drafts, onAppended, admission) => {
          const producer = drafts[0]?.producer;
          if (producer?.kind !== 'channel') return log.append(drafts, onAppended, admission);
          const id = `${drafts[0]?.table} ${producer.name} ${producer.epoch} ${producer.offset}`;
          if (underWay.has(id) && admission !== undefined) {
            admission.admit();
            return { kind: 'withheld' };
          }
          underWay.add(id);
          return log.append(drafts, onAppended, admission).finally(() => underWay.delete(id));
        },
      });
    },
  },
  {
    name: 'overlap-taken-as-duplicate',
    ingest: (ingest) =>
      over<IngestPort>(ingest, {
        append: async (request: AppendRequest) => {
          const answer = await ingest.append(request);
          return answer.kind === 'producer-refused' &&
            answer.refusal.kind === 'offset-conflict' &&
            request.producer?.kind === 'channel' &&
            request.producer.offset < answer.refusal.expected
            ? { kind: 'duplicate' }
            : answer;
        },
      }),
  },
  {
    name: 'replay-without-producer-state',
    log: (log) =>
      over<Log>(log, {
        async *stamped() {
          // Nothing.
        },
      }),
  },
  {
    // The pointer that was read before the fence is believed after it. The catalog is slow, so that something may land in between.
    name: 'state-before-fence',
    needs: ['volume-lost', 'catalog-late'],
    format: (format, { core, random }) => {
      return over<Format>(format, {
        prepare: async (view, change, token) => {
          if (change.added.length === 0) await passing(core, SLOW_FENCE_MS);
          return format.prepare(view, change, token);
        },
        attempt: async (base, prepared) => {
          if (!core.faults.on('volume-lost') || !random.chance(0.2)) return format.attempt(base, prepared);
          const flight = { files: [], uuid: base.uuid, since: core.scheduler.now, lost: false };
          const key = Symbol('late');
          core.network.flying.set(key, flight);
          core.scheduler.after(random.between(300, 2_500), 'late attempt', () => {
            core.network.flying.delete(key);
            if (!flight.lost) core.catalog.swap(base.table, prepared, 'a life before');
          });
          await passing(core, SLOW_FENCE_MS);
          return { kind: 'unknown', cause: 'late' };
        },
        progress: stateBeforeFence(format),
      });
    },
  },
  {
    // Letters of late refusals are committed at once: the table has made no commit since it met the records, and need not have passed them.
    name: 'dead-letters-before-the-tables-progress',
    log: (log) => {
      const plain = ({ decides: _decides, ...entry }: Entry): Entry => entry;
      return over<Log>(log, {
        decide: (refusals, letters, onAppended) =>
          log.decide(refusals, letters, (entries) => onAppended?.(entries.map(plain))),
        async *entries(...asked) {
          for await (const entry of log.entries(...asked)) yield plain(entry);
        },
      });
    },
    format: (format) =>
      over<Format>(format, {
        attempt: (base, prepared) =>
          prepared.change.added.length === 0 && prepared.change.progress.lanes.size === 0
            ? Promise.resolve({ kind: 'committed', view: base })
            : format.attempt(base, prepared),
      }),
  },
  {
    // A dead letter that was replayed is open for ever.
    name: 'replay-without-marks',
    letters: (reader) =>
      over<LetterReader>(reader, {
        page: async (table, { status: _status, ...filter }, ...rest) => {
          const { letters, ...page } = await reader.page(table, filter, ...rest);
          return { ...page, letters: letters.map((letter): DeadLetter => ({ ...letter, status: 'open' })) };
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
    // A catalog that does not answer is taken for one that does not have the table.
    name: 'failed-answer-taken-as-absence',
    needs: ['catalog-down'],
    format: (format) =>
      over<Format>(format, { load: (name) => format.load(name).catch(() => ({ kind: 'absent' as const })) }),
  },
  {
    // The log does not remember whose records the letters stand for.
    name: 'buried-without-a-word',
    needs: ['foreign-drop', 'kill'],
    log: (log) =>
      over<Log>(log, {
        bury: async (burial, letters, onAppended) => {
          const outcome = await log.append([letters], onAppended);
          log.committed(burial.table, new Map([[burial.lane, burial.next]]));
          return outcome;
        },
      }),
  },
  {
    // Each life counts its attempts from nothing.
    name: 'attempts-forgotten',
    needs: ['poison'],
    disk: (disk) =>
      over(disk, {
        size: (path) => (path.endsWith('/attempts') ? Promise.resolve(undefined) : disk.size(path)),
      }),
  },
];

export const plantNamed = (name: string): Plant | undefined => PLANTS.find((plant) => plant.name === name);
