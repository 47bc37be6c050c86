/** Promises of `POST …/records`: each answer of the port is one status, bytes arrive as sent, nothing is held afterwards. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { AppendAnswer } from '../../../src/contracts/service-ports.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { COMMITTED, LANE, durable, testApi } from '../../support/fake-ports.ts';

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());

const NDJSON = '{"a":1}\n{"a":2}\n';
const POSITION = `p${LANE}-481516`;

function post(
  query: string,
  payload: string | Buffer = NDJSON,
  headers: Record<string, string> = { 'content-type': 'application/x-ndjson' },
): Promise<LightMyRequestResponse> {
  const options: InjectOptions = { method: 'POST', url: `/api/v1/tables/web.clicks/records${query}`, headers, payload };
  return api.app.inject(options);
}

const problem = (response: LightMyRequestResponse) => {
  expect(response.headers['content-type']).toBe('application/problem+json');
  const body = response.json<Record<string, unknown>>();
  expect(body['status']).toBe(response.statusCode);
  expect(body['request_id']).toMatch(/^req_[0-9a-f]{12}_[0-9a-z]+$/);
  return { ...body, title: body['title'], kind: String(body['type']).replace('/problems/', '') };
};

const answers = (answer: AppendAnswer): void => {
  api.ports.answer = () => Promise.resolve(answer);
};

describe('accepted', () => {
  test('202 with the position by default', async () => {
    const response = await post('');
    expect(response.statusCode).toBe(202);
    expect(response.json()).toEqual({
      table: 'web.clicks',
      accepted: 2,
      rejected: 0,
      ack: 'durable',
      position: POSITION,
    });
    expect(api.ports.appended).toMatchObject([
      { table: { namespace: ['web'], name: 'clicks' }, format: 'ndjson', ignoreUnknownFields: false },
    ]);
    expect(Buffer.from(api.ports.appended[0]?.body ?? []).toString()).toBe(NDJSON);
  });

  test('200 with the snapshot id as text once committed', async () => {
    const response = await post('?ack=committed');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      ack: 'committed',
      position: POSITION,
      snapshot_id: '5937117119577207079',
      committed_at: '2026-11-22T10:00:05.100Z',
    });
    expect(response.body).toContain('"5937117119577207079"');
  });

  test('202 when the commit does not come within the timeout', async () => {
    answers(durable(2, () => new Promise(() => undefined)));
    const response = await post('?ack=committed&timeout=20ms');
    expect(response.statusCode).toBe(202);
    expect(response.json()).toEqual({
      table: 'web.clicks',
      accepted: 2,
      rejected: 0,
      ack: 'durable',
      position: POSITION,
    });
  });

  test('503 outcome-unknown with the position when this process will not learn of the commit: never a 4xx', async () => {
    answers(durable(2, () => Promise.reject(new SluiceError('closed', 'stopping'))));
    const response = await post('?ack=committed');
    expect(response.statusCode).toBe(503);
    expect(problem(response)).toMatchObject({ kind: 'outcome-unknown', position: POSITION, accepted: 2 });
    expect(response.headers['retry-after']).toMatch(/^\d+$/);
  });

  test('200 for an empty body', async () => {
    answers({ kind: 'empty' });
    const response = await post('', '');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ accepted: 0 });
  });

  test('bytes of a body are handed on untouched, whatever they are', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x0a, 0xc3, 0x28]);
    await post('', bytes);
    expect(Buffer.from(api.ports.appended[0]?.body ?? [])).toEqual(bytes);
  });

  test.each([
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['Application/X-NDJSON; charset="UTF-8"', 'ndjson'],
  ])('%s is %s', async (type, format) => {
    expect((await post('', NDJSON, { 'content-type': type })).statusCode).toBe(202);
    expect(api.ports.appended).toMatchObject([{ format }]);
  });

  test('unknown_fields=ignore is passed on', async () => {
    await post('?unknown_fields=ignore');
    expect(api.ports.appended).toMatchObject([{ ignoreUnknownFields: true }]);
  });
});

describe('refused by the port', () => {
  const refusals = [
    {
      record: 17,
      line: 18,
      pointer: '/amount',
      code: 'type_mismatch' as const,
      expected: 'double',
      got: 'string',
      detail: 'no',
    },
  ];

  test('422 with every listed error', async () => {
    answers({ kind: 'refused', count: 500, total: 2, refusals });
    const response = await post('');
    expect(response.statusCode).toBe(422);
    expect(problem(response)).toMatchObject({
      kind: 'invalid-records',
      title: '2 of 500 records are not valid',
      accepted: 0,
      rejected: 500,
      total_errors: 2,
      errors: refusals,
    });
  });

  test.each<[AppendAnswer, number, string, string | undefined]>([
    [{ kind: 'no-such-table' }, 404, 'no-such-table', undefined],
    [{ kind: 'overloaded', scope: 'log', retryAfterMs: 1500 }, 503, 'overloaded', '2'],
    [{ kind: 'overloaded', scope: 'table', retryAfterMs: 0 }, 503, 'overloaded', '1'],
    [{ kind: 'not-accepting', reason: 'draining' }, 503, 'not-accepting', '5'],
    [{ kind: 'table-stopped', reason: 'gap', remedy: 'sluice progress rewind' }, 503, 'table-stopped', '30'],
  ])('%j is %i %s', async (answer, status, kind, retryAfter) => {
    answers(answer);
    const response = await post('');
    expect(response.statusCode).toBe(status);
    expect(problem(response).kind).toBe(kind);
    expect(response.headers['retry-after']).toBe(retryAfter);
  });

  test.each<[string, number, string]>([
    ['unavailable', 503, 'unavailable'],
    ['closed', 503, 'not-accepting'],
    ['fenced', 503, 'not-accepting'],
    ['internal', 500, 'internal'],
    ['corrupt', 500, 'internal'],
    ['unsupported', 422, 'unsupported'],
  ])('an error of kind %s is %i %s', async (kind, status, expected) => {
    api.ports.answer = () => Promise.reject(new SluiceError(kind as 'closed', 'secret path /x', { remedy: 'do this' }));
    const response = await post('');
    expect(response.statusCode).toBe(status);
    expect(problem(response).kind).toBe(expected);
  });

  test('a defect tells the client nothing and the log everything', async () => {
    api.ports.answer = () => Promise.reject(new TypeError('x is not a function'));
    const response = await post('');
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('not a function');
    expect(api.logged).toMatchObject([
      {
        message: 'request failed',
        facts: {
          request_id: response.json<{ request_id: string }>().request_id,
          err: { message: 'x is not a function' },
        },
      },
    ]);
  });
});

describe('dry run', () => {
  test('200 with the count, and nothing is appended', async () => {
    const response = await post('?dry_run=true');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ table: 'web.clicks', valid: 2 });
    expect(api.ports.appended).toEqual([]);
  });

  test('422 and 404 as without it', async () => {
    api.ports.dryAnswer = { kind: 'refused', count: 1, total: 1, refusals: [] };
    expect(problem(await post('?dry_run=true')).title).toBe('1 of 1 records is not valid');
    api.ports.dryAnswer = { kind: 'no-such-table' };
    expect((await post('?dry_run=true')).statusCode).toBe(404);
  });
});

describe('refused before the port', () => {
  test.each([
    '?ack=none',
    '?ack=',
    '?timeout=15',
    '?timeout=-1s',
    '?timeout=2h',
    '?timeout=61s',
    '?dry_run=yes',
    '?unknown_fields=drop',
    '?akc=durable',
    '?ack=durable&ack=committed',
  ])('400 for %s, naming the parameter', async (query) => {
    const response = await post(query);
    expect(response.statusCode).toBe(400);
    expect(problem(response)).toMatchObject({ kind: 'invalid-request', parameter: /\?(\w+)=/.exec(query)?.[1] });
    expect(api.ports.appended).toEqual([]);
  });

  test.each<[Record<string, string>]>([
    [{ 'content-type': 'text/csv' }],
    [{ 'content-type': 'application/json; charset=latin1' }],
    [{ 'content-type': 'application/jsonx' }],
    [{ 'content-type': 'garbage' }],
    [{}],
  ])('415 for %j', async (headers) => {
    const response = await post('', NDJSON, headers);
    expect(response.statusCode).toBe(415);
    expect(problem(response).kind).toBe('unsupported-media-type');
  });

  test('415 with Accept-Encoding for another content encoding', async () => {
    const response = await post('', NDJSON, { 'content-type': 'application/json', 'content-encoding': 'br' });
    expect(response.statusCode).toBe(415);
    expect(response.headers['accept-encoding']).toBe('gzip, zstd, identity');
  });

  test.each(['clicks', 'web.', '.clicks', 'web..clicks', 'web.cl%2Ficks', 'web.%00'])(
    '404 for the name %s',
    async (name) => {
      const response = await api.app.inject({
        method: 'POST',
        url: `/api/v1/tables/${name}/records`,
        headers: { 'content-type': 'application/json' },
        payload: '{}',
      });
      expect(response.statusCode).toBe(404);
      problem(response);
    },
  );
});

describe('compressed bodies', () => {
  const send = (encoding: string, payload: Buffer): Promise<LightMyRequestResponse> =>
    post('', payload, { 'content-type': 'application/x-ndjson', 'content-encoding': encoding });
  const received = (): string => Buffer.from(api.ports.appended[0]?.body ?? []).toString();

  test.each([
    ['gzip', gzipSync(NDJSON)],
    ['x-gzip', gzipSync(NDJSON)],
    ['GZIP', gzipSync(NDJSON)],
    ['zstd', zstdCompressSync(NDJSON)],
    ['identity', Buffer.from(NDJSON)],
  ])('%s is unpacked', async (encoding, payload) => {
    expect((await send(encoding, payload)).statusCode).toBe(202);
    expect(received()).toBe(NDJSON);
  });

  test.each([
    ['gzip', gzipSync(NDJSON)],
    ['zstd', zstdCompressSync(NDJSON)],
  ])('every member of a %s body counts: none is dropped in silence', async (encoding, member) => {
    expect((await send(encoding, Buffer.concat([member, member, member]))).statusCode).toBe(202);
    expect(received()).toBe(NDJSON.repeat(3));
  });

  test.each([
    ['gzip', gzipSync(NDJSON)],
    ['zstd', zstdCompressSync(NDJSON)],
  ])('%s that is damaged, cut off, empty or followed by something is 400', async (encoding, whole) => {
    const middle = Math.floor(whole.length / 2);
    const flipped = Buffer.from(whole);
    flipped[0] = (flipped[0] ?? 0) ^ 0xff;
    for (const payload of [
      Buffer.from('not compressed at all'),
      whole.subarray(0, middle),
      whole.subarray(0, whole.length - 1),
      Buffer.concat([whole, Buffer.from('{"a":3}\n')]),
      Buffer.concat([whole, whole.subarray(0, middle)]),
      flipped,
      Buffer.alloc(0),
    ]) {
      const response = await send(encoding, payload);
      expect(response.statusCode).toBe(400);
      expect(problem(response).kind).toBe('invalid-body');
    }
    expect(api.ports.appended).toEqual([]);
    expect(api.budget.used).toBe(0);
  });

  test('zero padding behind a gzip member is no damage', async () => {
    expect((await send('gzip', Buffer.concat([gzipSync(NDJSON), Buffer.alloc(512)]))).statusCode).toBe(202);
    expect(received()).toBe(NDJSON);
  });

  test.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ])('a %s bomb is 413 by its ratio, one over the limit by its size; memory is given back', async (encoding, pack) => {
    api = testApi({ settings: { maxBodyBytes: 64 * 1024 * 1024, decompressionRatio: 50 } });
    const bomb = await send(encoding, pack(Buffer.alloc(32 * 1024 * 1024, 'a')));
    expect(bomb.statusCode).toBe(413);
    expect(problem(bomb)).toMatchObject({ kind: 'body-too-large', limit_ratio: 50 });
    expect(api.budget.used).toBe(0);

    api = testApi({ settings: { maxBodyBytes: 100_000 } });
    const large = await send(encoding, pack(Buffer.alloc(100_001, 'a')));
    expect(large.statusCode).toBe(413);
    expect(problem(large)).toMatchObject({ limit_bytes: '100000' });
    expect((await send(encoding, pack(Buffer.alloc(100_000, 'a')))).statusCode).toBe(202);
    expect(api.budget.used).toBe(0);
  });
});

describe('limits', () => {
  test('413 above max_body, 202 at it', async () => {
    api = testApi({ settings: { maxBodyBytes: 100 } });
    const response = await post('', 'x'.repeat(101));
    expect(response.statusCode).toBe(413);
    expect(problem(response)).toMatchObject({ kind: 'body-too-large', limit_bytes: '100' });
    expect((await post('', 'x'.repeat(100))).statusCode).toBe(202);
  });

  test('503 with Retry-After when the body budget is full, and the bytes of others stay held until they are answered', async () => {
    api = testApi({ budgetBytes: 25 });
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    api.ports.answer = () => gate.then(() => durable(1, () => Promise.resolve(COMMITTED)));
    const first = post('', 'x'.repeat(20));
    while (api.ports.appended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(api.budget.used).toBe(20);
    const second = await post('', 'y'.repeat(20));
    expect(second.statusCode).toBe(503);
    expect(problem(second)).toMatchObject({ kind: 'overloaded', scope: 'memory' });
    expect(second.headers['retry-after']).toBe('1');
    expect(api.budget.used).toBe(20);
    finish();
    expect((await first).statusCode).toBe(202);
    expect(api.budget.used).toBe(0);
  });

  test('the budget is given back whatever the port does', async () => {
    api.ports.answer = () => Promise.reject(new Error('x'));
    await post('');
    await post('?dry_run=true');
    await post('?ack=committed');
    expect(api.budget.used).toBe(0);
  });
});
