/** Exactly-once producers on the real process: channels and keys under concurrency, kill -9 and restart, over checkpoints and trims. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** Segments as small as they may be and no grace: what the checkpoints hold is trimmed from the log at once. */
const YAML = [
  'checkpoint: { interval: 200ms }',
  'log: { trim_grace: 0s, segment_bytes: 1MiB }',
  'server: { listen: "127.0.0.1:0", drain_delay: 0s }',
  '',
].join('\n');
/** Nothing is committed while a test runs: recovery has the log alone. */
const NO_CHECKPOINT = 'checkpoint: { interval: 1h }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
let url = '';
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly headers: Headers;
}

async function call(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/x-ndjson' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

async function start(yaml = YAML): Promise<void> {
  daemon = await Daemon.start({ directory: folder.path, yaml });
  url = await daemon.url;
  await expect.poll(async () => (await call('GET', '/readyz')).status, { timeout: 20_000 }).toBe(200);
  const definition = JSON.stringify({ name: 'shop.orders', schema: { fields: [{ name: 'id', type: 'long' }] } });
  await call('POST', '/api/v1/tables', definition, { 'content-type': 'application/json' });
}

async function restart(yaml = YAML): Promise<void> {
  await daemon?.kill();
  await start(yaml);
}

const TABLE = '/api/v1/tables/shop.orders';
const RECORDS = `${TABLE}/records`;
const rows = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `{"id":${from + index}}\n`).join('');
const open = (channel: string, query = '') => call('PUT', `${TABLE}/channels/${channel}${query}`);
const send = (channel: string, epoch: unknown, offset: number, count: number, query = '') =>
  call('POST', `${RECORDS}?channel=${channel}&epoch=${String(epoch)}&offset=${offset}${query}`, rows(offset, count));
const sendWithKey = (key: string, body: string, query = '') =>
  call('POST', `${RECORDS}${query}`, body, { 'idempotency-key': key });
const kindOf = ({ json }: Answer): string => String(json['type']).replace('/problems/', '');

/** Records of the table once everything acknowledged is in it. */
async function countRows(table = TABLE): Promise<number> {
  await call('POST', `${table}/actions/flush`);
  const files = (await call('GET', `${table}/files`)).json['files'] as readonly { readonly record_count: string }[];
  return files.reduce((sum, file) => sum + Number(file.record_count), 0);
}

test('a replay is a duplicate at its first position; gap, overlap and a stale epoch are refused and store nothing', async () => {
  await start();
  const opened = await open('edge-7');
  expect(opened).toMatchObject({ status: 200, json: { epoch: '1', expected_offset: '0', committed_offset: null } });
  const first = await send('edge-7', 1, 0, 3);
  expect(first.status).toBe(202);
  const replay = await send('edge-7', 1, 0, 3);
  expect(replay).toMatchObject({ status: 200, json: { duplicate: true, position: first.json['position'] } });
  const gap = await send('edge-7', 1, 4, 1);
  expect([gap.status, kindOf(gap), gap.json['expected_offset']]).toEqual([409, 'offset-conflict', '3']);
  const overlap = await send('edge-7', 1, 2, 2);
  expect([overlap.status, overlap.json['expected_offset']]).toEqual([409, '3']);
  expect((await open('edge-7')).json).toMatchObject({ epoch: '2', expected_offset: '3', committed_offset: '2' });
  const stale = await send('edge-7', 1, 3, 1);
  expect([stale.status, kindOf(stale), stale.json['epoch']]).toEqual([409, 'stale-epoch', '2']);
  expect((await send('edge-7', 2, 3, 1)).status).toBe(202);
  expect((await call('GET', `${TABLE}/channels`)).json['channels']).toMatchObject([{ channel: 'edge-7', epoch: '2' }]);
  expect(await countRows()).toBe(4);
  expect((await call('DELETE', `${TABLE}/channels/edge-7`)).json).toMatchObject({ closed: true });
  expect((await call('GET', `${TABLE}/channels/edge-7`)).status).toBe(404);
  expect((await open('edge-7')).json).toMatchObject({ expected_offset: '0', epoch: '4' });
});

