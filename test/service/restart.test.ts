/** Stopping and starting under load: what clients with retry see, and that nobody's idle or unfinished connection holds up the stop. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { produceWithRetries } from '../support/retrying-producer.ts';
import { freePort } from '../support/servers/process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const TABLE = '{"name":"shop.orders","schema":{"fields":[{"name":"id","type":"long","required":true}]}}';

let folder: TemporaryFolder;
let daemon: Daemon;
let port: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  port = await freePort();
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

async function start(server = 'drain_delay: 200ms', interval = '300ms'): Promise<string> {
  const yaml = `checkpoint: { interval: ${interval} }\nserver: { listen: "127.0.0.1:${port}", ${server} }\n`;
  daemon = await Daemon.start({ directory: folder.path, yaml });
  return daemon.url;
}

async function stop(): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.exit(60_000), daemon.log).toBe(0);
}

async function createTable(url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/api/v1/tables`, { method: 'POST', headers, body: TABLE })).status).toBe(201);
}

async function counts(): Promise<Map<number, number>> {
  const sql = 'select id, count(*) as n from shop.orders group by id';
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const args = [MAIN, 'query', '-c', join(folder.path, 'sluice.yaml'), '-o', 'json', sql];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return new Map((JSON.parse(stdout) as { id: string; n: string }[]).map(({ id, n }) => [Number(id), Number(n)]));
}

test('three restarts under load: every request of a client with retry ends in a 2xx, every record is in the table once', async () => {
  const url = await start();
  await createTable(url);
  const enough = new AbortController();
  const load = produceWithRetries(url, 'shop.orders', 8, enough.signal);
  for (let restart = 1; restart <= 3; restart += 1) {
    await sleep(500);
    await stop();
    await start();
  }
  await sleep(500);
  enough.abort();
  const tally = await load;
  await stop();
  expect(tally.noticed).toEqual([]);
  expect(tally.acknowledged.size).toBeGreaterThan(100);
  // The restarts were seen: connections were refused in between.
  expect(tally.refusals.connection).toBeGreaterThan(0);
  const found = await counts();
  expect([...tally.acknowledged].filter((id) => !found.has(id))).toEqual([]);
  expect([...found.keys()].filter((id) => !tally.acknowledged.has(id))).toEqual([]);
  // A plain append that is sent again after an unknown outcome may be there twice, and no other.
  expect([...found].filter(([id, times]) => times > 1 && !tally.unknown.has(id))).toEqual([]);
  expect([...found.values()].every((times) => times <= 2)).toBe(true);
  expect(tally.longestGapMs).toBeLessThan(60_000);
});

test('while draining the daemon goes on serving, says that it is not ready, and asks clients to leave', async () => {
  const url = await start('drain_delay: 10s');
  await createTable(url);
  daemon.signal('SIGTERM');
  const ready = () => fetch(`${url}/readyz`);
  await expect.poll(async () => (await ready()).status).toBe(503);
  expect(await (await ready()).json()).toMatchObject({ reasons: [{ code: 'draining' }] });
  const sent = await fetch(`${url}/api/v1/tables/shop.orders/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id":1}',
  });
  expect([sent.status, sent.headers.get('connection')]).toEqual([202, 'close']);
  expect(daemon.ended).toBe(false);
  daemon.signal('SIGTERM');
  expect(await daemon.exit(10_000)).toBe(1);
  await start();
  await stop();
  expect(await counts()).toEqual(new Map([[1, 1]]));
});

test('connections that are idle or half a request do not hold up the stop, and who waits for a commit gets it', async () => {
  const url = await start(
    'drain_delay: 0s, limits: { keep_alive: 10m, request_timeout: 10m, header_timeout: 10m }',
    '1h',
  );
  await createTable(url);
  const sockets = [
    '',
    'POST /api/v1/tables/shop.orders/rec',
    'POST /api/v1/tables/shop.orders/records HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  ].map((text) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('error', () => undefined);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const waiting = fetch(`${url}/api/v1/tables/shop.orders/records?ack=committed&timeout=5m`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id":1}',
  });
  const lag = async () =>
    (await (await fetch(`${url}/api/v1/tables/shop.orders`)).json()) as { status: { lag_records: string } };
  await expect.poll(async () => (await lag()).status.lag_records).toBe('1');
  const began = performance.now();
  await stop();
  expect(performance.now() - began).toBeLessThan(20_000);
  expect((await waiting).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});
