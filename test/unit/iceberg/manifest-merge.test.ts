/** The manifest list stays short, whatever the number of commits (promise P7; checklist 8.6). */
import { describe, expect, it } from 'vitest';
import { systemRandom, systemRuntime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import {
  DELETED,
  EXISTING,
  fromDataFile,
  type EntryStatus,
  type ManifestEntry,
} from '../../../src/iceberg/manifest-entry.ts';
import type { ManifestFile } from '../../../src/iceberg/manifest-file.ts';
import { readManifestList } from '../../../src/iceberg/manifest-list.ts';
import { ManifestMerger, planMerge, type MergePolicy } from '../../../src/iceberg/manifest-merge.ts';
import { readManifest } from '../../../src/iceberg/manifest-read.ts';
import { partitionColumns } from '../../../src/iceberg/manifest-schema.ts';
import { currentSnapshot, sourceTypes, specById } from '../../../src/iceberg/metadata.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { openIceberg } from '../../../src/iceberg/open-iceberg.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS, collect, dataFile, nextToken, progressTo } from '../../support/iceberg/samples.ts';
import { lintTable } from '../../support/iceberg-linter/index.ts';

const POLICY: MergePolicy = { enabled: true, minCount: 4, targetBytes: 1000n };

const manifest = (path: string, more: Partial<ManifestFile> = {}): ManifestFile => ({
  path,
  length: 100n,
  specId: 0,
  content: 0,
  sequenceNumber: 1n,
  minSequenceNumber: 1n,
  addedSnapshotId: 1n,
  addedFiles: 1,
  existingFiles: 0,
  deletedFiles: 0,
  addedRows: 1n,
  existingRows: 0n,
  deletedRows: 0n,
  ...more,
});

const plan = (manifests: readonly ManifestFile[], policy = POLICY): string =>
  planMerge(policy, manifests)
    .map((m) => m.path)
    .join('');

describe('what is merged', () => {
  it('is nothing until enough have gathered', () => {
    expect(plan(['c', 'b', 'a'].map((path) => manifest(path)))).toBe('');
    expect(plan(['d', 'c', 'b', 'a'].map((path) => manifest(path)))).toBe('abcd');
    expect(
      plan(
        ['d', 'c', 'b', 'a'].map((path) => manifest(path)),
        { ...POLICY, enabled: false },
      ),
    ).toBe('');
  });
  it('is the oldest, no more than the target size: the rest is left to later commits', () => {
    const manifests = ['f', 'e', 'd', 'c', 'b', 'a'].map((path) => manifest(path, { length: 300n }));
    expect(plan(manifests)).toBe('abc');
  });
  it('leaves alone what is nearly full, delete manifests, encrypted ones and those without live files', () => {
    const small = ['d', 'c', 'b', 'a'].map((path) => manifest(path));
    const others = [
      manifest('full', { length: 750n }),
      manifest('deletes', { content: 1 }),
      manifest('secret', { keyMetadata: new Uint8Array(1) }),
      manifest('dead', { addedFiles: 0, deletedFiles: 1 }),
    ];
    expect(plan([...others, ...small])).toBe('abcd');
    expect(plan([...others, ...small.slice(1)])).toBe('');
  });
  it('never mixes specs (checklist 3.13)', () => {
    const manifests = ['d', 'c', 'b', 'a'].map((path, at) => manifest(path, { specId: at % 2 }));
    expect(plan(manifests)).toBe('ac');
  });
  it('is no more than a commit may decode, though as many as a commit brings', () => {
    const of = (addedFiles: number) => ['f', 'e', 'd', 'c', 'b', 'a'].map((path) => manifest(path, { addedFiles }));
    expect(plan(of(100))).toBe('abcdef');
    expect(plan(of(300))).toBe('abc');
    expect(plan(of(5000))).toBe('ab');
  });
  it('takes what earlier merges wrote along, or joins it alone, but does not write it again for a part of the rest', () => {
    const merged = ['3', '2', '1'].map((path) => manifest(path, { addedFiles: 0, existingFiles: 90_000 }));
    const added = (addedFiles: number) => ['b', 'a'].map((path) => manifest(path, { addedFiles }));
    expect(plan([...added(10), ...merged])).toBe('123ab');
    expect(plan([...added(900), ...merged])).toBe('ab');
    expect(plan([...added(5000).slice(1), ...merged])).toBe('123');
  });
  it('is no more than a commit may read', () => {
    const many = Array.from({ length: 5000 }, (_, at) => manifest(String(at), { length: 1n }));
    expect(planMerge({ ...POLICY, targetBytes: 1_000_000n }, many)).toHaveLength(200);
  });
});

