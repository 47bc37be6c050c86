/** What the contract suite cannot see of maintenance: delete files of others, histories that moved, and what the files look like. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LiveDataFile, ReplaceChange } from '../../../src/contracts/maintenance.ts';
import { snapshotId, type SnapshotId } from '../../../src/core/ids.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { ADDED, type ContentFile, type ManifestEntry } from '../../../src/iceberg/manifest-entry.ts';
import { writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import { manifestForm, writeManifest } from '../../../src/iceberg/manifest-write.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { currentSnapshot, specById, type TableMetadata } from '../../../src/iceberg/metadata.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import { asManifestFile, type PlacedManifest } from '../../../src/iceberg/prepared-append.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { lintTable } from '../../support/iceberg-linter/index.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS, NO_METRICS, collect, dataFile, nextToken, progressTo } from '../../support/iceberg/samples.ts';

const DAY = 19_787;
let store: MemoryStore;
let pointers: MemoryPointers;
let iceberg: Iceberg;
beforeEach(async () => {
  store = new MemoryStore(systemRuntime.clock);
  pointers = new MemoryPointers();
  iceberg = openIceberg(pointers, oneStore('s3://lake', store), 's3://lake', systemRuntime);
  await iceberg.tables.create(EVENTS);
});

async function load(): Promise<IcebergView> {
  const loaded = await iceberg.format.load(EVENTS.name);
  if (loaded.kind !== 'loaded') throw new Error('absent');
  return loaded.view;
}

let offset = 0;
async function append(...files: readonly (readonly [string, number])[]): Promise<IcebergView> {
  const base = await load();
  offset += 10;
  const added = files.map(([name, day]) => dataFile(`s3://lake/${name}`, [day]));
  const change = { kind: 'append', added, progress: progressTo({ l: offset }) } as const;
  const outcome = await iceberg.format.attempt(base, await iceberg.format.prepare(base, change, nextToken()));
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  return outcome.view;
}

/** Another writer moves the table. */
async function change(edit: (metadata: TableMetadata) => TableMetadata | Promise<TableMetadata>): Promise<IcebergView> {
  const view = await load();
  const next = `${view.location}/metadata/foreign-${nextToken()}.metadata.json`;
  const bytes = Buffer.from(printMetadata(await edit(view.metadata)));
  await store.put(next.slice('s3://lake/'.length), bytes, { kind: 'if-absent' });
  await pointers.swap(EVENTS.name, view.metadataLocation, next);
  return load();
}

const position = (name: string, about?: string): ContentFile => ({
  content: 1,
  filePath: `s3://lake/${name}`,
  fileFormat: 'PARQUET',
  partition: [DAY],
  recordCount: 1n,
  fileSizeInBytes: 100n,
  metrics: NO_METRICS,
  ...(about === undefined ? {} : { referencedDataFile: `s3://lake/${about}` }),
});
const equality = (name: string): ContentFile => ({ ...position(name), content: 2, equalityIds: [1] });

/** Another writer commits delete files, in a snapshot of its own. */
const deleteRows = (...deletes: readonly ContentFile[]): Promise<IcebergView> => deleteRowsUnder(0, ...deletes);
const deleteRowsUnder = (specId: number, ...deletes: readonly ContentFile[]): Promise<IcebergView> =>
  change(async (metadata) => {
    const parent = currentSnapshot(metadata);
    const [id, sequence] = [nextToken(), metadata.lastSequenceNumber + 1n];
    const form = manifestForm(metadata, specById(metadata, specId), 'deletes');
    const entries = deletes.map((file): ManifestEntry => ({
      status: ADDED,
      snapshotId: id,
      sequenceNumber: null,
      fileSequenceNumber: null,
      file,
    }));
    const { bytes, ...facts } = writeManifest(form, entries, systemRuntime.random);
    const placed: PlacedManifest = { ...facts, path: `s3://lake/deletes-${id}.avro`, length: BigInt(bytes.length) };
    await store.put(`deletes-${id}.avro`, bytes, { kind: 'if-absent' });
    const manifests = [{ ...asManifestFile(placed, id, sequence), content: 1 }, ...(await iceberg.lists.of(parent))];
    const header = { snapshotId: id, parentId: parent?.snapshotId, sequenceNumber: sequence };
    await store.put(`list-${id}.avro`, writeManifestList(header, manifests, systemRuntime.random), {
      kind: 'if-absent',
    });
    const timestampMs = metadata.lastUpdatedMs + 1;
    return {
      ...metadata,
      lastSequenceNumber: sequence,
      lastUpdatedMs: timestampMs,
      currentSnapshotId: id,
      snapshotLog: [...metadata.snapshotLog, { timestampMs, snapshotId: id }],
      refs: { main: { snapshotId: id, type: 'branch', rest: {} } },
      snapshots: [
        ...metadata.snapshots,
        {
          snapshotId: id,
          ...(parent === undefined ? {} : { parentId: parent.snapshotId }),
          sequenceNumber: sequence,
          timestampMs,
          manifestList: `s3://lake/list-${id}.avro`,
          summary: { operation: 'delete', 'total-records': parent?.summary['total-records'] ?? '0' },
          schemaId: 0,
          rest: {},
        },
      ],
    };
  });