test.each([
  ['from the log', NO_CHECKPOINT],
  ['from the table, whose log is trimmed', YAML],
])('channels and keys survive kill -9, %s', async (_name, yaml) => {
  await start(yaml);
  await open('a');
  const first = await send('a', 1, 0, 5);
  const keyed = await sendWithKey('"k 1"', rows(100, 2));
  await open('never-sent');
  if (yaml === YAML) {
    expect(await countRows()).toBe(7);
    // Another record, so that what only state holds has to move on with the log.
    await call('POST', RECORDS, rows(200, 1));
    expect(await countRows()).toBe(8);
  }
  await restart(yaml);
  expect(await send('a', 1, 0, 5)).toMatchObject({ status: 200, json: { position: first.json['position'] } });
  expect(await sendWithKey('"k 1"', rows(100, 2))).toMatchObject({
    status: keyed.status,
    json: { accepted: 2, position: keyed.json['position'] },
  });
  expect((await sendWithKey('"k 1"', rows(100, 3))).status).toBe(422);
  expect((await call('GET', `${TABLE}/channels/never-sent`)).json).toMatchObject({ epoch: '2', expected_offset: '0' });
  expect((await open('a')).json).toMatchObject({ epoch: '3', expected_offset: '5' });
  expect((await send('a', 3, 5, 1)).status).toBe(202);
  await restart(yaml);
  expect((await send('a', 3, 5, 1)).json).toMatchObject({ duplicate: true });
  expect(await countRows()).toBe(yaml === YAML ? 9 : 8);
});

test('64 requests at once on one channel store each record once, and only one of a kind is not a duplicate', async () => {
  await start();
  await open('busy');
  const same = await Promise.all(Array.from({ length: 64 }, () => send('busy', 1, 0, 2)));
  expect(same.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(new Set(same.map(({ json }) => json['position'])).size).toBe(1);
  // Each again until it is taken: whatever order they arrive in, gaps are refused.
  const taken = Array.from({ length: 64 }, async (_, index) => {
    for (;;) {
      const { status } = await send('busy', 1, 2 + index, 1);
      if (status < 300) return status;
      expect(status).toBe(409);
    }
  });
  expect(new Set(await Promise.all(taken))).toEqual(new Set([202]));
  expect(await countRows()).toBe(66);
});

test('64 requests at once with one key have one effect and one answer', async () => {
  await start();
  const answers = await Promise.all(Array.from({ length: 64 }, () => sendWithKey('"once"', rows(0, 3))));
  const stored = answers.filter(({ status }) => status === 202);
  expect(stored.length).toBeGreaterThan(0);
  expect(new Set(stored.map(({ json }) => json['position'])).size).toBe(1);
  expect(stored[0]?.headers.get('idempotency-key-window')).toBe('age=86400, count=10000');
  for (const answer of answers.filter(({ status }) => status !== 202))
    expect([answer.status, kindOf(answer)]).toEqual([409, 'key-in-flight']);
  expect(await sendWithKey('once', rows(0, 3))).toMatchObject({ status: 202 });
  expect(await sendWithKey('once', rows(0, 3), '?ack=committed')).toMatchObject({ status: 200, json: { accepted: 3 } });
  expect(await countRows()).toBe(3);
});

const LETTERS = `${TABLE}__dead_letters`;
/** Records of which every other one fits no table. */
const spoilt = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) =>
    index % 2 === 0 ? `{"id":"${from + index}!"}\n` : rows(from + index, 1),
  ).join('');
const sendSpoilt = (epoch: unknown, offset: number, count: number) =>
  call(
    'POST',
    `${RECORDS}?channel=a&epoch=${String(epoch)}&offset=${offset}&on_error=dead_letter`,
    spoilt(offset, count),
  );

