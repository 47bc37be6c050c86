/** Compaction against everything that may happen between reading and committing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { PIPELINE } from '../../support/iceberg/samples.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { TableOfLines } from './table-of-lines.ts';

let folder: TemporaryFolder;
let table: TableOfLines;
beforeEach(async () => {
  folder = await temporaryFolder();
  table = new TableOfLines(folder.path);
  await table.create();
});
afterEach(() => folder.remove());

const rowsTo = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `row ${at}`);
async function appended(count: number): Promise<void> {
  for (const row of rowsTo(count)) await table.append(`${row}\n`);
}

describe('compaction', () => {
  it('makes one file of small ones, with every row, progress and history kept', async () => {
    await appended(4);
    const before = await table.load();
    const result = await table.compact();
    expect(result).toMatchObject({ groupsCommitted: 1, groupsDropped: 0, filesRemoved: 4, filesAdded: 1 });
    expect(await table.live()).toHaveLength(1);
    expect(await table.rows()).toEqual(rowsTo(4));
    const { format, tables } = table.iceberg;
    const after = await table.load();
    expect(format.progress(after, PIPELINE)).toEqual(format.progress(before, PIPELINE));
    expect(tables.snapshots(after).map(({ operation }) => operation)).toEqual([...Array(4).fill('append'), 'replace']);
  });

  it('finds nothing to do afterwards', async () => {
    await appended(4);
    await table.compact();
    expect((await table.compactor.plan(await table.load())).groups).toEqual([]);
  });

  it('goes in behind checkpoints that were committed meanwhile', async () => {
    await appended(4);
    table.meanwhile = async () => void (await table.append('late 0\n'));
    expect(await table.compact()).toMatchObject({ groupsCommitted: 1 });
    expect(await table.live()).toHaveLength(2);
    expect(await table.rows()).toEqual(['late 0', ...rowsTo(4)]);
  });

  it('is dropped, never forced, when somebody rewrote its inputs meanwhile', async () => {
    await appended(4);
    let nested = false;
    table.meanwhile = async () => {
      if (nested) return;
      nested = true;
      await table.compact();
    };
    expect(await table.compact()).toMatchObject({ groupsCommitted: 0, groupsDropped: 1, filesRemoved: 0 });
    expect(await table.rows()).toEqual(rowsTo(4));
    expect(await table.live()).toHaveLength(1);
    expect(table.logged.join('\n')).toMatch(/dropped/);
  });

  it.each(['before-effect', 'after-effect', 'throws', 'lands-late'] as const)(
    'settles an answer that was lost (%s), and no row comes twice',
    async (how) => {
      await appended(4);
      table.meanwhile = () => Promise.resolve(table.pointers.lose(how));
      expect(await table.compact()).toMatchObject({ groupsCommitted: 1, groupsDropped: 0 });
      await table.pointers.landLate();
      expect(await table.rows()).toEqual(rowsTo(4));
      expect(await table.live()).toHaveLength(1);
    },
  );

  it('that is stopped leaves the table as it was, and deletes nothing it put', async () => {
    await appended(4);
    const before = await table.load();
    const stop = new AbortController();
    table.meanwhile = () => Promise.resolve(stop.abort(new SluiceError('closed', 'stopped')));
    await expect(table.compact(stop.signal)).rejects.toMatchObject({ kind: 'closed' });
    expect((await table.load()).metadataLocation).toBe(before.metadataLocation);
    expect(await table.rows()).toEqual(rowsTo(4));
  });

  it('leaves files alone that cannot be read, and says which', async () => {
    await appended(4);
    const [first = ''] = await table.live();
    await table.store.delete([table.locations.resolve(first).key]);
    const result = await table.compact();
    expect(result).toMatchObject({ groupsCommitted: 0, groupsFailed: 1 });
    expect(table.logged.join('\n')).toContain(first);
    expect(await table.live()).toHaveLength(4);
  });

  it('leaves every object it read in place: older snapshots still read', async () => {
    await appended(4);
    const before = await table.keys();
    await table.compact();
    expect(await table.keys()).toEqual(expect.arrayContaining([...before]));
  });

  it('gives the queue back between groups', async () => {
    await appended(4);
    const order: string[] = [];
    table.meanwhile = async () => {
      // While the files are made the queue is free.
      await table.queue.run(() => Promise.resolve(order.push('checkpoint')));
    };
    await table.compact();
    expect(order).toEqual(['checkpoint']);
  });
});

describe('expiry', () => {
  async function compacted(): Promise<readonly string[]> {
    await appended(4);
    const small = await table.live();
    await table.compact();
    await table.append('last\n');
    table.runtime.advance(120_000);
    return small;
  }

  it('deletes what only expired snapshots reached, and nothing else', async () => {
    const small = await compacted();
    const result = await table.expire();
    expect(result).toMatchObject({ snapshotsExpired: 5, objectsLeft: 0 });
    const keys = await table.keys();
    for (const uri of small) expect(keys).not.toContain(table.locations.resolve(uri).key);
    expect(await table.rows()).toEqual(['last', ...rowsTo(4)]);
    for await (const uri of table.iceberg.maintenance.reachable(await table.load()))
      expect(keys).toContain(table.locations.resolve(uri).key);
  });

  it.each(['after-effect', 'lands-late'] as const)(
    'deletes only once the table is seen without the snapshots (%s)',
    async (how) => {
      await compacted();
      table.pointers.lose(how);
      await table.expire();
      await table.pointers.landLate();
      expect(await table.rows()).toEqual(['last', ...rowsTo(4)]);
      for await (const uri of table.iceberg.maintenance.reachable(await table.load()))
        expect(await table.keys()).toContain(table.locations.resolve(uri).key);
    },
  );

  it('deletes nothing when it is stopped before the table is seen without them', async () => {
    await compacted();
    const before = await table.keys();
    const stop = new AbortController();
    stop.abort(new SluiceError('closed', 'stopped'));
    await expect(table.expire(stop.signal)).rejects.toMatchObject({ kind: 'closed' });
    expect(await table.keys()).toEqual(before);
  });

  it('deletes nothing while another change of the table waits for its end', async () => {
    const small = await compacted();
    const there = async (): Promise<number> => {
      const keys = await table.keys();
      return small.filter((uri) => keys.includes(table.locations.resolve(uri).key)).length;
    };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const expiry = table.expire();
    // Behind the commit of the expiry, before its deletions.
    const commit = table.queue.run(async () => {
      await held;
      return there();
    });
    await new Promise((resolve) => setImmediate(resolve));
    release();
    expect(await commit).toBe(small.length);
    await expiry;
    expect(await there()).toBe(0);
  });

  it('deletes metadata files that the log of the table no longer names, an hour after they were written', async () => {
    const metadataFiles = async (): Promise<number> =>
      (await table.keys()).filter((key) => key.endsWith('.metadata.json')).length;
    table = new TableOfLines(folder.path);
    await table.create(new Map([['write.metadata.previous-versions-max', '3']]));
    await appended(8);
    await table.compact();
    table.runtime.advance(120_000);
    await table.expire();
    expect(await metadataFiles()).toBeGreaterThan(10);
    await table.append('last\n');
    table.runtime.advance(3_700_000);
    await table.append('later\n');
    await table.expire();
    // The current one and three before it.
    expect(await metadataFiles()).toBe(4);
    expect(await table.rows()).toEqual(['last', 'later', ...rowsTo(8)]);
  });
});
