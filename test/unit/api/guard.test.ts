/** Promises of the guard over HTTP: what a refused caller learns, what the audit trail is told, and how much a caller may send. */
import { connect } from 'node:net';
import type { LightMyRequestResponse as Response } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import type { AuthenticatorOptions } from '../../../src/access/authenticator.ts';
import { principalOf } from '../../../src/api/guard.ts';
import { buildApi } from '../../../src/api/app.ts';
import { TestAccess, bearer } from '../../support/access.ts';
import { testApi, testContext, type TestApi } from '../../support/fake-ports.ts';

let api: TestApi;
afterEach(() => api.close());

function open(options: Partial<AuthenticatorOptions> = {}): TestAccess {
  const access = new TestAccess(options);
  api = testApi({ access, runtime: access.runtime });
  return access;
}

type Headers = Readonly<Record<string, string>>;
const get = (url: string, headers: Headers = {}, remoteAddress = '127.0.0.1'): Promise<Response> =>
  api.app.inject({ method: 'GET', url, headers, remoteAddress });
const post = (url: string, headers: Headers = {}, payload?: string): Promise<Response> =>
  api.app.inject({
    method: 'POST',
    url,
    headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { payload }),
  });
const RECORDS = '/api/v1/tables/web.clicks/records';
const definition = (name: string): string => JSON.stringify({ name, schema: { fields: [{ name: 'a', type: 'int' }] } });

/** All that a caller can see, but for the number of the request. */
const seen = ({ statusCode, headers, body }: Response): unknown => [
  statusCode,
  Object.entries(headers).filter(([name]) => name !== 'date'),
  body.replace(/req_\w+/, ''),
];

