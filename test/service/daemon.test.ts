/** The real process on its embedded default: the promises a producer and an operator rely on, over HTTP and signals. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

async function start(): Promise<string> {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
  return daemon.url;
}

async function call(url: string, method = 'GET', body?: string, contentType = 'application/json') {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': contentType } }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

const createTable = (url: string) =>
  call(
    `${url}/api/v1/tables`,
    'POST',
    JSON.stringify({
      name: 'shop.orders',
      schema: {
        fields: [
          { name: 'id', type: 'long', required: true },
          { name: 'price', type: 'decimal(9,2)' },
        ],
      },
      partition_by: ['bucket(4, id)'],
    }),
  );

const cli = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [MAIN, ...args])).stdout;

const config = (): string => join(folder.path, 'sluice.yaml');

test('committed records are in the table that the answer names, and a query sees them', async () => {
  const url = await start();
  expect((await createTable(url)).status).toBe(201);
  const sent = await call(
    `${url}/api/v1/tables/shop.orders/records?ack=committed&timeout=20s`,
    'POST',
    '{"id":1,"price":9.99}\n{"id":2,"price":"0.01"}\n{"id":9007199254740993}\n',
    'application/x-ndjson',
  );
  expect(sent.status).toBe(200);
  expect(sent.json).toMatchObject({ table: 'shop.orders', accepted: 3, rejected: 0, ack: 'committed' });
  const described = await call(`${url}/api/v1/tables/shop.orders`);
  expect(described.json['current_snapshot_id']).toBe(sent.json['snapshot_id']);
  const rows = await cli('query', '-c', config(), '-o', 'json', 'select id, price from shop.orders order by id');
  expect(JSON.parse(rows)).toEqual([
    { id: '1', price: '9.99' },
    { id: '2', price: '0.01' },
    { id: '9007199254740993', price: null },
  ]);
});

test('one bad record refuses the request whole and names itself', async () => {
  const url = await start();
  await createTable(url);
  const body = '{"id":1}\n{"id":1.5}\n';
  const refused = await call(`${url}/api/v1/tables/shop.orders/records`, 'POST', body, 'application/x-ndjson');
  expect(refused.status).toBe(422);
  expect(refused.json['errors']).toMatchObject([
    { record: 2, line: 2, pointer: '/id', code: 'type_mismatch', expected: 'long' },
  ]);
  await call(`${url}/api/v1/tables/shop.orders/actions/flush`, 'POST', '{}');
  expect(await cli('query', '-c', config(), '-o', 'json', 'select count(*) as n from shop.orders')).toContain('"0"');
});

test('SIGTERM commits what was acknowledged and ends with 0; the next life goes on from there', async () => {
  const url = await start();
  await createTable(url);
  const sent = await call(`${url}/api/v1/tables/shop.orders/records`, 'POST', '[{"id":1},{"id":2}]');
  expect(sent.status).toBe(202);
  daemon?.signal('SIGTERM');
  expect(await daemon?.exit(20_000)).toBe(0);
  const again = await start();
  const position = await call(`${again}/api/v1/tables/shop.orders/positions/${String(sent.json['position'])}`);
  expect(position.json['state']).toBe('committed');
  await call(`${again}/api/v1/tables/shop.orders/records?ack=committed`, 'POST', '{"id":3}');
  const counted = await cli(
    'query',
    '-c',
    config(),
    '-o',
    'json',
    'select count(*) as n, sum(id) as s from shop.orders',
  );
  expect(JSON.parse(counted)).toEqual([{ n: '3', s: '6' }]);
});

test('acknowledged records survive kill -9 before any checkpoint', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML.replace('200ms', '1h') });
  const url = await daemon.url;
  await createTable(url);
  for (let id = 1; id <= 20; id += 1)
    expect((await call(`${url}/api/v1/tables/shop.orders/records`, 'POST', `{"id":${id}}`)).status).toBe(202);
  await daemon.kill();
  const again = await start();
  await call(`${again}/api/v1/tables/shop.orders/actions/flush`, 'POST', '{}');
  const counted = await cli(
    'query',
    '-c',
    config(),
    '-o',
    'json',
    'select count(*) as n, count(distinct id) as d from shop.orders',
  );
  expect(JSON.parse(counted)).toEqual([{ n: '20', d: '20' }]);
});

test('a second daemon on the same directory is refused and says why', async () => {
  await start();
  const second = promisify(execFile)(process.execPath, [MAIN, 'run', '-c', config()]);
  await expect(second).rejects.toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/another process works on this directory[\s\S]*try:/),
  });
});

test('send puts a file into a table and says how far it came; bad lines are named by their place in the file', async () => {
  const url = await start();
  await createTable(url);
  const file = join(folder.path, 'orders.ndjson');
  await writeFile(file, Array.from({ length: 5_000 }, (_, id) => `{"id":${id},"price":${id % 100}}\n`).join(''));
  await cli('send', '--url', url, 'shop.orders', file);
  await call(`${url}/api/v1/tables/shop.orders/actions/flush`, 'POST', '{}');
  const counted = await cli('query', '-c', config(), '-o', 'json', 'select count(*) as n from shop.orders');
  expect(JSON.parse(counted)).toEqual([{ n: '5000' }]);
  await writeFile(file, '{"id":1}\n{"id":2}\n{"id":"three"}\n');
  await expect(cli('send', '--url', url, 'shop.orders', file)).rejects.toMatchObject({
    stderr: expect.stringMatching(/line 3/),
  });
});
