/** Dead letters over HTTP: what the port is asked, and what is said of its answers. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { DeadLetter } from '../../../src/contracts/dead-letters.ts';
import { offset } from '../../../src/core/ids.ts';
import { COMMITTED, durable, LANE, testApi, type TestApi } from '../../support/fake-ports.ts';

const PATH = '/api/v1/tables/web.clicks/dead-letters';
const TABLE = { namespace: ['web'], name: 'clicks' };
const LETTER: DeadLetter = {
  id: 'dl_1-00000002',
  status: 'open',
  batch: 'dl_1',
  receivedAt: '2026-11-22T10:00:05.100Z',
  cause: 'refused',
  code: 'type_mismatch',
  pointer: '/amount',
  detail: 'no',
  record: 2,
  line: 2,
  ignoreUnknownFields: false,
  original: Buffer.from('{"amount":"12,5"}'),
};

let api: TestApi;
beforeEach(() => {
  api = testApi();
});

const get = (path = '') => api.app.inject({ method: 'GET', url: PATH + path });
const post = (path: string, body: string) =>
  api.app.inject({ method: 'POST', url: PATH + path, payload: body, headers: { 'content-type': 'application/json' } });

describe('reading', () => {
  test('open ones by default, with counts and the next page', async () => {
    api.ports.letterPage = { letters: [LETTER], next: LETTER.id };
    api.ports.letterGroups = [
      {
        code: 'type_mismatch',
        pointer: '/amount',
        status: 'open',
        letters: 3n,
        firstAt: 'a',
        lastAt: 'b',
        sample: 'c',
      },
    ];
    const answer = (await get('?code=type_mismatch&limit=1')).json<Record<string, unknown>>();
    expect(api.ports.asked).toEqual([[TABLE, { code: 'type_mismatch', status: 'open' }, { limit: 1 }]]);
    expect(answer).toMatchObject({
      groups: [{ code: 'type_mismatch', letters: '3', first_at: 'a', last_at: 'b' }],
      dead_letters: [{ id: LETTER.id, original: '{"amount":"12,5"}', record: 2 }],
      next: LETTER.id,
    });
  });

  test('export is NDJSON; a header names the next page', async () => {
    api.ports.letterPage = { letters: [LETTER, LETTER], next: LETTER.id };
    const answer = await get('/export?status=any&after=x');
    expect(api.ports.asked).toEqual([[TABLE, {}, { limit: 20, after: 'x' }]]);
    expect(answer.headers).toMatchObject({ 'content-type': expect.stringContaining('application/x-ndjson') });
    expect(answer.headers['next-after']).toBe(LETTER.id);
    expect(answer.body.trimEnd().split('\n')).toHaveLength(2);
  });

  test('bytes that are no text are shown as base64 alone', async () => {
    api.ports.letterPage = {
      letters: [{ ...LETTER, original: Buffer.from([0xff]), position: { lane: LANE, offset: offset(7) } }],
    };
    const answer = (await get(`/${LETTER.id}`)).json<Record<string, unknown>>();
    expect(answer).toMatchObject({ original_base64: '/w==', position: `p${LANE}-7` });
    expect(answer['original']).toBeUndefined();
  });

  test.each([
    ['', 404, 'no-such-table'],
    ['?status=lost', 400, 'invalid-request'],
    ['?limit=0', 400, 'invalid-request'],
    ['?limit=1001', 400, 'invalid-request'],
    ['?code=', 400, 'invalid-request'],
  ])('%s of an unknown table or a wrong parameter is %i', async (query, status, kind) => {
    api.ports.letterPage = undefined;
    const answer = await get(query);
    expect([answer.statusCode, answer.json<{ type: string }>().type]).toEqual([status, `/problems/${kind}`]);
  });

  test('one that is not there is 404', async () => {
    expect((await get('/dl_none')).json<{ type: string }>().type).toBe('/problems/no-such-dead-letter');
  });
});

describe('replay and discard', () => {
  test('the patch is passed on with every digit', async () => {
    api.ports.settled = {
      done: 2,
      batch: 'replay_1',
      position: { lane: LANE, offset: offset(9) },
      kept: [],
      keptTotal: 0,
    };
    const answer = await post('/replay', '{"batch":"dl_1","patch":{"id":9007199254740993}}');
    expect(api.ports.asked).toEqual([
      [TABLE, { kind: 'replay', patch: '{"id":9007199254740993}' }, { batch: 'dl_1' }, undefined],
    ]);
    expect(answer.json()).toEqual({
      table: 'web.clicks',
      replayed: 2,
      batch: 'replay_1',
      position: `p${LANE}-9`,
      kept: 0,
      errors: [],
    });
  });

  test.each([
    ['/replay', '{}'],
    ['/replay', '[]'],
    ['/replay', '{"ids":"x"}'],
    ['/replay', '{"all":true,"patch":[]}'],
    ['/replay', '{"all":{},"code":"x"}'],
    ['/discard', '{"all":true,"patch":{}}'],
    ['/discard', '{"code":7}'],
    ['/discard', '{"everything":true}'],
  ])('%s of %s is refused before anything is asked', async (path, body) => {
    expect((await post(path, body)).statusCode).toBe(400);
    expect(api.ports.asked).toEqual([]);
  });

  test('a stopped table is 503 with what to do', async () => {
    api.ports.settled = { kind: 'table-stopped', reason: 'gap', remedy: 'mend it' };
    const answer = await post('/discard', '{"all":true}');
    expect([answer.statusCode, answer.json<{ try: string }>().try]).toEqual([503, 'mend it']);
  });
});

describe('records', () => {
  const records = (query: string) =>
    api.app.inject({
      method: 'POST',
      url: `/api/v1/tables/web.clicks/records${query}`,
      payload: '{}\n',
      headers: { 'content-type': 'application/x-ndjson' },
    });

  test('on_error is passed on as it was asked, and left to the table when it was not', async () => {
    await records('?on_error=dead_letter');
    await records('');
    expect(api.ports.appended[0]).toMatchObject({ onError: 'dead_letter', requestId: expect.stringMatching(/^req_/) });
    expect(api.ports.appended[1]?.onError).toBeUndefined();
    expect((await records('?on_error=ignore')).statusCode).toBe(400);
  });

  test.each(['', '?ack=committed'])('dead letters are named in body and header (%s)', async (query) => {
    const plain = durable(0, () => Promise.resolve(COMMITTED));
    if (plain.kind !== 'durable') throw new Error('durable expected');
    const refusal = { record: 1, line: 1, pointer: '', code: 'missing_field' as const, detail: 'no' };
    api.ports.answer = () =>
      Promise.resolve({
        ...plain,
        deadLetters: {
          table: { namespace: ['web'], name: 'clicks__dead_letters' },
          batch: 'dl_1',
          rejected: 101,
          position: plain.position,
          refusals: [refusal],
        },
      });
    const answer = await records(query);
    expect(answer.headers['rejected-records']).toBe('101');
    expect(answer.json()).toMatchObject({
      accepted: 0,
      rejected: 101,
      dead_letter: { table: 'web.clicks__dead_letters', batch: 'dl_1', position: `p${LANE}-481516` },
      errors: [refusal],
    });
    expect(answer.json<Record<string, unknown>>()['position']).toBeUndefined();
  });
});
