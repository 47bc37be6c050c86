/** A table that somebody drops under a running daemon: what was acknowledged and not in it becomes dead letters, once, over kill -9. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
/** Twice ten seconds of grace, and a slow machine. */
const PATIENCE = { timeout: 90_000, interval: 500 };

let folder: TemporaryFolder;
let daemon: Daemon;
let url = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

async function start(): Promise<void> {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
  url = `${await daemon.url}/api/v1/tables`;
}

const post = (path: string, body: string) =>
  fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

const createTable = () =>
  post('', '{"name":"shop.orders","schema":{"fields":[{"name":"id","type":"long","required":true}]}}');

async function send(id: number): Promise<void> {
  expect((await post('/shop.orders/records', `{"id":${id}}`)).status).toBe(202);
}

/** As another program on the same catalog would. */
function drop(): void {
  const catalog = new DatabaseSync(join(folder.path, 'data', 'catalog.db'));
  catalog.exec("PRAGMA busy_timeout = 5000; DELETE FROM iceberg_tables WHERE table_name = 'orders'");
  catalog.close();
}

async function query(sql: string): Promise<unknown> {
  const args = [MAIN, 'query', '-c', join(folder.path, 'sluice.yaml'), '-o', 'json', sql];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

const letters = (): Promise<unknown> =>
  query('select code, cause, table_name, decode(original) as original from shop.orders__dead_letters order by original')
    // There is no such table yet.
    .catch(() => []);

const LETTERS = [2, 3].map((id) => ({
  code: 'table_gone',
  cause: 'table_gone',
  table_name: 'shop.orders',
  original: `{"id":${id}}`,
}));

test('records in the log when it went are its dead letters, and another table of the name starts empty', async () => {
  await createTable();
  await send(1);
  await expect.poll(() => query('select id from shop.orders'), PATIENCE).toEqual([{ id: '1' }]);
  drop();
  await send(2);
  await send(3);
  await expect.poll(letters, PATIENCE).toEqual(LETTERS);
  const metrics = await (await fetch(new URL('/metrics', url))).text();
  expect(metrics).toContain('sluice_dead_letter_records_total{table="shop.orders",code="table_gone"} 2');

  await daemon.kill();
  await start();
  await createTable();
  await send(4);
  await expect.poll(() => query('select id from shop.orders'), PATIENCE).toEqual([{ id: '4' }]);
  expect(await letters()).toEqual(LETTERS);
});

test('a daemon that is killed again and again while they are written leaves one of each', async () => {
  await createTable();
  // The daemon knows the table, and has committed nothing to it.
  expect((await post('/shop.orders/records?dry_run=true', '{"id":1}')).status).toBe(200);
  drop();
  await send(2);
  await send(3);
  // The first absence is seen at once, the second a grace later: kills strike around the step in which they are written.
  for (const afterMs of [9_000, 10_300, 11_500]) {
    await daemon.kill();
    await start();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
  }
  await expect.poll(letters, PATIENCE).toEqual(LETTERS);
  await daemon.kill();
  await start();
  expect(await letters()).toEqual(LETTERS);
});