test.each([
  ['from the log', NO_CHECKPOINT],
  ['from the tables, whose log is trimmed', YAML],
])('dead letters count for channels and keys, and kill -9 leaves each there once, %s', async (_name, yaml) => {
  await start(yaml);
  await open('a');
  const mixed = await sendSpoilt(1, 0, 5);
  expect(mixed).toMatchObject({ status: 202, json: { accepted: 2, rejected: 3 } });
  const none = await sendSpoilt(1, 5, 1);
  expect(none).toMatchObject({ status: 202, json: { accepted: 0, rejected: 1 } });
  const keyed = [spoilt(100, 4), spoilt(200, 1)].map(async (body, index) => ({
    body,
    key: `"k${index}"`,
    answer: await sendWithKey(`"k${index}"`, body, '?on_error=dead_letter'),
  }));
  const answers = await Promise.all(keyed);
  if (yaml === YAML) {
    expect([await countRows(), await countRows(LETTERS)]).toEqual([4, 7]);
    // Another record, so that what only state holds has to move on with the log.
    await call('POST', RECORDS, rows(300, 1));
    expect(await countRows()).toBe(5);
  }
  for (let life = 0; life < 2; life += 1) {
    await restart(yaml);
    expect(await sendSpoilt(1, 0, 5)).toMatchObject({
      status: 200,
      json: { duplicate: true, position: mixed.json['position'] },
    });
    expect(await sendSpoilt(1, 5, 1)).toMatchObject({ status: 200, json: { duplicate: true } });
    for (const { key, body, answer } of answers) {
      const again = await sendWithKey(key, body, '?on_error=dead_letter');
      expect(again.json).toHaveProperty('errors');
      expect([again.status, again.json]).toEqual([answer.status, answer.json]);
      expect(['rejected-records', 'idempotency-replayed'].map((name) => again.headers.get(name))).toEqual([
        answer.headers.get('rejected-records'),
        'true',
      ]);
    }
  }
  const opened = await open('a');
  expect(opened.json).toMatchObject({ expected_offset: '6', committed_offset: '5' });
  expect((await sendSpoilt(opened.json['epoch'], 6, 2)).status).toBe(202);
  expect([await countRows(), await countRows(LETTERS)]).toEqual([yaml === YAML ? 6 : 5, 8]);
});

test('64 requests with dead letters at once on one channel store each record once', async () => {
  await start();
  await open('a');
  const same = await Promise.all(Array.from({ length: 64 }, () => sendSpoilt(1, 0, 3)));
  expect(same.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(new Set(same.map(({ json }) => json['position'])).size).toBe(1);
  const taken = Array.from({ length: 64 }, async (_, index) => {
    for (;;) {
      const { status } = await sendSpoilt(1, 3 + index * 2, 2);
      if (status < 300) return status;
      expect(status).toBe(409);
    }
  });
  expect(new Set(await Promise.all(taken))).toEqual(new Set([202]));
  expect([await countRows(), await countRows(LETTERS)]).toEqual([65, 66]);
});

test('sluice send that is killed and run again, over a killed daemon, leaves each line there once', async () => {
  await start();
  const file = join(folder.path, 'orders.ndjson');
  const lines = 20_000;
  await writeFile(file, rows(0, lines));
  const main = new URL('../../src/main.ts', import.meta.url).pathname;
  const run = () =>
    spawn(process.execPath, [main, 'send', '--url', url, '--batch-records', '50', 'shop.orders', file], {
      stdio: 'ignore',
    });
  const sent = async (): Promise<number> => {
    const [channel] = (await call('GET', `${TABLE}/channels`)).json['channels'] as readonly {
      readonly expected_offset: string;
    }[];
    return Number(channel?.expected_offset ?? 0);
  };
  const first = run();
  await expect.poll(sent, { timeout: 20_000 }).toBeGreaterThan(200);
  first.kill('SIGKILL');
  await once(first, 'exit');
  await restart();
  const second = run();
  await expect(once(second, 'exit')).resolves.toEqual([0, null]);
  expect(await sent()).toBe(lines);
  expect(await countRows()).toBe(lines);
});