const live = (view: IcebergView): Promise<readonly LiveDataFile[]> => collect(iceberg.maintenance.live(view));
const named = (files: readonly LiveDataFile[], name: string): LiveDataFile => {
  const found = files.find((file) => file.filePath === `s3://lake/${name}`);
  if (found === undefined) throw new Error(`${name} is not live`);
  return found;
};

async function replacing(view: IcebergView, names: readonly string[], rows: bigint): Promise<ReplaceChange> {
  const files = await live(view);
  const basedOn = iceberg.maintenance.basis(view);
  if (basedOn === undefined) throw new Error('no snapshot');
  const removed = names.map((name) => named(files, name));
  const added = [{ ...dataFile('s3://lake/new', [DAY]), recordCount: rows }];
  return { removed, removedDeletes: removed.flatMap((file) => file.deletes), added, basedOn };
}

describe('live files', () => {
  it('name the deletes that may apply: by partition, by file, and only later than the rows (checklist 11.1)', async () => {
    await append(['a', DAY], ['b', DAY], ['other', DAY + 1]);
    await deleteRows(position('all'), position('only-a', 'a'), equality('eq'));
    const view = await append(['late', DAY]);
    const deletesOf = (files: readonly LiveDataFile[], name: string): readonly string[] =>
      named(files, name)
        .deletes.map((file) => file.filePath.replace('s3://lake/', ''))
        .sort();
    const files = await live(view);
    expect(deletesOf(files, 'a')).toEqual(['all', 'eq', 'only-a']);
    expect(deletesOf(files, 'b')).toEqual(['all', 'eq']);
    expect(deletesOf(files, 'other')).toEqual([]);
    expect(deletesOf(files, 'late')).toEqual([]);
  });
});