describe('a table of many commits', () => {
  const COMMITS = 45;
  const MIN_COUNT = 10;

  async function many(commits = COMMITS, partitions = 1) {
    const store = new MemoryStore(systemRuntime.clock);
    const locations = oneStore('s3://lake', store);
    const iceberg = openIceberg(new MemoryPointers(), locations, 's3://lake', systemRuntime);
    const properties = new Map([['commit.manifest.min-count-to-merge', String(MIN_COUNT)]]);
    let { view } = await iceberg.tables.create({ ...EVENTS, properties });
    const lists: ManifestFile[][] = [];
    const read = async (uri: string): Promise<Uint8Array> => {
      const found = await store.get(locations.resolve(uri).key);
      if (found === undefined) throw new Error(`${uri} is not there`);
      return found.bytes;
    };
    for (let at = 1; at <= commits; at += 1) {
      const files = Array.from({ length: partitions }, (_, part) => [
        dataFile(`s3://lake/${part}-${at}-a`, [at]),
        dataFile(`s3://lake/${part}-${at}-b`, [null]),
      ]).flat();
      const change = { kind: 'append' as const, added: files, progress: progressTo({ l: at }) };
      const outcome = await iceberg.format.attempt(view, await iceberg.format.prepare(view, change, nextToken()));
      if (outcome.kind !== 'committed') throw new Error(outcome.kind);
      ({ view } = outcome);
      const list = currentSnapshot(view.metadata)?.manifestList ?? '';
      lists.push([...readManifestList(await read(list), list)]);
    }
    return { ...iceberg, view, lists, read, locations };
  }

  const entriesOf = async (
    view: IcebergView,
    list: readonly ManifestFile[],
    read: (uri: string) => Promise<Uint8Array>,
  ) => {
    const spec = specById(view.metadata, 0);
    const columns = partitionColumns(spec, sourceTypes(view.metadata, spec));
    return (
      await Promise.all(list.map(async (line) => [...readManifest(await read(line.path), line, columns)]))
    ).flat();
  };

  it('keeps a short list and loses no file, nor who added it when', async () => {
    const { tables, view, lists, read, locations } = await many();
    expect(Math.max(...lists.map((list) => list.length))).toBeLessThanOrEqual(MIN_COUNT + 1);
    const files = await collect(tables.files(view));
    expect(new Set(files.map((file) => file.filePath)).size).toBe(2 * COMMITS);
    const last = lists.at(-1) ?? [];
    const entries = await entriesOf(view, last, read);
    const snapshots = new Map(
      view.metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot.sequenceNumber]),
    );
    for (const entry of entries) {
      const commit = /(\d+)-[ab]$/.exec(entry.file.filePath)?.[1];
      expect(entry.sequenceNumber).toBe(BigInt(commit ?? 0));
      expect(entry.fileSequenceNumber).toBe(entry.sequenceNumber);
      expect(snapshots.get(entry.snapshotId ?? 0n)).toBe(entry.sequenceNumber);
    }
    expect(await lintTable(view.metadataLocation, locations, { content: false })).toEqual([]);
  });

  it('stays short and in order of age where a commit brings more files than one may merge', async () => {
    const { tables, view, lists } = await many(30, 500);
    expect(Math.max(...lists.map((list) => list.length))).toBeLessThanOrEqual(MIN_COUNT + 1);
    const merged = lists.flatMap((list, at) =>
      list.filter(({ sequenceNumber, addedFiles }) => sequenceNumber === BigInt(at + 1) && addedFiles === 0),
    );
    expect(merged.length).toBeGreaterThan(5);
    const ages = (lists.at(-1) ?? []).map(({ minSequenceNumber }) => minSequenceNumber);
    expect(ages).toEqual(ages.toSorted((a, b) => Number(b - a)));
    expect(new Set((await collect(tables.files(view))).map((file) => file.filePath)).size).toBe(30 * 1000);
  });

  it('has merged manifests that say what is in them', async () => {
    const { view, lists } = await many();
    const merged = lists.at(-1)?.find((line) => line.path.includes('-merged'));
    expect(merged).toMatchObject({ addedFiles: 0, deletedFiles: 0, minSequenceNumber: 1n });
    expect(merged?.existingRows).toBe(BigInt(merged?.existingFiles ?? 0) * 10n);
    const [summary] = merged?.partitions ?? [];
    expect(summary?.containsNull).toBe(true);
    expect(Buffer.from(summary?.lowerBound ?? []).readInt32LE()).toBe(1);
    expect(
      view.metadata.snapshots.filter((snapshot) => snapshot.summary['manifests-replaced'] !== '0').length,
    ).toBeGreaterThan(3);
  });
});

