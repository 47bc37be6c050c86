/** The real daemon as it is watched: events from the first table to the last drain, and the series that a commit leaves. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let daemon: Daemon;
let url: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
  });
  url = await daemon.url;
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

async function createAndSend(): Promise<Record<string, unknown>> {
  await fetch(`${url}/api/v1/tables`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'shop.orders', schema: [{ name: 'id', type: 'long' }] }),
  });
  const sent = await fetch(`${url}/api/v1/tables/shop.orders/records?ack=committed&timeout=60s`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"id":1}\n{"id":2}\n',
  });
  expect(sent.status).toBe(200);
  return (await sent.json()) as Record<string, unknown>;
}

test('events tell of the table, its commit and the drain, and the stream ends with the daemon', async () => {
  const stream = await fetch(`${url}/api/v1/events`);
  const text = stream.text();
  const answer = await createAndSend();
  daemon.signal('SIGTERM');
  expect(await daemon.exit(20_000)).toBe(0);
  const events = [...(await text).matchAll(/^data: (.*)$/gm)].map(
    ([, data = '']) => JSON.parse(data) as Record<string, unknown>,
  );
  expect(events.filter(({ type }) => type !== 'service.ready')).toMatchObject([
    { type: 'table.created', table: 'shop.orders' },
    {
      type: 'checkpoint.committed',
      table: 'shop.orders',
      epoch: '1',
      snapshot_id: answer['snapshot_id'],
      records: 2,
      files: 1,
    },
    { type: 'service.draining' },
  ]);
});

test('a table that cannot be written is told once as failing, with the cause, and once as running again', async () => {
  await createAndSend();
  const stream = await fetch(`${url}/api/v1/events?table=shop.orders`);
  const states: Record<string, unknown>[] = [];
  const follow = async (until: string): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.body?.values({ preventCancel: true }) ?? [])
      for (const [, data = ''] of decoder.decode(chunk as Uint8Array, { stream: true }).matchAll(/^data: (.*)$/gm)) {
        const event = JSON.parse(data) as Record<string, unknown>;
        if (event['type'] === 'table.state') states.push(event);
        if (event['to'] === until) return;
      }
  };
  const location = join(folder.path, 'data/warehouse/shop/orders');
  await rename(location, `${location}-aside`);
  await writeFile(location, 'not a folder');
  const failing = follow('failing');
  await fetch(`${url}/api/v1/tables/shop.orders/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"id":3}\n',
  });
  await failing;
  const running = follow('running');
  await rm(location);
  await rename(`${location}-aside`, location);
  await running;
  expect(states).toMatchObject([
    { from: 'running', to: 'failing', reason: expect.stringMatching(/./) },
    { from: 'failing', to: 'running' },
  ]);
});

test('a commit leaves its freshness, phases and log times in the metrics', async () => {
  await createAndSend();
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const series of [
    'sluice_commit_freshness_seconds_count{table="shop.orders"} 1',
    'sluice_commit_freshness_seconds_bucket{le="5",table="shop.orders"} 1',
    'sluice_commits_total{table="shop.orders",result="committed"} 1',
    'sluice_commit_attempts_total{table="shop.orders",outcome="committed"} 1',
    'sluice_checkpoint_duration_seconds_count{phase="encode"} 1',
    'sluice_table_lag_records{table="shop.orders"} 0',
    'sluice_table_wal_bytes{table="shop.orders"} 0',
    'sluice_table_state{table="shop.orders",state="running"} 1',
    'sluice_wal_write_duration_seconds_count{step="sync"} ',
    'sluice_catalog_up 1',
  ])
    expect(text).toContain(series);
  expect(Number(/^sluice_eventloop_delay_seconds_count (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
});