describe('what a refused caller learns', () => {
  test('an unknown id and a wrong secret get the same answer, to the byte', async () => {
    const access = open();
    const key = access.key(['admin']).text;
    const wrong = await get('/api/v1/tables', bearer(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`));
    const unknown = await get('/api/v1/tables', bearer(`sk_${'f'.repeat(12)}_${key.slice(-64)}`));
    expect(wrong.statusCode).toBe(401);
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="sluice", error="invalid_token"');
    expect(seen(unknown)).toEqual(seen(wrong));
  });

  test('only the holder of the right secret hears that it has expired', async () => {
    const access = open();
    const key = access.key(['read'], { livesMs: 1000 }).text;
    access.runtime.advance(1000);
    expect((await get('/api/v1/tables', bearer(key))).json()).toMatchObject({ detail: 'the key has expired' });
  });

  test('403 names the scope that is needed, and is the same for a table that does not exist', async () => {
    const access = open();
    const key = access.key(['append:web.*']).text;
    await post('/api/v1/tables', bearer(access.key(['admin']).text), definition('shop.orders'));
    const [there, not] = [
      await get('/api/v1/tables/shop.orders', bearer(key)),
      await get('/api/v1/tables/shop.no', bearer(key)),
    ];
    expect(there.statusCode).toBe(403);
    expect(there.json()).toMatchObject({ type: '/problems/forbidden', needed_scope: 'read:shop.orders' });
    expect(not.body.replace(/req_\w+/, '').replaceAll('shop.no', 'shop.orders')).toBe(
      there.body.replace(/req_\w+/, ''),
    );
  });

  test('a body that nobody may send is not read', async () => {
    const access = open();
    access.key(['read']);
    const answer = await post(RECORDS, {}, '{"a":1}');
    expect(answer.statusCode).toBe(401);
    expect(api.ports.appended).toEqual([]);
  });
});

describe('tables that a key may see', () => {
  test('a list shows them alone', async () => {
    const access = open();
    const admin = bearer(access.key(['admin']).text);
    for (const name of ['web.clicks', 'web.views', 'shop.orders'])
      await post('/api/v1/tables', admin, definition(name));
    const listed = await get('/api/v1/tables', bearer(access.key(['read:web.v*', 'append:shop.*']).text));
    expect(listed.json<{ tables: { table: string }[] }>().tables.map(({ table }) => table)).toEqual(['web.views']);
  });

  test('a table is created where the key is admin, and nowhere else', async () => {
    const access = open();
    const key = bearer(access.key(['admin:web.*', 'read']).text);
    expect((await post('/api/v1/tables', key, definition('web.clicks'))).statusCode).toBe(201);
    expect((await post('/api/v1/tables', key, definition('shop.orders'))).statusCode).toBe(403);
    expect([...api.ports.created.keys()]).toEqual(['web.clicks']);
    expect(access.recorded).toMatchObject([
      { action: 'POST /api/v1/tables', table: 'web.clicks', outcome: 'done' },
      { action: 'POST /api/v1/tables', table: 'shop.orders', outcome: 'denied', detail: 'forbidden' },
    ]);
  });
});

describe('anonymous callers', () => {
  const here = (headers: Headers = {}): Promise<Response> => get('/api/v1/tables', headers);
  const fromAfar = (): Promise<Response> => get('/api/v1/tables', {}, '203.0.113.9');
  const statuses = async (): Promise<number[]> => [(await here()).statusCode, (await fromAfar()).statusCode];

  test('until-keys: this machine, until there is a key; and not again when the keys are gone', async () => {
    const access = open();
    expect(await statuses()).toEqual([200, 401]);
    access.key(['read']);
    expect(await statuses()).toEqual([401, 401]);
    access.authenticator.use([]);
    expect(await statuses()).toEqual([401, 401]);
  });

  test.each([
    ['loopback', [200, 401]],
    ['never', [401, 401]],
    ['always', [200, 200]],
  ] as const)('%s', async (anonymous, expected) => {
    const access = open({ anonymous });
    expect(await statuses()).toEqual(expected);
    access.key(['read']);
    expect(await statuses()).toEqual(expected);
  });

  test.each<[string, Headers]>([
    ['a page that reaches this machine by a name of its own', { host: 'evil.example' }],
    ['a form of a foreign page', { origin: 'https://evil.example' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a proxy that speaks for others', { 'x-forwarded-for': '203.0.113.9' }],
    ['a proxy by the standard header', { forwarded: 'for=203.0.113.9' }],
  ])('%s is not this machine', async (_who, headers) => {
    open();
    expect((await here(headers)).statusCode).toBe(401);
  });

  test.each(['localhost', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080'])('%s is', async (host) => {
    open();
    expect((await here({ host, origin: `http://${host}` })).statusCode).toBe(200);
  });
});

describe('audit', () => {
  test('control actions and denials, with who, what, where and what came of it; no read, no append, no secret', async () => {
    const access = open();
    const admin = access.key(['admin']);
    const reader = access.key(['read', 'append']);
    await post('/api/v1/tables', bearer(admin.text), definition('web.clicks'));
    await post('/api/v1/tables', bearer(admin.text), '{"name":"web.clicks"}');
    await post(RECORDS, bearer(reader.text), '{"a":1}');
    await get('/api/v1/tables', bearer(reader.text));
    await post('/api/v1/tables/web.clicks/actions/flush', bearer(admin.text));
    const denied = await post('/api/v1/tables/web.clicks/actions/flush', bearer(reader.text));
    await get('/api/v1/tables/web.clicks', bearer(`${admin.text.slice(0, -4)}beef`));
    const flush = { action: 'POST /api/v1/tables/:table/actions/flush', table: 'web.clicks' };
    const client = '127.0.0.1';
    expect(access.recorded).toMatchObject([
      { who: `key:${admin.id}`, client, action: 'POST /api/v1/tables', table: 'web.clicks', outcome: 'done' },
      { who: `key:${admin.id}`, action: 'POST /api/v1/tables', outcome: 'failed', detail: 'invalid-table' },
      { who: `key:${admin.id}`, ...flush, outcome: 'done' },
      { who: `key:${reader.id}`, ...flush, outcome: 'denied', detail: 'forbidden' },
      { who: 'unknown', action: 'GET /api/v1/tables/:table', outcome: 'denied', detail: 'unauthenticated' },
    ]);
    expect(access.recorded[3]?.requestId).toBe(denied.json<{ request_id: string }>().request_id);
    for (const { text } of [admin, reader]) expect(JSON.stringify(access.recorded)).not.toContain(text.slice(-64, -4));
  });
});

describe('limits', () => {
  const rate = { requestsPerSecond: 2, bytesPerSecond: 1024 };

  test('requests a second: 429 with Retry-After and what is left, and the next second goes on', async () => {
    const access = open();
    const key = bearer(access.key(['read'], { limits: { requestsPerSecond: 2 } }).text);
    const first = await get('/api/v1/tables', key);
    expect(first.headers['ratelimit-policy']).toBe('"requests";q=2;w=1');
    expect(first.headers['ratelimit']).toBe('"requests";r=3;t=1');
    for (let request = 0; request < 3; request += 1) await get('/api/v1/tables', key);
    const limited = await get('/api/v1/tables', key);
    expect(limited.statusCode).toBe(429);
    expect(limited.headers['retry-after']).toBe('1');
    expect(limited.headers['ratelimit']).toBe('"requests";r=0;t=2');
    expect(limited.json()).toMatchObject({ type: '/problems/too-many-requests', limit: 'requests' });
    access.runtime.advance(500);
    expect((await get('/api/v1/tables', key)).statusCode).toBe(200);
  });

  test('one key does not use up what another may send', async () => {
    const access = open({ limits: rate });
    const [one, other] = [access.key(['read']).text, access.key(['read']).text];
    for (let request = 0; request < 5; request += 1) await get('/api/v1/tables', bearer(one));
    expect((await get('/api/v1/tables', bearer(one))).statusCode).toBe(429);
    expect((await get('/api/v1/tables', bearer(other))).statusCode).toBe(200);
  });

  test('bytes a second count bodies after decompression', async () => {
    const access = open();
    const key = bearer(access.key(['append'], { limits: { bytesPerSecond: 1024 } }).text);
    const body = `{"a":"${'x'.repeat(1500)}"}`;
    expect((await post(RECORDS, key, body)).statusCode).toBe(202);
    const limited = await post(RECORDS, key, body);
    expect(limited.statusCode).toBe(429);
    expect(limited.json()).toMatchObject({ limit: 'bytes' });
    expect(limited.headers['ratelimit-policy']).toBe('"bytes";q=1024;w=1;qu="content-bytes"');
    access.runtime.advance(2000);
    expect((await post(RECORDS, key, body)).statusCode).toBe(202);
    expect(api.ports.appended).toHaveLength(2);
  });

  test('callers who are refused draw from the bucket of their address; health is never limited', async () => {
    const access = open({ limits: rate });
    access.key(['read']);
    const statuses = [];
    for (let request = 0; request < 5; request += 1) statuses.push((await get('/api/v1/tables')).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
    expect((await get('/api/v1/tables', {}, '203.0.113.9')).statusCode).toBe(401);
    expect((await get('/livez')).statusCode).toBe(200);
  });

  test('requests in flight: one more is refused, and there is room again when one has ended', async () => {
    const access = open();
    const key = bearer(access.key(['append'], { limits: { requestsInFlight: 1 } }).text);
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    const { answer: atOnce } = api.ports;
    api.ports.answer = async (request) => {
      await held;
      return atOnce(request);
    };
    const first = post(RECORDS, key, '{"a":1}');
    await until(() => api.ports.appended.length === 1);
    const second = await post(RECORDS, key, '{"a":1}');
    expect(second.statusCode).toBe(429);
    expect(second.json()).toMatchObject({ limit: 'in-flight' });
    answer();
    expect((await first).statusCode).toBe(202);
    expect((await post(RECORDS, key, '{"a":1}')).statusCode).toBe(202);
  });
});

test('a client that goes away leaves its place in flight', async () => {
  const access = open();
  const { text } = access.key(['append'], { limits: { requestsInFlight: 1 } });
  const url = new URL(await api.app.listen({ port: 0, host: '127.0.0.1' }));
  const socket = connect(Number(url.port), url.hostname);
  socket.write(
    `POST ${RECORDS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${text}\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{`,
  );
  const send = async (): Promise<number> => (await post(RECORDS, bearer(text), '{"a":1}')).statusCode;
  await untilItIs(429, send);
  socket.destroy();
  await untilItIs(202, send);
});

test('a handler knows who calls: for keys of requests and the like', async () => {
  const access = new TestAccess();
  const made = testContext({ access, runtime: access.runtime });
  const app = buildApi(made.context, { surface: 'all' }, [
    { method: 'GET', path: '/who', access: 'read', summary: '', handler: (request) => principalOf(request).id },
  ]);
  // A route of this test alone, which no document knows.
  api = { ...made, app, close: () => app.close() };
  expect((await app.inject('/who')).body).toBe('anonymous');
  const { id, text } = access.key(['read']);
  expect((await app.inject({ url: '/who', headers: bearer(text) })).body).toBe(`key:${id}`);
  const again = access.rotate(id, 0);
  expect((await app.inject({ url: '/who', headers: bearer(again) })).body).toBe(`key:${id}`);
});

describe('two listeners', () => {
  const statuses = async (surface: 'main' | 'admin'): Promise<Record<string, number>> => {
    api = testApi({ listener: { surface } });
    const asked: Record<string, number> = {};
    for (const path of ['/livez', '/readyz', '/version', '/metrics', '/api/v1/tables', '/api/v1/audit'])
      asked[path] = (await get(path)).statusCode;
    asked['flush'] = (await post('/api/v1/actions/flush')).statusCode;
    asked['create'] = (await post('/api/v1/tables', {}, definition('web.clicks'))).statusCode;
    asked['append'] = (await post(RECORDS, {}, '{"a":1}')).statusCode;
    await api.close();
    return asked;
  };
  const health = { '/livez': 200, '/readyz': 200, '/version': 200 };

  test('operators have theirs, data has its own, health has both', async () => {
    expect(await statuses('main')).toEqual({
      ...health,
      '/metrics': 404,
      '/api/v1/tables': 200,
      '/api/v1/audit': 404,
      flush: 404,
      create: 404,
      append: 202,
    });
    expect(await statuses('admin')).toEqual({
      ...health,
      '/metrics': 200,
      '/api/v1/tables': 404,
      '/api/v1/audit': 200,
      flush: 200,
      create: 201,
      append: 404,
    });
  });

  test('the other one is named', async () => {
    api = testApi({ listener: { surface: 'main' } });
    expect((await get('/metrics')).json()).toMatchObject({
      type: '/problems/no-such-route',
      try: 'send it to the admin listener (server.admin)',
    });
  });
});

async function untilItIs(wanted: number, ask: () => Promise<number>): Promise<void> {
  let came = await ask();
  for (let round = 0; round < 200 && came !== wanted; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    came = await ask();
  }
  expect(came).toBe(wanted);
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !holds(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}
