/** Orphans of a table of this daemon: fresh states, other tables, and the turns in which something is deleted. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CommitQueue } from '../../../src/commit/commit-queue.ts';
import type { Locations } from '../../../src/contracts/locations.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { systemRandom } from '../../../src/core/runtime.ts';
import { orphanChore } from '../../../src/maintenance/chores.ts';
import { OrphanRemover, type OrphanParts, type RootedView } from '../../../src/maintenance/orphan-remover.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { keyOf, parseRoot } from '../../../src/store/uri.ts';

const DAY = 86_400_000;
const ROOT = 's3://lake/wh';
const never = new AbortController().signal;
const view: RootedView = {
  name: { namespace: ['n'], name: 't' },
  uuid: tableUuid('0193f7a0-0000-7000-8000-00000000000a'),
  location: `${ROOT}/n/t`,
  metadataLocation: `${ROOT}/n/t/metadata/v1.json`,
  snapshot: undefined,
  sequenceNumber: 0n,
  schema: { schemaId: 0, fields: [] },
  spec: { specId: 0, fields: [] },
  sortOrder: { orderId: 0, fields: [] },
  properties: new Map(),
};

let now: number;
let store: MemoryStore;
let current: RootedView | undefined;
let settled: boolean;
let queue: CommitQueue;
let lines: string[];
let progress: [number, number][];

const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
const lake = parseRoot(ROOT);
const locations: Locations = { resolve: (uri) => ({ store, key: keyOf(lake, uri) }) };

beforeEach(async () => {
  now = 1_000 * DAY;
  store = new MemoryStore(clock);
  current = view;
  settled = true;
  queue = new CommitQueue();
  lines = [];
  progress = [];
  for (const key of ['n/t/metadata/v1.json', 'n/t/data/live', 'n/t/data/orphan', 'n/t/other/data/theirs'])
    await store.put(key, Buffer.from('four'), { kind: 'always' });
  now += 5 * DAY;
  await store.put('n/t/data/young', Buffer.from('four'), { kind: 'always' });
});

const remover = (change: Partial<OrphanParts<RootedView>> = {}): OrphanRemover<RootedView> =>
  new OrphanRemover({
    calm: () => Promise.resolve(),
    tables: {
      load: () => Promise.resolve(current === undefined ? { kind: 'absent' } : { kind: 'loaded', view: current }),
    },
    format: {
      async *reachable({ metadataLocation }) {
        yield metadataLocation;
        yield `${ROOT}/n/t/data/live`;
      },
    },
    locations,
    policy: { minAgeMs: 4 * DAY, quarantineMs: DAY, deletesPerSecond: 1000 },
    runtime: { clock, random: systemRandom },
    listingsOf: (table) => ({ store, prefix: `_listings/${table}` }),
    neighbours: () => Promise.resolve([`${ROOT}/n/t/other`]),
    ownsItsFiles: () => true,
    isSettled: () => settled,
    ...change,
  });
const run = (change: Partial<OrphanParts<RootedView>> = {}) =>
  orphanChore(remover(change), undefined).run(
    { target: { name: view.name, uuid: view.uuid, queue }, view },
    { log: (line) => lines.push(line), progress: (done, total) => progress.push([done, total]) },
    never,
  );
const keys = async (prefix = 'n/'): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
};

const KEPT = ['n/t/data/live', 'n/t/data/young', 'n/t/metadata/v1.json', 'n/t/other/data/theirs'];

describe('the remover of orphans', () => {
  it('lists first, under the identity of the table, and deletes in a later run', async () => {
    const first = await run();
    expect(first).toMatchObject({ orphans: 1, quarantined: 1, tooYoung: 1, objectsDeleted: 0 });
    expect(await keys()).toContain('n/t/data/orphan');
    expect((await keys('_listings/')).every((key) => key.startsWith(`_listings/${view.uuid}/`))).toBe(true);
    now += DAY;
    // A day older, but not yet four.
    expect(await run()).toMatchObject({ objectsDeleted: 1, bytesDeleted: 4n, objectsLeft: 0, quarantined: 0 });
    expect(await keys()).toEqual(KEPT);
    expect(progress).toEqual([[4, 4]]);
    expect(lines.at(-1)).toBe('1 deleted; 0 are listed and may be deleted by a later run');
  });

  it('estimates without a trace', async () => {
    const estimate = await orphanChore(remover(), undefined).estimate(view);
    expect(estimate).toEqual({ objects: 4, orphans: 1, bytes: 4n, tooYoung: 1 });
    expect(await keys('_listings/')).toEqual([]);
  });

  it('answers whoever asks about a table whose orphans cannot be told', async () => {
    const shared = remover({ neighbours: () => Promise.resolve([view.location]) });
    await expect(shared.find(view)).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringContaining(view.location) as string,
      remedy: expect.stringContaining('nothing was deleted') as string,
    });
  });

  it('deletes only in its turn of the commit queue', async () => {
    await run();
    now += DAY;
    const commit = Promise.withResolvers<void>();
    const order: string[] = [];
    const committing = queue.run(async () => {
      await commit.promise;
      order.push((await keys()).includes('n/t/data/orphan') ? 'commit' : 'deleted before');
    });
    const running = run().then(() => order.push('removal'));
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    commit.resolve();
    await Promise.all([committing, running]);
    expect(order).toEqual(['commit', 'removal']);
  });

  it('deletes nothing while a commit may still land', async () => {
    await run();
    now += DAY;
    settled = false;
    await expect(run()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await keys()).toContain('n/t/data/orphan');
  });

  it('deletes nothing under a name that leads to another table or none', async () => {
    await run();
    now += DAY;
    current = { ...view, uuid: tableUuid('0193f7a0-0000-7000-8000-00000000000b') };
    await expect(run()).rejects.toMatchObject({ kind: 'not-found' });
    current = undefined;
    await expect(run()).rejects.toMatchObject({ kind: 'not-found' });
    expect(await keys()).toContain('n/t/data/orphan');
  });

  it('deletes nothing when the place of another table is not known', async () => {
    await run();
    now += DAY;
    const neighbours = () => Promise.reject(new Error('its metadata file is damaged'));
    await expect(run({ neighbours })).rejects.toThrow('damaged');
    await expect(run({ neighbours: () => Promise.resolve(['gs://lake/x']) })).rejects.toMatchObject({
      kind: 'misconfigured',
    });
    expect(await keys()).toContain('n/t/data/orphan');
  });

  it('finds no orphans where the table says that its files may be those of others', async () => {
    const ownsItsFiles = () => false;
    expect(await run({ ownsItsFiles })).toMatchObject({ objects: 0, orphans: 0, objectsDeleted: 0 });
    expect(lines).toEqual([expect.stringContaining('gc.enabled')]);
    expect(await remover({ ownsItsFiles }).find(view)).toMatchObject({ orphans: [] });
    expect(await keys('_listings/')).toEqual([]);
  });

  it('says which objects could not be deleted, and tries them again', async () => {
    await run();
    now += DAY;
    const stubborn = new MemoryStore(clock);
    const real = store;
    store = Object.assign(stubborn, {
      list: real.list.bind(real),
      get: real.get.bind(real),
      put: real.put.bind(real),
      head: real.head.bind(real),
      delete: (all: readonly string[]) =>
        Promise.resolve({ failed: all.map((key) => ({ key, cause: 'access denied' })) }),
    });
    expect(await run()).toMatchObject({ objectsDeleted: 0, objectsLeft: 1, quarantined: 1 });
    expect(lines).toContain('n/t/data/orphan could not be deleted: access denied');
  });
});