it('does not merge again when an attempt is repeated on a moved base', async () => {
  const store = new MemoryStore(systemRuntime.clock);
  const pointers = new MemoryPointers();
  const open = () => openIceberg(pointers, oneStore('s3://lake', store), 's3://lake', systemRuntime);
  const [ours, theirs] = [open(), open()];
  const properties = new Map([['commit.manifest.min-count-to-merge', '3']]);
  let { view } = await ours.tables.create({ ...EVENTS, properties });
  const commit = async (iceberg: typeof ours, file: string): Promise<void> => {
    const loaded = await iceberg.format.load(EVENTS.name);
    if (loaded.kind !== 'loaded') throw new Error('absent');
    const change = {
      kind: 'append' as const,
      added: [dataFile(`s3://lake/${file}`)],
      progress: progressTo({ [file]: 1 }),
    };
    const outcome = await iceberg.format.attempt(
      loaded.view,
      await iceberg.format.prepare(loaded.view, change, nextToken()),
    );
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    ({ view } = outcome);
  };
  for (const file of ['a', 'b', 'c']) await commit(ours, file);
  const stale = view;
  const change = { kind: 'append' as const, added: [dataFile('s3://lake/d')], progress: progressTo({ d: 1 }) };
  const prepared = await ours.format.prepare(stale, change, nextToken());
  expect((await ours.format.attempt(stale, prepared)).kind).toBe('committed');
  const merged = [...prepared.attempts.merged.values()];
  expect(merged).toHaveLength(1);
  expect((await ours.format.attempt(stale, prepared)).kind).toBe('conflict');
  expect([...prepared.attempts.merged.values()]).toEqual(merged);
  expect((await collect(theirs.tables.files(view))).length).toBe(3);
});

it('reads nothing and writes three objects of the same size, whatever the number of files (promise P7)', async () => {
  const costOfCommit = async (filesBefore: number) => {
    const store = new MemoryStore(systemRuntime.clock);
    const iceberg = openIceberg(new MemoryPointers(), oneStore('s3://lake', store), 's3://lake', systemRuntime);
    let { view } = await iceberg.tables.create(EVENTS);
    const commit = async (from: number, count: number): Promise<void> => {
      const added = Array.from({ length: count }, (_, at) => dataFile(`s3://lake/data/${from + at}`, [at % 100]));
      const change = { kind: 'append' as const, added, progress: progressTo({ l: from + count }) };
      const outcome = await iceberg.format.attempt(view, await iceberg.format.prepare(view, change, nextToken()));
      if (outcome.kind !== 'committed') throw new Error(outcome.kind);
      ({ view } = outcome);
    };
    for (let part = 0; part < 20; part += 1) await commit((part * filesBefore) / 20, filesBefore / 20);
    const cost = { gets: 0, puts: [] as number[] };
    const [get, put] = [store.get.bind(store), store.put.bind(store)];
    store.get = (...call) => {
      cost.gets += 1;
      return get(...call);
    };
    store.put = (...call) => {
      cost.puts.push(call[1].length);
      return put(...call);
    };
    await commit(filesBefore, 2);
    return cost;
  };
  const [small, large] = [await costOfCommit(100), await costOfCommit(20_000)];
  expect(small.gets + large.gets).toBe(0);
  expect(large.puts).toHaveLength(3);
  for (const [at, bytes] of large.puts.entries()) expect(bytes).toBeLessThan((small.puts[at] ?? 0) * 1.1 + 200);
});

it('takes only live entries, and the lowest sequence number among them', () => {
  const metadata = newTableMetadata(EVENTS, 's3://b/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', 1);
  const form = manifestForm(metadata, specById(metadata, 0));
  const entry = (status: EntryStatus, sequence: bigint, path: string): ManifestEntry => ({
    status,
    snapshotId: 9n,
    sequenceNumber: sequence,
    fileSequenceNumber: sequence,
    file: fromDataFile(dataFile(path)),
  });
  const mixed = [entry(EXISTING, 3n, 'kept'), entry(DELETED, 1n, 'gone'), entry(EXISTING, 4n, 'kept too')];
  const merger = new ManifestMerger(form);
  const written = writeManifest(form, mixed, systemRandom);
  expect(merger.add(manifest('m', { existingFiles: 2, deletedFiles: 1, sequenceNumber: 7n }), written.bytes)).toBe(2);
  const merged = merger.finish(systemRandom);
  expect(merged).toMatchObject({ existingFiles: 2, existingRows: 20n, minSequenceNumber: 3n });
  const read = [...readManifest(merged.bytes, manifest('n'), form.columns)];
  expect(read.map((e) => [e.file.filePath, e.status, e.sequenceNumber])).toEqual([
    ['kept', EXISTING, 3n],
    ['kept too', EXISTING, 4n],
  ]);
});
