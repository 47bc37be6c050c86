/** Promises of a survey: exact totals, sizes and partitions that grow exact look by look, and a look that costs the same for every table. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/core/runtime.ts';
import type { IcebergView } from '../../../src/iceberg/iceberg-format.ts';
import { currentSnapshot } from '../../../src/iceberg/metadata.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import type { DataFile } from '../../../src/record/data-file.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS, PIPELINE, dataFile, nextToken, progressTo } from '../../support/iceberg/samples.ts';

const MIB = 1024 * 1024;
const ROOT = 's3://lake/warehouse';

class CountingStore extends MemoryStore {
  gets: string[] = [];

  override get(...args: Parameters<MemoryStore['get']>): ReturnType<MemoryStore['get']> {
    this.gets.push(args[0]);
    return super.get(...args);
  }

  /** Manifests read since the last question. */
  manifestsRead(): number {
    const read = this.gets.filter((key) => key.endsWith('.avro') && !key.includes('/snap-')).length;
    this.gets = [];
    return read;
  }
}

interface Subject extends Iceberg {
  readonly store: CountingStore;
  view: IcebergView;
}

async function open(): Promise<Subject> {
  const store = new CountingStore(systemRuntime.clock);
  const iceberg = openIceberg(new MemoryPointers(), oneStore(ROOT, store), ROOT, systemRuntime);
  const { view } = await iceberg.tables.create({
    ...EVENTS,
    properties: new Map([['commit.manifest-merge.enabled', 'false']]),
  });
  return { ...iceberg, store, view };
}

let next = 0;
const file = (mib: number, day: number): DataFile => ({
  ...dataFile(`${ROOT}/lake/events/data/${next++}.parquet`, [day]),
  fileSizeInBytes: BigInt(Math.round(mib * MIB)),
});

async function commit(subject: Subject, added: readonly DataFile[]): Promise<void> {
  const change = { kind: 'append' as const, added, progress: progressTo({ l: next }) };
  const { format, view } = subject;
  const outcome = await format.attempt(view, await format.prepare(view, change, nextToken()));
  if (outcome.kind !== 'committed') throw new Error(`expected a commit, got ${outcome.kind}`);
  subject.view = outcome.view;
}

const look = ({ surveys, view }: Subject) => surveys.look(view, PIPELINE, 256 * MIB);

test('an empty table has nothing', async () => {
  const subject = await open();
  expect(await look(subject)).toMatchObject({
    files: 0,
    bytes: 0,
    records: 0n,
    manifests: 0,
    snapshots: 0,
    recent: [],
  });
});

test('sizes, partitions and what a compaction could spare', async () => {
  const subject = await open();
  await commit(subject, [file(256, 1), file(1, 1), file(1, 1), file(1, 2)]);
  await commit(subject, [file(63, 2), file(63, 2), file(64, 3)]);
  const survey = await look(subject);
  expect(survey).toMatchObject({
    files: 7,
    sampledFiles: 7,
    bytes: 449 * MIB,
    records: 70n,
    smallBytes: 64 * MIB,
    smallFiles: 5,
    // Two of day 1 become one; three of day 2 become one.
    sparableFiles: 3,
    partitions: { count: 3, largestBytes: 258 * MIB, medianBytes: 127 * MIB },
    manifests: 2,
    snapshots: 2,
    deleteFiles: 0,
  });
  expect(survey.recent.map(({ summary }) => summary.get('sluice.pipeline'))).toEqual([PIPELINE, PIPELINE]);
  expect(survey.progress.bytes).toBeGreaterThan(100);
  expect(survey.metadataBytes).toBeGreaterThan(1000);
});

test('a manifest is read once, and what the table no longer has is forgotten', async () => {
  const subject = await open();
  await commit(subject, [file(1, 1)]);
  await look(subject);
  expect(subject.store.manifestsRead()).toBe(1);
  await look(subject);
  expect(subject.store.manifestsRead()).toBe(0);
  await commit(subject, [file(1, 1)]);
  await look(subject);
  expect(subject.store.manifestsRead()).toBe(1);
});

test('a look at a table of many files reads its newest manifests only; later ones go on to the older', async () => {
  const subject = await open();
  const each = 8_000;
  for (let day = 0; day < 5; day += 1)
    await commit(
      subject,
      Array.from({ length: each }, () => file(day === 4 ? 1 : 256, day)),
    );
  subject.store.manifestsRead();
  const first = await look(subject);
  // The bound is reached inside the third manifest.
  expect(subject.store.manifestsRead()).toBe(3);
  expect(first).toMatchObject({ files: 5 * each, sampledFiles: 3 * each, bytes: (4 * 256 + 1) * each * MIB });
  // A third of what was seen is small, so a third of all is taken for small.
  expect(first.smallFiles).toBe(Math.round((5 * each) / 3));
  const second = await look(subject);
  expect(subject.store.manifestsRead()).toBe(2);
  expect(second).toMatchObject({ sampledFiles: 5 * each, smallFiles: each, partitions: { count: 5 } });
});

test('delete files count by the manifest list, without being read', async () => {
  const subject = await open();
  await commit(subject, [file(256, 1)]);
  const snapshot = currentSnapshot(subject.view.metadata);
  const [data] = await subject.lists.of(snapshot);
  if (data === undefined || snapshot === undefined) throw new Error('the fixture has no manifest');
  const deletes = { ...data, path: 'not-there.avro', content: 1, addedFiles: 3, addedRows: 7n };
  subject.lists.remember(snapshot.manifestList, [data, deletes]);
  expect(await look(subject)).toMatchObject({ files: 1, deleteFiles: 3, deleteRows: 7n, manifests: 2 });
});

test('a manifest in a form that is not read leaves the others to stand for it', async () => {
  const subject = await open();
  await commit(subject, [file(256, 1), file(256, 1)]);
  const [first] = await subject.lists.of(currentSnapshot(subject.view.metadata));
  if (first === undefined) throw new Error('the fixture has no manifest');
  const key = first.path.slice(ROOT.length + 1);
  const found = await subject.store.get(key);
  const foreign = Buffer.from(
    Buffer.from(found?.bytes ?? [])
      .toString('latin1')
      .replace('deflate', 'snappy!'),
    'latin1',
  );
  await subject.store.put(key, foreign, { kind: 'always' });
  await commit(subject, [file(1, 1)]);
  expect(await look(subject)).toMatchObject({ files: 3, sampledFiles: 1, smallFiles: 3, bytes: 513 * MIB });
});
