/** Promises of channels and keys over HTTP: what a request may say of its producer, and how each answer reads. */
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppendAnswer, ProducerRefusal } from '../../../src/contracts/service-ports.ts';
import { offset } from '../../../src/core/ids.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { COMMITTED, LANE, durable, testApi } from '../../support/fake-ports.ts';

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.app.close());

const TABLE = '/api/v1/tables/web.clicks';
const post = (query: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> =>
  api.app.inject({
    method: 'POST',
    url: `${TABLE}/records${query}`,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    payload: '{"a":1}\n',
  });
const call = (method: InjectOptions['method'] & string, path: string) =>
  api.app.inject({ method: method as 'GET', url: `${TABLE}${path}` });
const kindOf = (response: LightMyRequestResponse): string =>
  response.json<{ type: string }>().type.replace('/problems/', '');
const answers = (answer: AppendAnswer): void => {
  api.ports.answer = () => Promise.resolve(answer);
};

describe('what a request says', () => {
  test('a channel with epoch and offset, in 64 bits', async () => {
    await post(`?channel=edge-7&epoch=3&offset=${2n ** 60n}`);
    expect(api.ports.appended).toMatchObject([
      { principal: 'anonymous', producer: { kind: 'channel', name: 'edge-7', epoch: 3n, offset: 2n ** 60n } },
    ]);
  });

  test.each([
    ['"8e03978e"', '8e03978e'],
    ['8e03978e', '8e03978e'],
    [String.raw`"a\"b \\c"`, String.raw`a"b \c`],
  ])('the key %s, quoted or bare', async (header, key) => {
    await post('', { 'idempotency-key': header });
    expect(api.ports.appended).toMatchObject([{ producer: { kind: 'idempotency-key', key } }]);
  });

  test.each([
    ['?channel=a&epoch=1', {}, 'offset'],
    ['?channel=a&offset=1', {}, 'epoch'],
    ['?epoch=1', {}, 'epoch'],
    ['?channel=a&epoch=-1&offset=0', {}, 'epoch'],
    [`?channel=a&epoch=1&offset=${2n ** 63n}`, {}, 'offset'],
    ['?channel=%2Fa&epoch=1&offset=0', {}, 'channel'],
    ['?channel=a&epoch=1&offset=0', { 'idempotency-key': 'k' }, 'channel'],
    ['', { 'idempotency-key': '' }, 'Idempotency-Key'],
    ['', { 'idempotency-key': '"open' }, 'Idempotency-Key'],
    ['', { 'idempotency-key': 'two, keys' }, 'Idempotency-Key'],
    ['', { 'idempotency-key': 'x'.repeat(256) }, 'Idempotency-Key'],
  ])('%s with %o is not valid, and says in what', async (query, headers, parameter) => {
    const response = await post(query, headers);
    expect([response.statusCode, kindOf(response)]).toEqual([400, 'invalid-request']);
    expect(response.json()).toMatchObject({ parameter });
    expect(api.ports.appended).toEqual([]);
  });
});

describe('how it is answered', () => {
  test('a duplicate is 200 with its first position, and with the snapshot when asked', async () => {
    const position = { lane: LANE, offset: offset(7) };
    answers({ kind: 'duplicate', position, committed: () => Promise.resolve(COMMITTED) });
    const at = { duplicate: true, accepted: 0, position: `p${LANE}-7` };
    const plain = await post('?channel=a&epoch=1&offset=0');
    expect([plain.statusCode, plain.json()]).toMatchObject([200, { ...at, ack: 'durable' }]);
    const committed = await post('?channel=a&epoch=1&offset=0&ack=committed');
    expect(committed.json()).toMatchObject({ ...at, ack: 'committed', snapshot_id: COMMITTED.snapshot.toString() });
    answers({ kind: 'duplicate' });
    expect((await post('?channel=a&epoch=1&offset=0&ack=committed')).json()).toMatchObject({ ack: 'durable' });
  });

  test('a key states its window; a replay is the same answer, and says that it is one', async () => {
    const first = await post('', { 'idempotency-key': 'k' });
    expect(first.headers).toMatchObject({ 'idempotency-key-window': 'age=86400, count=1000' });
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    const answer = durable(1, () => Promise.resolve(COMMITTED));
    answers(answer.kind === 'durable' ? { ...answer, replayed: true } : answer);
    const again = await post('', { 'idempotency-key': 'k' });
    expect([again.statusCode, again.json()]).toEqual([first.statusCode, first.json()]);
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
  });

  test.each<[ProducerRefusal, number, object]>([
    [{ kind: 'offset-conflict', expected: 2n ** 60n }, 409, { expected_offset: (2n ** 60n).toString() }],
    [{ kind: 'stale-epoch', epoch: 5n }, 409, { epoch: '5' }],
    [{ kind: 'state-lost' }, 409, { try: expect.stringContaining('offset=N') }],
    [{ kind: 'key-in-flight' }, 409, {}],
    [{ kind: 'key-reused' }, 422, {}],
    [{ kind: 'no-such-channel' }, 404, { channel: 'a' }],
  ])('%o is a problem of its own', async (refusal, status, extras) => {
    answers({ kind: 'producer-refused', refusal });
    const response = await post('?channel=a&epoch=1&offset=0');
    expect([response.statusCode, kindOf(response)]).toEqual([status, refusal.kind]);
    expect(response.json()).toMatchObject({ table: 'web.clicks', ...extras });
  });
});

describe('channels', () => {
  const edge = { channel: 'edge-7', epoch: '4', expected_offset: '42', committed_offset: '41' };
  beforeEach(() => {
    api.ports.channelAnswer = { kind: 'done', channel: { name: 'edge-7', epoch: 4n, next: 42n } };
  });

  test('are opened, listed, shown and closed', async () => {
    expect((await call('PUT', '/channels/edge-7')).json()).toEqual({ table: 'web.clicks', ...edge });
    expect((await call('GET', '/channels')).json()).toEqual({ table: 'web.clicks', channels: [edge] });
    expect((await call('GET', '/channels/edge-7')).json()).toEqual({ table: 'web.clicks', ...edge });
    expect((await call('DELETE', '/channels/edge-7')).json()).toMatchObject({ ...edge, closed: true });
    await call('PUT', '/channels/edge-7?offset=42');
    expect(api.ports.opened).toEqual([undefined, 42n]);
  });

  test('that cannot be opened say why', async () => {
    api.ports.channelAnswer = { kind: 'too-many-channels', limit: 3 };
    const full = await call('PUT', '/channels/a');
    expect([full.statusCode, kindOf(full), full.json()]).toMatchObject([409, 'too-many-channels', { limit: 3 }]);
    api.ports.channelAnswer = { kind: 'not-accepting', reason: 'draining' };
    const draining = await call('PUT', '/channels/a');
    expect([draining.statusCode, draining.headers['retry-after']]).toEqual([503, '5']);
    expect((await call('PUT', '/channels/.a')).statusCode).toBe(400);
  });
});
