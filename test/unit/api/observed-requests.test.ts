/** Every request is counted once, whichever way it ends, and a scrape answers when the catalog does not. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

let api: TestApi;
let port: number;
beforeEach(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  port = (api.app.server.address() as AddressInfo).port;
});
afterEach(() => api.app.close());

const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

test('by route and status; paths and methods from outside never become series', async () => {
  await fetch(`http://127.0.0.1:${port}/livez`);
  await fetch(`http://127.0.0.1:${port}/api/v1/tables/made.up`);
  await fetch(`http://127.0.0.1:${port}/no/such/path`);
  await fetch(`http://127.0.0.1:${port}/livez`, { method: 'OPTIONS' });
  const text = await scrape();
  for (const labels of [
    'method="GET",route="/livez",code="200"',
    'method="GET",route="/api/v1/tables/:table",code="404"',
    'method="GET",route="none",code="404"',
    'method="other",route="/livez",code="405"',
  ])
    expect(text).toContain(`sluice_http_request_duration_seconds_count{${labels}} 1`);
  expect(text).not.toMatch(/made\.up|no\/such/);
});

test('a client that leaves before its answer is counted as one that left, and is no longer in flight', async () => {
  let entered: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (entered = resolve));
  api.ports.answer = () => {
    entered();
    return new Promise(() => undefined);
  };
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /api/v1/tables/web.clicks/records HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  );
  await waiting;
  expect(await scrape()).toContain('sluice_http_requests_in_flight 2');
  socket.destroy();
  let text = await scrape();
  while (text.includes('sluice_http_requests_in_flight 2')) text = await scrape();
  expect(text).toContain('route="/api/v1/tables/:table/records",code="499"} 1');
});

test('a scrape tells what is known when the catalog does not answer', async () => {
  await fetch(`http://127.0.0.1:${port}/api/v1/tables`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'web.clicks', schema: [{ name: 'id', type: 'long' }] }),
  });
  api.ports.failure = new Error('the catalog is down');
  const text = await scrape();
  expect(text).toContain('sluice_catalog_up 0');
  expect(text).toContain('sluice_table_freshness_seconds{table="web.clicks"} 1.5');
});
