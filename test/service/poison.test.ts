/** A record that the native engine does not survive: the daemon finds it, puts it aside, and everything beside it is in the table once. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const ENGINE = new URL('../support/poison/poisoned-engine.ts', import.meta.url).href;
const TABLE =
  '{"name":"shop.orders","schema":{"fields":[{"name":"id","type":"long","required":true},{"name":"note","type":"string"}]}}';
const PATIENCE = { timeout: 60_000, interval: 300 };

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

const start = (kills: boolean): Promise<Daemon> =>
  Daemon.start({
    directory: folder.path,
    yaml: YAML,
    env: { NODE_OPTIONS: `--import=${ENGINE}`, POISON_KILLS: kills ? 'yes' : 'no' },
  });

async function post(path: string, body: string): Promise<number> {
  const headers = { 'content-type': path.endsWith('/records') ? 'application/x-ndjson' : 'application/json' };
  return (await fetch(`${await daemon?.url}/api/v1/tables${path}`, { method: 'POST', body, headers })).status;
}

async function query(sql: string): Promise<unknown> {
  const args = [MAIN, 'query', '-c', join(folder.path, 'sluice.yaml'), '-o', 'json', sql];
  // There may be no such table yet.
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => JSON.parse(stdout) as unknown,
    () => [],
  );
}

const letters = () =>
  query('select code, cause, decode(original) as original from shop.orders__dead_letters order by original');

const lines = (from: number, to: number, poison?: number): string =>
  Array.from(
    { length: to - from },
    (_, at) => `{"id":${from + at},"note":"${from + at === poison ? 'POISON' : 'n'}"}\n`,
  ).join('');

const LETTER = [{ code: 'poison', cause: 'poison', original: '{"id":57,"note":"POISON"}' }];
const counted = () => query('select count(*) as n, count(distinct id) as ids from shop.orders');

test('an engine that refuses it: the running daemon puts it aside', async () => {
  daemon = await start(false);
  expect(await post('', TABLE)).toBe(201);
  expect(await post('/shop.orders/records', lines(0, 100, 57))).toBe(202);
  expect(await post('/shop.orders/records', lines(100, 110))).toBe(202);
  await expect.poll(letters, PATIENCE).toEqual(LETTER);
  await expect.poll(counted, PATIENCE).toEqual([{ n: '109', ids: '109' }]);
  const metrics = await (await fetch(`${await daemon.url}/metrics`)).text();
  expect(metrics).toContain('sluice_dead_letter_records_total{table="shop.orders",code="poison"} 1');
});

test('an engine that kills the process: started again five times, the daemon gets past it', async () => {
  daemon = await start(true);
  expect(await post('', TABLE)).toBe(201);
  expect(await post('/shop.orders/records', lines(0, 100, 57))).toBe(202);
  let starts = 1;
  const decided = async (): Promise<boolean> => {
    if (daemon?.ended === true) {
      starts += 1;
      daemon = await start(true);
    }
    const metrics = await fetch(`${await daemon?.url}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    return metrics.includes('code="poison"} 1');
  };
  await expect.poll(decided, { timeout: 150_000, interval: 100 }).toBe(true);
  // The life that took it in, three that die of it, and the one that looks.
  expect(starts).toBe(5);
  await expect.poll(letters, PATIENCE).toEqual(LETTER);
  expect(await counted()).toEqual([{ n: '99', ids: '99' }]);
  expect(await post('/shop.orders/records', lines(100, 110))).toBe(202);
  await expect.poll(counted, PATIENCE).toEqual([{ n: '109', ids: '109' }]);
}, 240_000);
