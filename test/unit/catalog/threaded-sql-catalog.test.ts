/** Writes to the catalog hold up nothing but who waits for them, and those that wait together share a sync. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ThreadedSqlCatalog } from '../../../src/catalog/threaded-sql-catalog.ts';
import { SqlCatalog } from '../../../src/catalog/sql-catalog.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let path: string;
let catalog: ThreadedSqlCatalog;
const table = { namespace: ['ns'], name: 't' };

beforeEach(async () => {
  folder = await temporaryFolder();
  path = `${folder.path}/catalog.db`;
  catalog = ThreadedSqlCatalog.open(path, 'sluice');
  await catalog.createNamespace(table.namespace, new Map());
  await catalog.create(table, 'first');
});
afterEach(async () => {
  await catalog.close();
  await folder.remove();
});

test('while a write waits for the disk or a lock, the event loop turns and reads are answered', async () => {
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const swapped = catalog.swap(table, 'first', 'second');
  const started = performance.now();
  await sleep(20);
  expect(await catalog.locate(table)).toBe('first');
  expect(performance.now() - started).toBeLessThan(2000);
  other.exec('ROLLBACK');
  other.close();
  expect(await swapped).toEqual({ kind: 'swapped' });
  expect(await catalog.locate(table)).toBe('second');
});

test('swaps in one transaction each have their own outcome', () => {
  const direct = SqlCatalog.open(path, 'sluice');
  const outcomes = direct.swapAll([
    { table, from: 'first', to: 'second' },
    { table: { ...table, name: 'absent' }, from: 'a', to: 'b' },
    { table, from: 'first', to: 'third' },
    { table, from: 'second', to: 'third' },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['swapped', 'lost-race', 'lost-race', 'swapped']);
  void direct.close();
});

test('what a write throws arrives with its kind and remedy', async () => {
  const other = new DatabaseSync(path);
  other.exec('DROP TABLE iceberg_tables');
  other.close();
  await expect(catalog.create({ ...table, name: 'u' }, 'x')).rejects.toMatchObject({
    kind: 'unavailable',
    remedy: expect.stringContaining('writable'),
  });
  expect(await catalog.swap(table, 'first', 'second')).toMatchObject({ kind: 'unknown' });
});

test('a closed catalog says so', async () => {
  await catalog.close();
  await expect(catalog.drop(table)).rejects.toMatchObject({ kind: 'closed' });
  catalog = ThreadedSqlCatalog.open(path, 'sluice');
});