describe('a replacement', () => {
  it('takes applied deletes along, and leaves a table that the linter has nothing against', async () => {
    await append(['a', DAY], ['b', DAY]);
    const view = await deleteRows(position('p'), equality('e'));
    const prepared = await iceberg.maintenance.prepareReplace(
      view,
      await replacing(view, ['a', 'b'], 18n),
      nextToken(),
    );
    const outcome = await iceberg.maintenance.attemptReplace(view, prepared);
    if (outcome.kind !== 'committed') throw new Error(String(outcome.cause));
    const after = outcome.view;
    expect((await live(after)).map(({ filePath, deletes }) => [filePath, deletes])).toEqual([['s3://lake/new', []]]);
    const summary = currentSnapshot(after.metadata)?.summary;
    expect(summary?.['removed-position-delete-files']).toBe('1');
    expect(summary?.['removed-equality-delete-files']).toBe('1');
    expect(summary?.['added-records']).toBe('18');
    expect(summary?.['deleted-records']).toBe('20');
    expect(await lintTable(after.metadataLocation, oneStore('s3://lake', store), { content: false })).toEqual([]);
  });

  it('is dropped when position deletes came meanwhile for one of its files', async () => {
    const view = await append(['a', DAY], ['b', DAY]);
    const prepared = await iceberg.maintenance.prepareReplace(view, await replacing(view, ['a'], 10n), nextToken());
    const now = await deleteRows(position('p', 'a'));
    expect((await iceberg.maintenance.replaceable(now, prepared)).kind).toBe('no');
    expect((await iceberg.maintenance.attemptReplace(now, prepared)).kind).toBe('conflict');
  });

  it('goes in beside position deletes of another file or partition, and beside equality deletes, which still apply', async () => {
    const view = await append(['a', DAY], ['b', DAY]);
    const prepared = await iceberg.maintenance.prepareReplace(view, await replacing(view, ['a'], 10n), nextToken());
    await deleteRows(position('p', 'b'), { ...position('q'), partition: [DAY + 1] });
    const now = await deleteRows(equality('e'));
    expect(await iceberg.maintenance.replaceable(now, prepared)).toEqual({ kind: 'yes' });
    const outcome = await iceberg.maintenance.attemptReplace(now, prepared);
    if (outcome.kind !== 'committed') throw new Error(String(outcome.cause));
    expect(named(await live(outcome.view), 'new').deletes.map((file) => file.filePath)).toEqual(['s3://lake/e']);
  });

  it('of another spec is dropped when an equality delete came meanwhile for the tuple it leaves, or the one it gets', async () => {
    await append(['a', DAY]);
    const view = await change((metadata) => {
      const [first] = metadata.partitionSpecs;
      if (first === undefined) throw new Error('no spec');
      return { ...metadata, partitionSpecs: [first, { ...first, 'spec-id': 1 }], defaultSpecId: 1 };
    });
    const { added, ...rest } = await replacing(view, ['a'], 10n);
    const moved = { ...rest, added: added.map((file) => ({ ...file, specId: 1 })) };
    const prepared = await iceberg.maintenance.prepareReplace(view, moved, nextToken());
    const beside = await deleteRows({ ...equality('e'), partition: [DAY + 1] });
    expect(await iceberg.maintenance.replaceable(beside, prepared)).toEqual({ kind: 'yes' });
    for (const specId of [0, 1]) {
      await change(() => view.metadata);
      const now = await deleteRowsUnder(specId, equality(`e${specId}`));
      expect((await iceberg.maintenance.replaceable(now, prepared)).kind).toBe('no');
    }
  });

  it('is dropped when the table was rolled back behind the deletes it has applied', async () => {
    await append(['a', DAY]);
    const before = await load();
    const view = await deleteRows(position('p', 'a'));
    const prepared = await iceberg.maintenance.prepareReplace(view, await replacing(view, ['a'], 9n), nextToken());
    const id = before.snapshot ?? 0n;
    const now = await change((metadata) => ({
      ...metadata,
      currentSnapshotId: id,
      refs: { main: { snapshotId: id, type: 'branch', rest: {} } },
    }));
    expect((await iceberg.maintenance.replaceable(now, prepared)).kind).toBe('no');
  });

  it('finds its inputs again after their manifests were merged', async () => {
    await append(['a', DAY]);
    const view = await append(['b', DAY]);
    const prepared = await iceberg.maintenance.prepareReplace(
      view,
      await replacing(view, ['a', 'b'], 20n),
      nextToken(),
    );
    await change((metadata) => ({
      ...metadata,
      properties: { ...metadata.properties, 'commit.manifest.min-count-to-merge': '2' },
    }));
    const merged = await append(['c', DAY]);
    expect(await iceberg.maintenance.facts(merged)).toMatchObject({ dataManifests: 2 });
    const outcome = await iceberg.maintenance.attemptReplace(merged, prepared);
    if (outcome.kind !== 'committed') throw new Error(String(outcome.cause));
    expect((await live(outcome.view)).map((file) => file.filePath).sort()).toEqual(['s3://lake/c', 's3://lake/new']);
    expect(await lintTable(outcome.view.metadataLocation, oneStore('s3://lake', store), { content: false })).toEqual(
      [],
    );
  });
});

