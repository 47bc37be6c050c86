import { beforeEach, describe, expect, it } from 'vitest';
import type { Locations } from '../../../src/contracts/locations.ts';
import type { Clock } from '../../../src/core/runtime.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { systemRandom } from '../../../src/core/runtime.ts';
import { dryRun, removeOrphans, type OrphanRun } from '../../../src/maintenance/orphan-removal.ts';
import type { MetadataRoot } from '../../../src/maintenance/orphans.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { keyOf, parseRoot } from '../../../src/store/uri.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const never = new AbortController().signal;

let now: number;
let storeSkew: number;
let store: MemoryStore;
let root: MetadataRoot;
let reached: string[];
const clock = (skew: () => number): Clock => ({
  now: () => now + skew(),
  monotonic: () => now,
  sleep: () => Promise.resolve(),
});

beforeEach(async () => {
  now = 1_000 * DAY;
  storeSkew = 0;
  store = new MemoryStore(clock(() => storeSkew));
  reached = ['s3a://lake/wh/n/t/data/live.parquet', 's3://lake/wh/n/t/metadata/v2.metadata.json'];
  root = {
    location: 's3://lake/wh/n/t',
    metadataLocation: 's3://lake/wh/n/t/metadata/v2.metadata.json',
    async *reachable() {
      yield* reached;
    },
  };
  for (const name of ['data/live.parquet', 'data/orphan.parquet', 'metadata/v2.metadata.json', '_delta_log/0.json'])
    await put(`n/t/${name}`);
});
const put = (key: string): Promise<unknown> => store.put(key, Buffer.from(key), { kind: 'always' });

function run(change: Partial<OrphanRun> = {}): OrphanRun {
  const lake = parseRoot('s3://lake/wh');
  const locations: Locations = { resolve: (uri) => ({ store, key: keyOf(lake, uri) }) };
  return {
    search: {
      locations,
      load: () => Promise.resolve(root),
      neighbours: ['s3://lake/wh/n/t/nested', 's3://lake/wh/n/t2'],
    },
    policy: { minAgeMs: 3 * DAY, quarantineMs: DAY, deletesPerSecond: 1000 },
    listings: { store, prefix: 'listings/t' },
    whileSettled: (work) => work(),
    runtime: { clock: clock(() => 0), random: systemRandom },
    ...change,
  };
}
const left = async (): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list('n/')) keys.push(key);
  return keys;
};

describe('orphan removal', () => {
  it('deletes what was listed long enough ago and is still an orphan, and nothing else', async () => {
    now += 4 * DAY;
    const first = await removeOrphans(run(), never);
    expect({ deleted: first.deleted, quarantined: first.quarantined }).toEqual({ deleted: 0, quarantined: 1 });
    now += DAY / 2;
    expect((await removeOrphans(run(), never)).deleted).toBe(0);
    now += DAY / 2;
    expect((await removeOrphans(run(), never)).deleted).toBe(1);
    expect(await left()).toEqual(['n/t/_delta_log/0.json', 'n/t/data/live.parquet', 'n/t/metadata/v2.metadata.json']);
  });

  it('spares a listed file that a commit has taken up meanwhile', async () => {
    now += 4 * DAY;
    await removeOrphans(run(), never);
    reached.push('s3://lake/wh/n/t/data/orphan.parquet');
    now += 2 * DAY;
    expect((await removeOrphans(run(), never)).deleted).toBe(0);
    expect(await left()).toContain('n/t/data/orphan.parquet');
  });

  it('reads a newer state when somebody expired a snapshot meanwhile, and fails when a file of the newest is missing', async () => {
    now += 4 * DAY;
    const gone = new SluiceError('corrupt', 'snap-1.avro is not there');
    const states = ['v1', 'v2', 'v3'].map((name): MetadataRoot => ({
      ...root,
      metadataLocation: `s3://lake/wh/n/t/metadata/${name}.metadata.json`,
      async *reachable() {
        if (name !== 'v3') throw gone;
        yield* reached;
      },
    }));
    await put('n/t/metadata/v1.metadata.json');
    const search = (loads: readonly MetadataRoot[]) => {
      const left = [...loads];
      return {
        ...run().search,
        load: () => Promise.resolve((left.length > 1 ? left.shift() : left[0]) as MetadataRoot),
      };
    };
    expect((await dryRun(run({ search: search(states) }), never)).orphans).toHaveLength(1);
    await expect(dryRun(run({ search: search(states.slice(0, 2)) }), never)).rejects.toBe(gone);
  });

  it('leaves young files alone, and refuses a younger age than any attempt may carry', async () => {
    now += 2 * DAY;
    expect(await dryRun(run(), never)).toMatchObject({ orphans: [], tooYoung: 1 });
    const young = { ...run().policy, minAgeMs: DAY };
    await expect(removeOrphans(run({ policy: young }), never)).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  it('takes s3, s3a and s3n for one place (iceberg#4346)', async () => {
    now += 4 * DAY;
    expect((await dryRun(run(), never)).orphans.map(({ key }) => key)).toEqual(['n/t/data/orphan.parquet']);
  });

  it('stops with an error when metadata names a place it cannot compare', async () => {
    reached.push('gs://lake/wh/n/t/data/else.parquet');
    now += 4 * DAY;
    await expect(removeOrphans(run(), never)).rejects.toMatchObject({ kind: 'misconfigured' });
    expect(await left()).toHaveLength(4);
  });

  it('stops when the listing does not hold the metadata file that was loaded', async () => {
    root = { ...root, metadataLocation: 's3://lake/wh/n/t/metadata/v3.metadata.json' };
    now += 4 * DAY;
    await expect(dryRun(run(), never)).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  it("spares other tables' files that lie within", async () => {
    await put('n/t/nested/data/theirs.parquet');
    now += 4 * DAY;
    expect((await dryRun(run(), never)).orphans.map(({ key }) => key)).toEqual(['n/t/data/orphan.parquet']);
  });

  it('stops when the table lies in the place of another', async () => {
    now += 4 * DAY;
    for (const place of ['s3n://lake/wh/n/t', 's3://lake/wh/n']) {
      const search = { ...run().search, neighbours: [place] };
      await expect(dryRun(run({ search }), never), place).rejects.toMatchObject({ kind: 'misconfigured' });
    }
  });

  it('does nothing while the clocks differ by more than a minute', async () => {
    now += 4 * DAY;
    storeSkew = 2 * 60_000;
    await expect(removeOrphans(run(), never)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('deletes only while no commit of the table is unknown', async () => {
    now += 4 * DAY;
    await removeOrphans(run(), never);
    now += 2 * DAY;
    const order: string[] = [];
    await removeOrphans(
      run({
        whileSettled: async (work) => {
          order.push((await left()).includes('n/t/data/orphan.parquet') ? 'still there' : 'gone before');
          return work();
        },
      }),
      never,
    );
    expect(order).toEqual(['still there']);
  });
});
