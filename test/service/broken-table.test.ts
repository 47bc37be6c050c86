/** One table that cannot be written delays no other, says how far it is behind, and loses nothing (protocol I10). */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let daemon: Daemon;
let api: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
  });
  api = `${await daemon.url}/api/v1`;
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

const create = (name: string) =>
  fetch(`${api}/tables`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, schema: { fields: [{ name: 'id', type: 'long', required: true }] } }),
  });

async function send(table: string, id: number, ack: string): Promise<number> {
  const answer = await fetch(`${api}/tables/${table}/records?${ack}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `{"id":${id}}\n`,
  });
  await answer.text();
  return answer.status;
}

interface Status {
  readonly table: string;
  readonly state: string;
  readonly lag_records: string;
  readonly freshness_seconds: number;
}

async function statusOf(table: string): Promise<Status | undefined> {
  const { tables } = (await (await fetch(`${api}/tables`)).json()) as { readonly tables: readonly Status[] };
  return tables.find((status) => status.table === table);
}

async function countOf(table: string): Promise<number> {
  const { files } = (await (await fetch(`${api}/tables/${table}/files`)).json()) as {
    readonly files: readonly { readonly record_count: string }[];
  };
  return files.reduce((sum, file) => sum + Number(file.record_count), 0);
}

test('a table whose folder cannot be written lags, the other commits; mended, it has every record once', async () => {
  for (const name of ['shop.broken', 'shop.well']) expect((await create(name)).status).toBe(201);
  expect(await send('shop.broken', 0, 'ack=committed&timeout=20s')).toBe(200);
  const location = join(folder.path, 'data/warehouse/shop/broken');
  await rename(location, `${location}-aside`);
  await writeFile(location, 'not a folder');

  for (let id = 1; id <= 5; id += 1) {
    expect(await send('shop.broken', id, 'ack=durable')).toBe(202);
    expect(await send('shop.well', id, 'ack=committed&timeout=20s')).toBe(200);
  }
  for (let look = 0; look < 100 && (await statusOf('shop.broken'))?.state !== 'failing'; look += 1) await sleep(100);
  // Given up, waiting for the next try, or being written once more: at every moment the five are behind.
  for (let look = 0; look < 20; look += 1) {
    const status = await statusOf('shop.broken');
    expect(status).toMatchObject({ state: 'failing', lag_records: '5' });
    expect(status?.freshness_seconds).toBeGreaterThan(0);
    await sleep(50);
  }
  expect(await statusOf('shop.well')).toMatchObject({ state: 'running', lag_records: '0' });

  await rm(location);
  await rename(`${location}-aside`, location);
  expect(await send('shop.broken', 6, 'ack=committed&timeout=60s')).toBe(200);
  expect(await countOf('shop.broken')).toBe(7);
  expect(await statusOf('shop.broken')).toMatchObject({ state: 'running', lag_records: '0', freshness_seconds: 0 });
}, 120_000);

test('twenty requests at once for the same table make one', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => create('shop.same')));
  expect(answers.map(({ status }) => status).toSorted((a, b) => b - a)).toEqual([
    201,
    ...Array.from({ length: 19 }, () => 200),
  ]);
});
