/** `GET /api/v1/events` over real connections: order, coming back, the filter, slow readers, and the end. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceEvent } from '../../../src/contracts/events.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

interface Received {
  readonly id?: string;
  readonly event?: string;
  readonly data: Record<string, unknown>;
}

let api: TestApi;
let port: number;
const open: Reader[] = [];
beforeEach(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  port = (api.app.server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const reader of open.splice(0)) reader.leave();
  await api.app.close();
});

/** Reads events as a browser does. */
class Reader {
  readonly response: IncomingMessage;
  readonly #received: Received[] = [];
  #text = '';
  #wake: () => void = () => undefined;
  ended = false;

  constructor(response: IncomingMessage) {
    this.response = response;
    response.on('data', (chunk: Buffer) => this.#take(chunk.toString('utf8')));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  /** Resolves with the first so many. */
  async first(count: number): Promise<readonly Received[]> {
    while (this.#received.length < count) {
      if (this.ended) throw new Error(`ended after ${this.#received.length} events`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#received.slice(0, count);
  }

  leave(): void {
    this.response.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      this.#received.push({
        ...(fields.has('id') ? { id: fields.get('id') ?? '' } : {}),
        ...(fields.has('event') ? { event: fields.get('event') ?? '' } : {}),
        data: JSON.parse(data) as Record<string, unknown>,
      });
    }
    this.#wake();
  }
}

async function read(query = '', headers: Record<string, string> = {}): Promise<Reader> {
  const asked = request({ port, host: '127.0.0.1', path: `/api/v1/events${query}`, headers });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const reader = new Reader(response);
  open.push(reader);
  return reader;
}

const committed = (table: string, epoch: number): ServiceEvent => ({
  type: 'checkpoint.committed',
  table,
  epoch: BigInt(epoch),
  snapshot: 5_937_117_119_577_207_079n,
  records: 10,
  files: 1,
  bytes: 1000,
  freshnessSeconds: 1.5,
});

describe('a reader', () => {
  test('gets events as they happen, with 64-bit numbers as text', async () => {
    const reader = await read();
    expect(reader.response.headers['content-type']).toBe('text/event-stream');
    api.events.publish({ type: 'service.ready' });
    api.events.publish(committed('web.clicks', 7));
    const [ready, checkpoint] = await reader.first(2);
    expect(ready).toMatchObject({ event: 'service.ready', data: { type: 'service.ready' } });
    expect(checkpoint).toMatchObject({
      event: 'checkpoint.committed',
      data: {
        table: 'web.clicks',
        epoch: '7',
        snapshot_id: '5937117119577207079',
        records: 10,
        freshness_seconds: 1.5,
      },
    });
    expect(checkpoint?.data['id']).toBe(checkpoint?.id);
  });

  test('that comes back with its last id misses none and gets none twice', async () => {
    const before = await read();
    api.events.publish(committed('web.clicks', 1));
    const [first] = await before.first(1);
    before.leave();
    api.events.publish(committed('web.clicks', 2));
    api.events.publish(committed('web.clicks', 3));
    const after = await read('', { 'last-event-id': first?.id ?? '' });
    api.events.publish(committed('web.clicks', 4));
    expect((await after.first(3)).map(({ data }) => data['epoch'])).toEqual(['2', '3', '4']);
  });

  test('that comes back to another life hears that it may have missed some, and gets what is there', async () => {
    api.events.publish(committed('web.clicks', 1));
    const reader = await read('?after=0000-5');
    expect(await reader.first(2)).toMatchObject([
      { event: 'events.missed', data: { count: null } },
      { event: 'checkpoint.committed', data: { epoch: '1' } },
    ]);
  });

  test('of one table gets its events and those of the service', async () => {
    const reader = await read('?table=web.clicks');
    api.events.publish(committed('web.other', 1));
    api.events.publish(committed('web.clicks', 2));
    api.events.publish({ type: 'service.draining' });
    expect((await reader.first(2)).map(({ event }) => event)).toEqual(['checkpoint.committed', 'service.draining']);
  });

  test('gets the whole ring when it comes back, however much that is', async () => {
    const start = await read();
    api.events.publish(committed('web.clicks', 0));
    const [first] = await start.first(1);
    for (let epoch = 1; epoch <= 400; epoch += 1)
      api.events.publish({ type: 'checkpoint.failed', table: 'web.clicks', cause: 'recut', detail: 'x'.repeat(500) });
    const reader = await read('', { 'last-event-id': first?.id ?? '' });
    expect(await reader.first(400)).toHaveLength(400);
  });
});

test('a reader that does not read is cut off and counted; the others go on', async () => {
  const good = await read();
  const stalled = connect(port, '127.0.0.1');
  stalled.on('error', () => undefined);
  await once(stalled, 'connect');
  stalled.write('GET /api/v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
  while (api.events.readers < 2) await new Promise((resolve) => setImmediate(resolve));
  stalled.pause();
  const detail = 'x'.repeat(64 * 1024);
  let count = 0;
  while (api.events.readers > 1 && count < 2_000) {
    count += 1;
    api.events.publish({ type: 'checkpoint.failed', table: 'web.clicks', cause: 'recut', detail });
    await good.first(count);
  }
  expect(api.events.readers).toBe(1);
  stalled.destroy();
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toContain('sluice_event_readers_dropped_total 1');
  expect(text).toContain('sluice_event_readers 1');
});

test('a burst in one step cuts off a reader once, and writes nothing after', async () => {
  await read();
  const detail = 'x'.repeat(64 * 1024);
  for (let count = 0; count < 500; count += 1)
    api.events.publish({ type: 'checkpoint.failed', table: 'web.clicks', cause: 'recut', detail });
  while (api.events.readers > 0) await new Promise((resolve) => setImmediate(resolve));
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toContain('sluice_event_readers_dropped_total 1');
});

test('readers are bounded: 503 with Retry-After beyond; one that leaves makes room', async () => {
  const readers = await Promise.all(Array.from({ length: 32 }, () => read()));
  const refused = await fetch(`http://127.0.0.1:${port}/api/v1/events`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused.json()).toMatchObject({ type: '/problems/overloaded', scope: 'events' });
  readers[0]?.leave();
  while (api.events.readers === 32) await new Promise((resolve) => setImmediate(resolve));
  expect((await read()).response.statusCode).toBe(200);
});

test('closing the service ends every stream', async () => {
  const reader = await read();
  const closed = once(reader.response, 'end');
  await api.app.close();
  await closed;
  expect(api.events.readers).toBe(0);
});

test.each(['?table=nonsense', '?tabel=web.clicks'])('%s is refused', async (query) => {
  const refused = await fetch(`http://127.0.0.1:${port}/api/v1/events${query}`);
  expect(refused.status).toBe(400);
  expect(api.events.readers).toBe(0);
});

test('HEAD answers the type and ends', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events`, { method: 'HEAD' });
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status: 200,
    type: 'text/event-stream',
  });
  expect(api.events.readers).toBe(0);
});

test('an open stream is a request in flight, and no slow request', async () => {
  const reader = await read();
  const during = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(during).toContain('sluice_http_requests_in_flight 2');
  reader.leave();
  while (api.events.readers > 0) await new Promise((resolve) => setImmediate(resolve));
  const after = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(after).toContain('sluice_http_requests_in_flight 1');
  expect(after).not.toMatch(/sluice_http_request_duration_seconds.*events/);
});
