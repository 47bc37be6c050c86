/** What the contract suite cannot see: causes of conflicts, tables others changed, tables this version must not write to. */
import { beforeEach, describe, expect, it } from 'vitest';
import { pipelineId } from '../../../src/core/ids.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import {
  PARTITION_SPEC_GONE,
  SCHEMA_CHANGED,
  SNAPSHOT_ID_EXISTS,
  type IcebergView,
} from '../../../src/iceberg/iceberg-format.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import type { TableMetadata } from '../../../src/iceberg/metadata.ts';
import { openIceberg, type Iceberg } from '../../../src/iceberg/open-iceberg.ts';
import { schemaJson } from '../../../src/record/schema-json.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS, PIPELINE, dataFile, nextToken, progressTo } from '../../support/iceberg/samples.ts';

let store: MemoryStore;
let pointers: MemoryPointers;
let iceberg: Iceberg;
let view: IcebergView;
beforeEach(async () => {
  store = new MemoryStore(systemRuntime.clock);
  pointers = new MemoryPointers();
  iceberg = openIceberg(pointers, oneStore('s3://lake', store), 's3://lake', systemRuntime);
  ({ view } = await iceberg.tables.create(EVENTS));
});

const prepare = (base: IcebergView, file = 'a') =>
  iceberg.format.prepare(
    base,
    { kind: 'append', added: [dataFile(`s3://lake/${file}`)], progress: progressTo({ l: 1 }) },
    nextToken(),
  );

/** Another writer replaces the metadata. */
async function change(edit: (metadata: TableMetadata) => TableMetadata): Promise<IcebergView> {
  const next = `${view.location}/metadata/00099-foreign.metadata.json`;
  await store.put(next.slice('s3://lake/'.length), Buffer.from(printMetadata(edit(view.metadata))), {
    kind: 'if-absent',
  });
  await pointers.swap(EVENTS.name, view.metadataLocation, next);
  const loaded = await iceberg.format.load(EVENTS.name);
  if (loaded.kind !== 'loaded') throw new Error('absent');
  return loaded.view;
}

