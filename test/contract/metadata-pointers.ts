/** The promises of `contracts/metadata-pointers.ts`, run on every implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetadataPointers } from '../../src/contracts/metadata-pointers.ts';
import type { TableName } from '../../src/core/ids.ts';

export interface PointersSubject {
  /** Another handle on the same catalog, as a second process has it. Closed by the suite. */
  open(): Promise<MetadataPointers>;
  remove(): Promise<void>;
}

const RACERS = 20;

/** `make` is called once; every test keeps to namespaces of its own. */
export function describeMetadataPointers(name: string, make: () => Promise<PointersSubject>): void {
  describe(`metadata pointers: ${name}`, () => {
    let subject: PointersSubject;
    let pointers: MetadataPointers;
    const opened: MetadataPointers[] = [];
    const open = async (): Promise<MetadataPointers> => {
      const handle = await subject.open();
      opened.push(handle);
      return handle;
    };
    beforeAll(async () => {
      subject = await make();
      pointers = await open();
    });
    afterAll(async () => {
      await Promise.all(opened.map((handle) => handle.close()));
      await subject.remove();
    });
    const fresh = async (namespace: string): Promise<TableName> => {
      const table = { namespace: [namespace], name: 't' };
      expect(await pointers.createNamespace(table.namespace, new Map())).toBe('created');
      expect(await pointers.create(table, 's3://b/0')).toBe('created');
      return table;
    };

    it('knows what was created, and nothing else', async () => {
      const table = await fresh('known');
      expect(await pointers.locate(table)).toBe('s3://b/0');
      expect(await pointers.locate({ ...table, name: 'T' })).toBeUndefined();
      expect(await pointers.locate({ ...table, name: 'other' })).toBeUndefined();
      expect(await pointers.locate({ namespace: ['elsewhere'], name: 't' })).toBeUndefined();
    });

    it('creates each name once', async () => {
      const table = await fresh('once');
      expect(await pointers.create(table, 's3://b/other')).toBe('exists');
      expect(await pointers.createNamespace(table.namespace, new Map())).toBe('exists');
      expect(await pointers.locate(table)).toBe('s3://b/0');
    });

    it('lists namespaces of several levels, and tables of one namespace only', async () => {
      await pointers.createNamespace(['deep'], new Map());
      await pointers.createNamespace(['deep', 'er'], new Map([['owner', 'me']]));
      await pointers.create({ namespace: ['deep', 'er'], name: 'b' }, 's3://b/b');
      await pointers.create({ namespace: ['deep', 'er'], name: 'a' }, 's3://b/a');
      expect(await pointers.listNamespaces()).toEqual(expect.arrayContaining([['deep'], ['deep', 'er']]));
      expect(await pointers.listTables(['deep'])).toEqual([]);
      expect((await pointers.listTables(['deep', 'er'])).map((table) => table.name).sort()).toEqual(['a', 'b']);
    });

    it('moves a pointer only from where it is', async () => {
      const table = await fresh('swap');
      expect(await pointers.swap(table, 's3://b/wrong', 's3://b/1')).toEqual({ kind: 'lost-race' });
      expect(await pointers.swap(table, 's3://b/0', 's3://b/1')).toEqual({ kind: 'swapped' });
      expect(await pointers.swap(table, 's3://b/0', 's3://b/2')).toEqual({ kind: 'lost-race' });
      expect(await pointers.locate(table)).toBe('s3://b/1');
      expect(await pointers.swap({ ...table, name: 'absent' }, 's3://b/0', 's3://b/1')).toEqual({ kind: 'lost-race' });
    });

    it('shows a swap to every other handle at once', async () => {
      const table = await fresh('visible');
      const other = await open();
      await pointers.swap(table, 's3://b/0', 's3://b/1');
      expect(await other.locate(table)).toBe('s3://b/1');
      expect(await other.swap(table, 's3://b/1', 's3://b/2')).toEqual({ kind: 'swapped' });
      expect(await pointers.locate(table)).toBe('s3://b/2');
    });

    it(`lets one of ${RACERS} racing swaps win, over several handles`, async () => {
      const table = await fresh('race');
      const handles = await Promise.all(Array.from({ length: 4 }, open));
      const ends = await Promise.all(
        Array.from({ length: RACERS }, async (_, racer) => ({
          racer,
          end: await (handles[racer % handles.length] ?? pointers).swap(table, 's3://b/0', `s3://b/racer-${racer}`),
        })),
      );
      const winners = ends.filter(({ end }) => end.kind === 'swapped');
      expect(winners).toHaveLength(1);
      expect(ends.filter(({ end }) => end.kind === 'lost-race')).toHaveLength(RACERS - 1);
      expect(await pointers.locate(table)).toBe(`s3://b/racer-${winners[0]?.racer}`);
    });

    it('lets one of racing creators win', async () => {
      const namespace = ['creators'];
      const spaces = await Promise.all(Array.from({ length: 8 }, () => pointers.createNamespace(namespace, new Map())));
      expect(spaces.filter((outcome) => outcome === 'created')).toHaveLength(1);
      const tables = await Promise.all(
        Array.from({ length: 8 }, (_, racer) => pointers.create({ namespace, name: 't' }, `s3://b/${racer}`)),
      );
      expect(tables.filter((outcome) => outcome === 'created')).toHaveLength(1);
    });

    it('drops a name once, and lets it be made again', async () => {
      const table = await fresh('drop');
      expect(await pointers.drop(table)).toBe(true);
      expect(await pointers.drop(table)).toBe(false);
      expect(await pointers.locate(table)).toBeUndefined();
      expect(await pointers.swap(table, 's3://b/0', 's3://b/1')).toEqual({ kind: 'lost-race' });
      expect(await pointers.create(table, 's3://b/new')).toBe('created');
    });
  });
}
