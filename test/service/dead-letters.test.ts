/** Dead letters on the real process: bad records beside good ones, durable together, looked at, mended and put into the table once. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const BODY = '{"id":1}\n{"id":"two"}\n{"id":9007199254740993,"price":"1,5"}\nnonsense\n';

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
let url = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

async function start(interval = '200ms'): Promise<void> {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML.replace('200ms', interval) });
  url = `${await daemon.url}/api/v1/tables`;
}

async function call(path: string, method = 'GET', body?: string | Uint8Array, headers: Record<string, string> = {}) {
  const answer = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: body as Uint8Array<ArrayBuffer>, headers: { 'content-type': 'application/json', ...headers } }),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, json, rejected: answer.headers.get('rejected-records') };
}

const createTable = (properties: Record<string, string> = {}) =>
  call(
    '',
    'POST',
    JSON.stringify({
      name: 'shop.orders',
      schema: {
        fields: [
          { name: 'id', type: 'long', required: true },
          { name: 'price', type: 'decimal(9,2)' },
        ],
      },
      properties,
    }),
  );

const send = (query: string, body: string | Uint8Array = BODY, headers: Record<string, string> = {}) =>
  call(`/shop.orders/records${query}`, 'POST', body, { 'content-type': 'application/x-ndjson', ...headers });

const replay = (selection: unknown) => call('/shop.orders/dead-letters/replay', 'POST', JSON.stringify(selection));

async function query(sql: string): Promise<unknown> {
  const args = [MAIN, 'query', '-c', join(folder.path, 'sluice.yaml'), '-o', 'json', sql];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

const ids = async (): Promise<unknown> => {
  await call('/shop.orders/actions/flush', 'POST', '{}');
  return ((await query('select id from shop.orders order by id')) as { id: string }[]).map(({ id }) => id);
};

test('bad records become rows beside the good ones, with their bytes; ack=committed means both tables', async () => {
  await createTable();
  const sent = await send('?on_error=dead_letter&ack=committed&timeout=20s');
  expect(sent).toMatchObject({
    status: 200,
    rejected: '3',
    json: {
      accepted: 1,
      rejected: 3,
      ack: 'committed',
      dead_letter: { table: 'shop.orders__dead_letters' },
      errors: [
        { record: 2, line: 2, pointer: '/id', code: 'type_mismatch' },
        { record: 3, pointer: '/price', code: 'invalid_format' },
        { record: 4, code: 'invalid_json' },
      ],
    },
  });
  expect(
    await query(
      `select record, code, pointer, decode(original) as original, status, cause from shop.orders__dead_letters order by record`,
    ),
  ).toMatchObject([
    { record: '2', code: 'type_mismatch', pointer: '/id', original: '{"id":"two"}', status: 'open', cause: 'refused' },
    { record: '3', pointer: '/price', original: '{"id":9007199254740993,"price":"1,5"}' },
    { record: '4', code: 'invalid_json', original: 'nonsense' },
  ]);
  expect(await ids()).toEqual(['1']);
  const metrics = await (await fetch(new URL('/metrics', url))).text();
  expect(metrics).toContain('sluice_dead_letter_records_total{table="shop.orders",code="invalid_json"} 1');
});

test('a request of bad records alone is taken; a table may say so by itself; a request may still refuse', async () => {
  await createTable({ 'sluice.on-error': 'dead_letter' });
  const sent = await send('', '[]\n{}\n');
  expect(sent).toMatchObject({ status: 202, rejected: '2', json: { accepted: 0, rejected: 2, ack: 'durable' } });
  expect(sent.json['position']).toBeUndefined();
  expect((await send('?on_error=reject')).status).toBe(422);
  const listed = await call('/shop.orders/dead-letters/nothing');
  expect(listed.status).toBe(404);
});

test('what has no records to tell apart is refused whole, and nothing is written', async () => {
  await createTable();
  const array = await send('?on_error=dead_letter', '[{"id":1},{"id":"x"}', { 'content-type': 'application/json' });
  expect(array.status).toBe(422);
  const damaged = await send('?on_error=dead_letter', gzipSync(BODY).subarray(0, 20), { 'content-encoding': 'gzip' });
  expect(damaged.status).toBe(400);
  expect(await ids()).toEqual([]);
});

test('a property that means nothing is refused before there is a table', async () => {
  expect(await createTable({ 'sluice.on-error': 'drop' })).toMatchObject({
    status: 422,
    json: { try: 'set it to reject or dead_letter' },
  });
});

test('both or none survive kill -9 before any checkpoint', async () => {
  await daemon?.kill();
  await start('1h');
  await createTable();
  expect((await send('?on_error=dead_letter')).status).toBe(202);
  await daemon?.kill();
  await start();
  expect(await ids()).toEqual(['1']);
  await call('/shop.orders__dead_letters/actions/flush', 'POST', '{}');
  expect(await query('select count(*) as n from shop.orders__dead_letters')).toEqual([{ n: '3' }]);
});

test('a replay with a patch lands once, keeps every digit, and leaves open what still does not fit', async () => {
  await createTable();
  await send('?on_error=dead_letter&ack=committed');
  const first = await replay({ all: true, patch: { price: 1.5 } });
  expect(first).toMatchObject({ status: 200, json: { replayed: 1, kept: 2 } });
  expect(await replay({ all: true, patch: { price: 1.5 } })).toMatchObject({ json: { replayed: 0, kept: 2 } });
  expect(await ids()).toEqual(['1', '9007199254740993']);
  const open = await call('/shop.orders/dead-letters');
  expect(open.json['groups']).toMatchObject([
    { code: 'invalid_json', letters: '1', status: 'open' },
    { code: 'type_mismatch', pointer: '/id', letters: '1' },
  ]);
  await call('/shop.orders/dead-letters/discard', 'POST', '{"code":"invalid_json"}');
  expect((await call('/shop.orders/dead-letters?status=discarded')).json['dead_letters']).toMatchObject([
    { code: 'invalid_json', original: 'nonsense', status: 'discarded' },
  ]);
});

test('a replay that was killed behind its answer is not done again: its marks are read from the log first', async () => {
  await createTable();
  await send('?on_error=dead_letter&ack=committed');
  await daemon?.kill();
  await start('1h');
  expect(await replay({ all: true, patch: { price: null } })).toMatchObject({ json: { replayed: 1 } });
  await daemon?.kill();
  await start('1h');
  expect(await replay({ all: true, patch: { price: null } })).toMatchObject({ json: { replayed: 0 } });
  expect(await ids()).toEqual(['1', '9007199254740993']);
});

test('the command line lists, shows, replays and takes out', async () => {
  await createTable();
  await send('?on_error=dead_letter&ack=committed');
  const dlq = async (...args: readonly string[]): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, [
        MAIN,
        'dlq',
        ...args,
        '-c',
        join(folder.path, 'sluice.yaml'),
        '--url',
        new URL(url).origin,
      ])
    ).stdout;
  expect(await dlq('list', 'shop.orders')).toMatch(/invalid_format +\/price +open +1/);
  const exported = (await dlq('export', 'shop.orders')).trimEnd().split('\n');
  expect(exported).toHaveLength(3);
  const { id } = JSON.parse(exported[1] ?? '') as { readonly id: string };
  expect(await dlq('show', 'shop.orders', id)).toContain('{"id":9007199254740993,"price":"1,5"}');
  const done = await dlq('replay', 'shop.orders', '--id', id, '--patch', '{"price":"1.50"}', '-o', 'json');
  expect(JSON.parse(done)).toEqual({ replayed: 1, kept: 0, errors: [] });
  expect(await dlq('export', 'shop.orders', '--originals')).toBe('{"id":"two"}\nnonsense\n');
});