describe('what expired snapshots release', () => {
  /** `a` and `b` were replaced, `c` came later; snapshot by snapshot. */
  async function replaced(): Promise<{ readonly view: IcebergView; readonly ids: readonly SnapshotId[] }> {
    await append(['a', DAY]);
    const base = await append(['b', DAY]);
    const change = await replacing(base, ['a', 'b'], 20n);
    await iceberg.maintenance.attemptReplace(base, await iceberg.maintenance.prepareReplace(base, change, nextToken()));
    const view = await append(['c', DAY]);
    return { view, ids: view.metadata.snapshots.map((each) => snapshotId(each.snapshotId)) };
  }

  async function expire(base: IcebergView, snapshots: readonly SnapshotId[]): Promise<IcebergView> {
    const outcome = await iceberg.maintenance.expire(base, { snapshots, refs: [] });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    return outcome.view;
  }

  const take = async (uris: readonly string[]): Promise<void> =>
    void (await store.delete(uris.map((uri) => uri.slice('s3://lake/'.length))));
  /** Of a process that has read nothing yet. */
  const releasedTo = (before: IcebergView, after: IcebergView): Promise<readonly string[]> => {
    const { maintenance } = openIceberg(pointers, oneStore('s3://lake', store), 's3://lake', systemRuntime);
    return collect(maintenance.released(before, after));
  };

  it('is told beside another writer that expires the next ones and takes their files at once', async () => {
    const { view, ids } = await replaced();
    const [first = fail(), second = fail()] = ids;
    const whole = await releasedTo(view, await expire(view, [first, second]));
    const ours = await expire(await change(() => view.metadata), [first]);
    const theirs = await expire(ours, [second]);
    const taken = await releasedTo(ours, theirs);
    expect(taken.filter((uri) => uri.endsWith('.avro')).length).toBeGreaterThan(1);
    await take(taken);
    const released = await releasedTo(view, ours);
    expect(released.length).toBeGreaterThan(0);
    expect(released.filter((uri) => !whole.includes(uri))).toEqual([]);
    expect(whole.filter((uri) => !released.includes(uri) && !taken.includes(uri))).toEqual([]);
  });

  it('leaves out what another writer has taken of the same snapshots', async () => {
    const { view, ids } = await replaced();
    const after = await expire(view, ids.slice(0, 2));
    const whole = await releasedTo(view, after);
    const list = whole.find((uri) => uri.includes('/snap-')) ?? fail();
    await take([list]);
    const released = await releasedTo(view, after);
    expect(released.filter((uri) => !whole.includes(uri))).toEqual([]);
    expect(released.length).toBeGreaterThan(0);
  });

  it('is not told when a file of the table as it is now is missing', async () => {
    const { view, ids } = await replaced();
    const after = await expire(view, ids.slice(0, 2));
    await take([currentSnapshot(after.metadata)?.manifestList ?? fail()]);
    await expect(releasedTo(view, after)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

const fail = (): never => {
  throw new Error('the table has no such snapshot');
};

describe('clustered manifests', () => {
  it('hold few partitions each, keep every number, and leave deletes as they are', async () => {
    await change((metadata) => ({
      ...metadata,
      properties: {
        ...metadata.properties,
        'commit.manifest-merge.enabled': 'false',
        'commit.manifest.target-size-bytes': '6000',
      },
    }));
    await append(['a', DAY], ['b', DAY + 1]);
    await append(['c', DAY], ['d', DAY + 1]);
    const before = await deleteRows(position('about-a', 'a'), equality('eq'));
    const numbers = async (view: IcebergView) =>
      (await live(view))
        .map(({ filePath, sequenceNumber, deletes }) =>
          [filePath, sequenceNumber, ...deletes.map((file) => file.filePath)].join(' '),
        )
        .toSorted();
    const deleteManifests = async ({ metadata }: IcebergView) =>
      (await iceberg.lists.of(currentSnapshot(metadata))).filter(({ content }) => content === 1);

    const [group, ...others] = await iceberg.maintenance.planManifests(before);
    if (group === undefined) throw new Error('nothing is planned');
    expect(others).toEqual([]);
    const prepared = await iceberg.maintenance.prepareManifests(before, group, nextToken());
    const outcome = await iceberg.maintenance.attemptManifests(before, prepared);
    if (outcome.kind !== 'committed') throw new Error(String(outcome.cause));
    const after = outcome.view;

    const manifests = (await iceberg.lists.of(currentSnapshot(after.metadata))).filter(({ content }) => content === 0);
    expect(manifests.map((manifest) => [manifest.addedFiles, manifest.existingFiles])).toEqual([
      [0, 2],
      [0, 2],
    ]);
    const days = manifests.map(({ partitions }) => partitions?.[0]);
    for (const day of days) expect(day?.lowerBound).toEqual(day?.upperBound);
    expect(await numbers(after)).toEqual(await numbers(before));
    expect(await deleteManifests(after)).toEqual(await deleteManifests(before));
    const summary = currentSnapshot(after.metadata)?.summary;
    expect(summary).toMatchObject({
      operation: 'replace',
      'total-records': '40',
      'manifests-created': '2',
      'manifests-kept': '1',
      'manifests-replaced': '2',
    });
    expect(Object.keys(summary ?? {}).filter((key) => key.startsWith('added-') || key.startsWith('deleted-'))).toEqual(
      [],
    );
    expect(await iceberg.maintenance.planManifests(after)).toEqual([]);
    expect(await lintTable(after.metadataLocation, oneStore('s3://lake', store), { content: false })).toEqual([]);
  });

  it('are refused on a base that has lost their partition spec', async () => {
    await append(['a', DAY]);
    await append(['b', DAY]);
    const before = await append(['c', DAY]);
    const [group] = await iceberg.maintenance.planManifests(before);
    if (group === undefined) throw new Error('nothing is planned');
    const prepared = await iceberg.maintenance.prepareManifests(before, group, nextToken());
    const gone = { ...before, metadata: { ...before.metadata, partitionSpecs: [] } };
    expect((await iceberg.maintenance.attemptManifests(gone, prepared)).kind).toBe('conflict');
  });
});
