import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { printMetadata } from '../../../src/iceberg/metadata-json.ts';
import { newTableMetadata } from '../../../src/iceberg/new-table.ts';
import { PointerCatalog } from '../../../src/iceberg/pointer-catalog.ts';
import { TableFiles } from '../../../src/iceberg/table-files.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { oneStore } from '../../support/iceberg/locations.ts';
import { MemoryPointers } from '../../support/iceberg/memory-pointers.ts';
import { EVENTS } from '../../support/iceberg/samples.ts';

const { name } = EVENTS;
const METADATA = newTableMetadata(EVENTS, 's3://lake/t', 'acd521f2-320c-4f3b-bd14-3ed0bf76d258', 1);
const SET = { action: 'set-properties' as const, updates: { a: 'b' } };

let store: MemoryStore;
let pointers: MemoryPointers;
let catalog: PointerCatalog;
beforeEach(() => {
  store = new MemoryStore(systemRuntime.clock);
  pointers = new MemoryPointers();
  catalog = new PointerCatalog(pointers, new TableFiles(oneStore('s3://lake', store)), systemRuntime);
});

const put = (key: string, text: string | Uint8Array) => store.put(key, Buffer.from(text), { kind: 'always' });

async function load() {
  const loaded = await catalog.load(name);
  if (loaded === undefined) throw new Error('absent');
  return loaded;
}

describe('metadata files', () => {
  it.each([
    ['metadata/00007-x.metadata.json', '00008'],
    ['metadata/123456-x.metadata.json', '123457'],
    ['metadata/v3.metadata.json', '00000'],
  ])('after %s comes %s (checklist 1.10)', async (file, version) => {
    await put(`t/${file}`, printMetadata(METADATA));
    await pointers.create(name, `s3://lake/t/${file}`);
    const end = await catalog.commit(await load(), [], [SET]);
    expect(await pointers.locate(name)).toMatch(
      new RegExp(`^s3://lake/t/metadata/${version}-[0-9a-f-]{36}\\.metadata\\.json$`),
    );
    expect(end).toMatchObject({
      kind: 'committed',
      view: { metadata: { metadataLog: [{ metadataFile: `s3://lake/t/${file}` }] } },
    });
  });

  it.each(['00001-x.gz.metadata.json', '00001-x.metadata.json.gz'])(
    'are unzipped by name: %s (checklist 1.10)',
    async (file) => {
      await put(`t/${file}`, gzipSync(printMetadata(METADATA)));
      await pointers.create(name, `s3://lake/t/${file}`);
      expect((await load()).metadata.tableUuid).toBe(METADATA.tableUuid);
      await catalog.commit(await load(), [], [SET]);
      expect(await pointers.locate(name)).toMatch(/00002-[0-9a-f-]{36}\.metadata\.json$/);
    },
  );

  it('are not read again while the pointer stays', async () => {
    await catalog.create(name, METADATA);
    const first = await load();
    let reads = 0;
    const get = store.get.bind(store);
    store.get = (...call) => {
      reads += 1;
      return get(...call);
    };
    expect(await load()).toBe(first);
    const end = await catalog.commit(first, [], [SET]);
    expect(await load()).toBe(end.kind === 'committed' ? end.view : undefined);
    expect(reads).toBe(0);
  });

  it('that are gone, or are nonsense, are said to be corrupt with their name', async () => {
    await pointers.create(name, 's3://lake/t/gone.metadata.json');
    await expect(load()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('gone') });
    await put('t/bad.gz.metadata.json', 'not gzip');
    await pointers.swap(name, 's3://lake/t/gone.metadata.json', 's3://lake/t/bad.gz.metadata.json');
    await expect(load()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('bad') });
  });
});

it('turns a requirement that does not hold into a conflict, before writing anything', async () => {
  await catalog.create(name, METADATA);
  const base = await load();
  const end = await catalog.commit(base, [{ type: 'assert-current-schema-id', currentSchemaId: 4 }], [SET]);
  expect(end).toEqual({ kind: 'conflict', cause: 'assert-current-schema-id: the table has schema 0' });
  let objects = 0;
  for await (const object of store.list('')) objects += Number(object.size > 0n);
  expect(objects).toBe(1);
});

it('forgets a table that was dropped', async () => {
  await catalog.create(name, METADATA);
  await load();
  await pointers.drop(name);
  expect(await catalog.load(name)).toBeUndefined();
});

it('takes its own earlier put for written, and other bytes under its name for a fault', async () => {
  const files = new TableFiles(oneStore('s3://lake', store));
  await files.create('s3://lake/x', Buffer.from('a'));
  await expect(files.create('s3://lake/x', Buffer.from('a'))).resolves.toBeUndefined();
  await expect(files.create('s3://lake/x', Buffer.from('b'))).rejects.toMatchObject({ kind: 'internal' });
});