describe('an attempt on a base whose files are gone', () => {
  /** The table stands at a snapshot of another writer: nothing of it was read yet. */
  async function foreignBase(): Promise<IcebergView> {
    const other = openIceberg(pointers, oneStore('s3://lake', store), 's3://lake', systemRuntime);
    const outcome = await other.format.attempt(view, await prepare(view));
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    const loaded = await iceberg.format.load(EVENTS.name);
    if (loaded.kind !== 'loaded') throw new Error('absent');
    const lists = outcome.view.metadata.snapshots.map(({ manifestList }) => manifestList.slice('s3://lake/'.length));
    await store.delete(lists);
    return loaded.view;
  }
  const second = (base: IcebergView) =>
    iceberg.format.prepare(
      base,
      { kind: 'append', added: [dataFile('s3://lake/b')], progress: progressTo({ l: 2 }) },
      nextToken(),
    );

  it('is a lost race when the table has moved: somebody has expired it (seed 19 of the maintained world)', async () => {
    const base = await foreignBase();
    const prepared = await second(base);
    await change((metadata) => metadata);
    // The pointer is elsewhere by then.
    await pointers.swap(EVENTS.name, base.metadataLocation, `${view.location}/metadata/00099-foreign.metadata.json`);
    expect(await iceberg.format.attempt(base, prepared)).toMatchObject({
      kind: 'conflict',
      cause: expect.stringContaining('the table moved'),
    });
  });

  it('is a fault of the table when it has not', async () => {
    const base = await foreignBase();
    await expect(iceberg.format.attempt(base, await second(base))).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

describe('an attempt on a base that changed its form', () => {
  it('says that the schema changed, so that the change is prepared anew', async () => {
    const prepared = await prepare(view);
    const evolved = await change((metadata) => ({
      ...metadata,
      schemas: [
        ...metadata.schemas,
        schemaJson({
          schemaId: 1,
          fields: [...view.schema.fields, { id: 4, name: 'new', type: { kind: 'int' }, required: false }],
        }),
      ],
      currentSchemaId: 1,
      lastColumnId: 4,
    }));
    expect(await iceberg.format.attempt(evolved, prepared)).toEqual({ kind: 'conflict', cause: SCHEMA_CHANGED });
    const anew = await prepare(evolved);
    expect((await iceberg.format.attempt(evolved, anew)).kind).toBe('committed');
  });

  it('says that the partition spec is gone', async () => {
    const prepared = await prepare(view);
    const respecified = await change((metadata) => ({
      ...metadata,
      partitionSpecs: [{ 'spec-id': 1, fields: [] }],
      defaultSpecId: 1,
    }));
    expect(await iceberg.format.attempt(respecified, prepared)).toEqual({
      kind: 'conflict',
      cause: PARTITION_SPEC_GONE,
    });
  });

  it('goes in when only the default spec changed', async () => {
    const prepared = await prepare(view);
    const evolved = await change((metadata) => ({
      ...metadata,
      partitionSpecs: [...metadata.partitionSpecs, { 'spec-id': 1, fields: [] }],
      defaultSpecId: 1,
    }));
    expect((await iceberg.format.attempt(evolved, prepared)).kind).toBe('committed');
  });

  it('says that the token is taken even by a snapshot outside main', async () => {
    const prepared = await prepare(view);
    const taken = await change((metadata) => ({
      ...metadata,
      lastSequenceNumber: 1n,
      snapshots: [
        {
          snapshotId: prepared.token,
          sequenceNumber: 1n,
          timestampMs: 1,
          manifestList: 's3://lake/x',
          summary: { operation: 'append' },
          rest: {},
        },
      ],
    }));
    expect(iceberg.format.landed(taken, prepared.token)).toBe(true);
    expect(await iceberg.format.attempt(taken, prepared)).toEqual({ kind: 'conflict', cause: SNAPSHOT_ID_EXISTS });
  });
});

it('loads a table of version 3, but writes nothing to it', async () => {
  const upgraded = await change((metadata) => ({
    ...metadata,
    formatVersion: 3,
    rest: { ...metadata.rest, 'next-row-id': 0 },
  }));
  await expect(prepare(upgraded)).rejects.toMatchObject({ kind: 'unsupported' });
});

it('refuses a spec with a transform it does not know (checklist 3.10)', async () => {
  const spec = { 'spec-id': 0, fields: [{ name: 'z', transform: 'zorder', 'source-id': 1, 'field-id': 1000 }] };
  await expect(change((metadata) => ({ ...metadata, partitionSpecs: [spec] }))).rejects.toMatchObject({
    kind: 'unsupported',
  });
});

it('never guesses at progress it cannot read', async () => {
  const damaged = await change((metadata) => ({ ...metadata, properties: { 'sluice.progress.main': '{"v":2}' } }));
  expect(() => iceberg.format.progress(damaged, PIPELINE)).toThrow(
    expect.objectContaining({ kind: 'corrupt' }) as Error,
  );
  expect(iceberg.format.progress(damaged, pipelineId('other'))).toBeUndefined();
  await expect(iceberg.format.attempt(damaged, await prepare(damaged))).rejects.toMatchObject({ kind: 'corrupt' });
});

it('refuses progress above 64 KiB before anything is put', async () => {
  const lanes = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [at.toString(16).padStart(32, '0'), at]));
  const change = { kind: 'append' as const, added: [], progress: progressTo(lanes) };
  const prepared = await iceberg.format.prepare(view, change, nextToken());
  let puts = 0;
  const put = store.put.bind(store);
  store.put = (...call) => {
    puts += 1;
    return put(...call);
  };
  await expect(iceberg.format.attempt(view, prepared)).rejects.toMatchObject({ kind: 'misconfigured' });
  expect(puts).toBe(0);
});

it('names every object of a commit with the token or version, the attempt, and a random uuid (protocol §4)', async () => {
  const prepared = await prepare(view);
  await iceberg.format.attempt(view, prepared);
  await iceberg.format.attempt(view, prepared);
  const names: string[] = [];
  for await (const object of store.list('lake/events/metadata/')) names.push(object.key.replace(/^.*\//, ''));
  const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
  const count = (pattern: string) => names.filter((name) => new RegExp(`^${pattern}$`).test(name)).length;
  expect(count(`${prepared.token}-m0-${uuid}\\.avro`)).toBe(1);
  expect(count(`snap-${prepared.token}-1-${uuid}\\.avro`)).toBe(1);
  expect(count(`snap-${prepared.token}-2-${uuid}\\.avro`)).toBe(1);
  expect(count(`00001-${uuid}\\.metadata\\.json`)).toBe(2);
  expect(names).toHaveLength(6);
});
