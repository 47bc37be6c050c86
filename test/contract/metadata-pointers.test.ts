/** Pointers in memory and in SQLite; and what only SQLite promises: several processes, and databases that others made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlCatalog } from '../../src/catalog/sql-catalog.ts';
import { ThreadedSqlCatalog } from '../../src/catalog/threaded-sql-catalog.ts';
import { CREATE_NAMESPACES, CREATE_TABLES } from '../../src/catalog/sql-statements.ts';
import { MemoryPointers } from '../support/iceberg/memory-pointers.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { describeMetadataPointers } from './metadata-pointers.ts';

describeMetadataPointers('memory', async () => {
  const pointers = new MemoryPointers();
  return { open: async () => pointers, remove: async () => {} };
});

describeMetadataPointers('SQLite', async () => {
  const folder = await temporaryFolder();
  return {
    open: async () => SqlCatalog.open(`${folder.path}/catalog.db`, 'sluice'),
    remove: () => folder.remove(),
  };
});

describeMetadataPointers('SQLite, written on a thread', async () => {
  const folder = await temporaryFolder();
  return {
    open: async () => ThreadedSqlCatalog.open(`${folder.path}/catalog.db`, 'sluice'),
    remove: () => folder.remove(),
  };
});

describeMetadataPointers('SQLite made by Java with schema V0', async () => {
  const folder = await temporaryFolder();
  const path = `${folder.path}/catalog.db`;
  makeV0(path);
  return { open: async () => SqlCatalog.open(path, 'sluice'), remove: () => folder.remove() };
});

describe('an SQLite catalog', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = `${folder.path}/catalog.db`;
  });
  afterEach(() => folder.remove());

  const rows = (sql: string) => {
    const database = new DatabaseSync(path);
    const found = database.prepare(sql).all();
    database.close();
    return found.map((row) => ({ ...row }));
  };

  it('has the tables of JdbcCatalog V1, letter for letter (checklist 13.19, 13.20)', async () => {
    await SqlCatalog.open(path, 'sluice').close();
    expect(rows("SELECT sql FROM sqlite_master WHERE type = 'table' ORDER BY name").map((row) => row['sql'])).toEqual([
      'CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,namespace VARCHAR(255) NOT NULL,property_key VARCHAR(255),property_value VARCHAR(1000),PRIMARY KEY (catalog_name, namespace, property_key))',
      'CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,table_namespace VARCHAR(255) NOT NULL,table_name VARCHAR(255) NOT NULL,metadata_location VARCHAR(1000),previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),PRIMARY KEY (catalog_name, table_namespace, table_name))',
    ]);
  });

  it('writes rows as Java does (checklist 13.21)', async () => {
    const catalog = SqlCatalog.open(path, 'sluice');
    const table = { namespace: ['a', 'b'], name: 't' };
    await catalog.createNamespace(table.namespace, new Map([['owner', 'me']]));
    await catalog.create(table, 's3://b/0');
    await catalog.swap(table, 's3://b/0', 's3://b/1');
    await catalog.close();
    expect(rows('SELECT * FROM iceberg_tables')).toEqual([
      {
        catalog_name: 'sluice',
        table_namespace: 'a.b',
        table_name: 't',
        metadata_location: 's3://b/1',
        previous_metadata_location: 's3://b/0',
        iceberg_type: 'TABLE',
      },
    ]);
    expect(rows('SELECT * FROM iceberg_namespace_properties ORDER BY property_key')).toEqual([
      { catalog_name: 'sluice', namespace: 'a.b', property_key: 'exists', property_value: 'true' },
      { catalog_name: 'sluice', namespace: 'a.b', property_key: 'owner', property_value: 'me' },
    ]);
  });

  it('leaves a V0 database V0 (checklist 13.22)', async () => {
    makeV0(path);
    const catalog = SqlCatalog.open(path, 'sluice');
    await catalog.create({ namespace: ['a'], name: 't' }, 's3://b/0');
    await catalog.close();
    expect(rows('PRAGMA table_info(iceberg_tables)').map((row) => row['name'])).not.toContain('iceberg_type');
  });

  it('takes rows with a NULL type for tables, and sees no views (checklist 13.21, 13.22)', async () => {
    const catalog = SqlCatalog.open(path, 'sluice');
    const database = new DatabaseSync(path);
    const insert = database.prepare('INSERT INTO iceberg_tables VALUES (?, ?, ?, ?, NULL, ?)');
    insert.run('sluice', 'a', 'by_pyiceberg', 's3://b/p', null);
    insert.run('sluice', 'a', 'view', 's3://b/v', 'VIEW');
    insert.run('other', 'a', 'of_another_catalog', 's3://b/o', 'TABLE');
    database.close();
    expect((await catalog.listTables(['a'])).map((table) => table.name)).toEqual(['by_pyiceberg']);
    expect(await catalog.listNamespaces()).toEqual([['a']]);
    const [foreign, view] = ['by_pyiceberg', 'view'].map((name) => ({ namespace: ['a'], name }));
    if (foreign === undefined || view === undefined) throw new Error('unreachable');
    expect(await catalog.locate(foreign)).toBe('s3://b/p');
    expect(await catalog.swap(foreign, 's3://b/p', 's3://b/p1')).toEqual({ kind: 'swapped' });
    expect(await catalog.locate(view)).toBeUndefined();
    expect(await catalog.swap(view, 's3://b/v', 's3://b/v1')).toEqual({ kind: 'lost-race' });
    expect(await catalog.create(view, 's3://b/t')).toBe('exists');
    expect(await catalog.drop(view)).toBe(false);
    await catalog.close();
  });

  it('gives new files a write-ahead log and leaves those of others as they are', async () => {
    await SqlCatalog.open(path, 'sluice').close();
    expect(rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    const theirs = `${folder.path}/theirs.db`;
    makeV0(theirs);
    await SqlCatalog.open(theirs, 'sluice').close();
    path = theirs;
    expect(rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
  });

  it('says what to check when the file cannot be opened', () => {
    expect(() => SqlCatalog.open(`${folder.path}/absent/catalog.db`, 'sluice')).toThrow(
      expect.objectContaining({ kind: 'unavailable', remedy: expect.stringContaining('folder') }) as Error,
    );
  });

  it('answers unknown when the database cannot say', async () => {
    const catalog = SqlCatalog.open(path, 'sluice');
    await catalog.close();
    expect((await catalog.swap({ namespace: ['a'], name: 't' }, 'x', 'y')).kind).toBe('unknown');
  });

  it('gives each link of a chain to one of three processes', async () => {
    const links = 150;
    const catalog = SqlCatalog.open(path, 'sluice');
    const table = { namespace: ['race'], name: 't' };
    await catalog.create(table, '0#start');
    const racers = ['a', 'b', 'c'].map((racer) => startRacer(path, racer, links));
    await Promise.all(racers.map((racer) => racer.ready));
    for (const racer of racers) racer.go();
    const won = (await Promise.all(racers.map((racer) => racer.won))).flat();
    expect(won.map((link) => Number(link.split('#')[0])).sort((a, b) => a - b)).toEqual(
      Array.from({ length: links }, (_, at) => at + 1),
    );
    expect(won).toContain(await catalog.locate(table));
    await catalog.close();
  });
});

function makeV0(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(CREATE_TABLES);
  database.exec(CREATE_NAMESPACES);
  database.close();
}

function startRacer(path: string, racer: string, links: number) {
  const script = fileURLToPath(new URL('metadata-pointers/racer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path, racer, String(links)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      output += text;
      if (output.startsWith('ready\n')) resolve();
    });
  });
  const won = once(child, 'close').then(([code]): string[] => {
    if (code !== 0) throw new Error(`racer ${racer} ended with ${String(code)}`);
    return JSON.parse(output.slice('ready\n'.length)) as string[];
  });
  return { ready, won, go: () => child.stdin.write('go\n') };
}
