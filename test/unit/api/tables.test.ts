/** Promises of the table routes, positions and operations: statuses, 64-bit numbers as text, every error a problem. */
import { readFileSync } from 'node:fs';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../../src/api/problems.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { COMMITTED, LANE, SNAPSHOT, checkpointRecord, testApi } from '../../support/fake-ports.ts';

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());

const get = (url: string): Promise<LightMyRequestResponse> => api.app.inject({ method: 'GET', url });
const post = (url: string, body?: unknown): Promise<LightMyRequestResponse> =>
  api.app.inject({
    method: 'POST',
    url,
    ...(body === undefined
      ? {}
      : {
          headers: { 'content-type': 'application/json' },
          payload: typeof body === 'string' ? body : JSON.stringify(body),
        }),
  });
const kindOf = (response: LightMyRequestResponse): string => {
  expect(response.headers['content-type']).toBe('application/problem+json');
  return response.json<{ type: string }>().type.replace('/problems/', '');
};

const DEFINITION = {
  name: 'web.clicks',
  schema: [
    { name: 'id', type: 'uuid', required: true },
    { name: 'ts', type: 'timestamptz' },
    { name: 'price', type: 'decimal(9,2)' },
  ],
  partition_by: ['day(ts)', { source: 'id', transform: 'bucket[16]', name: 'shard' }],
  sort_by: ['ts desc'],
  identifier: ['id'],
  properties: { 'write.x': '1' },
};

describe('creating', () => {
  test('201 with the table and its place', async () => {
    const response = await post('/api/v1/tables', DEFINITION);
    expect(response.statusCode).toBe(201);
    expect(response.headers['location']).toBe('/api/v1/tables/web.clicks');
    expect(response.json()).toMatchObject({
      table: 'web.clicks',
      current_snapshot_id: SNAPSHOT.toString(),
      sequence_number: '9007199254740993',
      metadata_location: expect.any(String) as string,
      schema: {
        type: 'struct',
        fields: [{ id: 1, name: 'id', type: 'uuid', required: true }, {}, { type: 'decimal(9,2)' }],
      },
      partition_spec: {
        fields: [
          { 'source-id': 2, transform: 'day', name: 'ts_day' },
          { transform: 'bucket[16]', name: 'shard' },
        ],
      },
      sort_order: { fields: [{ 'source-id': 2, direction: 'desc', 'null-order': 'nulls-last' }] },
      properties: { 'write.x': '1' },
    });
  });

  test('200 for the same table again, however its partitions are written; 409 with the differences for another', async () => {
    await post('/api/v1/tables', DEFINITION);
    const same = { ...DEFINITION, partition_by: [{ source: 'ts', transform: 'day' }, 'bucket(16, id)'] };
    expect((await post('/api/v1/tables', same)).statusCode).toBe(200);
    const other = { ...DEFINITION, partition_by: [], schema: DEFINITION.schema.slice(0, 2) };
    const response = await post('/api/v1/tables', other);
    expect(response.statusCode).toBe(409);
    expect(kindOf(response)).toBe('table-exists');
    expect(response.json<{ differences: string[] }>().differences.map((text) => text.split(' ')[0])).toEqual([
      'schema',
      'partition_by',
    ]);
  });

  test('an Iceberg schema object is taken too', async () => {
    const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 7, name: 'a', type: 'long', required: false }] };
    expect((await post('/api/v1/tables', { name: 'a.b', schema })).statusCode).toBe(201);
  });

  test('422 with a pointer for each fault', async () => {
    const response = await post('/api/v1/tables', {
      name: 'clicks',
      schema: [
        { name: 'a', type: 'lnog' },
        { name: 'b', type: 'int', requird: true },
      ],
      partition_by: ['day(a)', 'month(zz)'],
      properties: { x: 1 },
      colour: 'red',
    });
    expect(response.statusCode).toBe(422);
    expect(kindOf(response)).toBe('invalid-table');
    expect(response.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer)).toEqual([
      '/colour',
      '/name',
      '/properties/x',
      '/schema/0/type',
      '/schema/1/requird',
      '/partition_by/0',
      '/partition_by/1',
    ]);
  });

  test('as many columns as are allowed, nested ones included', async () => {
    const nested = { name: 's', type: 'struct<a: int, b: int>' };
    const columns = (count: number) => [
      nested,
      ...Array.from({ length: count - 3 }, (_, at) => ({ name: `c${at}`, type: 'int' })),
    ];
    expect((await post('/api/v1/tables', { name: 'web.wide', schema: columns(50) })).statusCode).toBe(201);
    const response = await post('/api/v1/tables', { name: 'web.wider', schema: columns(51) });
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({
      errors: [{ pointer: '/schema', detail: expect.stringContaining('51 columns') as string }],
    });
  });

  test.each([['[]'], ['"x"'], ['null']])('422 for %s', async (body) => {
    expect(kindOf(await post('/api/v1/tables', body))).toBe('invalid-table');
  });

  test('400 for what is no JSON, 415 for another type', async () => {
    expect(kindOf(await post('/api/v1/tables', '{"name":'))).toBe('invalid-body');
    const bytes = await api.app.inject({
      method: 'POST',
      url: '/api/v1/tables',
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(kindOf(bytes)).toBe('invalid-body');
    const ndjson = await api.app.inject({
      method: 'POST',
      url: '/api/v1/tables',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: '{}',
    });
    expect(ndjson.statusCode).toBe(415);
  });
});

describe('reading', () => {
  beforeEach(() => post('/api/v1/tables', DEFINITION));

  test('list and describe carry 64-bit numbers as text', async () => {
    expect((await get('/api/v1/tables')).json()).toEqual({
      tables: [
        {
          table: 'web.clicks',
          state: 'running',
          lag_records: '9007199254740993',
          lag_bytes: '12',
          freshness_seconds: 1.5,
          health_score: 62,
          health_worst: 'small-files',
          last_commit: { snapshot_id: SNAPSHOT.toString(), committed_at: new Date(COMMITTED.at).toISOString() },
        },
      ],
    });
    expect((await get('/api/v1/tables/web.clicks')).json()).toMatchObject({
      status: { lag_records: '9007199254740993' },
    });
  });

  test('snapshots, files, checkpoints', async () => {
    api.ports.snapshotList = [
      { snapshotId: SNAPSHOT, sequenceNumber: 1n, timestampMs: 0, operation: 'append', summary: new Map([['a', '1']]) },
    ];
    api.ports.fileList = [
      { filePath: 's3://b/x', recordCount: 2n ** 60n, fileSizeInBytes: 5n, partition: ['2026-01-01', null] },
    ];
    api.ports.checkpointList = [checkpointRecord('web.clicks')];
    expect((await get('/api/v1/tables/web.clicks/snapshots')).json()).toEqual({
      snapshots: [
        {
          snapshot_id: SNAPSHOT.toString(),
          parent_id: null,
          sequence_number: '1',
          committed_at: '1970-01-01T00:00:00.000Z',
          operation: 'append',
          summary: { a: '1' },
        },
      ],
    });
    expect((await get('/api/v1/tables/web.clicks/files')).json()).toEqual({
      files: [
        {
          file_path: 's3://b/x',
          record_count: '1152921504606846976',
          file_size_in_bytes: '5',
          partition: ['2026-01-01', null],
        },
      ],
    });
    expect((await get('/api/v1/tables/web.clicks/checkpoints')).json()).toMatchObject({
      checkpoints: [{ epoch: '7', snapshot_id: SNAPSHOT.toString(), cut: { [LANE]: '10' } }],
    });
  });

  test('flush asks for a checkpoint of the table, or of all', async () => {
    expect((await post('/api/v1/tables/web.clicks/actions/flush')).statusCode).toBe(200);
    expect((await post('/api/v1/actions/flush')).statusCode).toBe(200);
    expect(api.ports.checkpointed).toEqual(['web.clicks', undefined]);
  });

  test.each(['', '/snapshots', '/files', '/checkpoints'])('404 for an unknown table at %s', async (path) => {
    expect(kindOf(await get(`/api/v1/tables/web.none${path}`))).toBe('no-such-table');
  });

  test('404 for flushing an unknown table, and nothing is cut', async () => {
    expect((await post('/api/v1/tables/web.none/actions/flush')).statusCode).toBe(404);
    expect(api.ports.checkpointed).toEqual([]);
  });

  test('400 for parameters nobody reads', async () => {
    expect(kindOf(await get('/api/v1/tables?limit=5'))).toBe('invalid-request');
  });
});

describe('positions', () => {
  const path = (position: string): string => `/api/v1/tables/web.clicks/positions/${position}`;
  const position = `p${LANE}-481516`;

  test('durable, committed, unknown', async () => {
    expect((await get(path(position))).json()).toEqual({ table: 'web.clicks', position, state: 'durable' });
    api.ports.state = { kind: 'committed', ...COMMITTED };
    expect((await get(path(position))).json()).toMatchObject({ state: 'committed', snapshot_id: SNAPSHOT.toString() });
    api.ports.state = { kind: 'committed' };
    expect((await get(path(position))).json()).toEqual({ table: 'web.clicks', position, state: 'committed' });
    api.ports.state = { kind: 'unknown-position' };
    expect(kindOf(await get(path(position)))).toBe('no-such-position');
  });

  test('wait=committed answers when it is, or after the timeout with what holds then', async () => {
    const late = await get(`${path(position)}?wait=committed&timeout=20ms`);
    expect(late.statusCode).toBe(200);
    expect(late.json()).toMatchObject({ state: 'durable' });
    api.ports.awaited = { kind: 'committed', ...COMMITTED };
    expect((await get(`${path(position)}?wait=committed`)).json()).toMatchObject({ state: 'committed' });
  });

  test.each([
    'p1-2',
    `p${LANE}`,
    `p${LANE}-`,
    `p${LANE}-01`,
    `p${LANE}--1`,
    `p${LANE.toUpperCase()}-1`,
    `q${LANE}-1`,
    `p${LANE}-9223372036854775808`,
    `p${LANE}-1x`,
  ])('400 for %s', async (text) => {
    expect(kindOf(await get(path(text)))).toBe('invalid-request');
  });
});

describe('operations', () => {
  test('livez says yes, version says which', async () => {
    expect((await get('/livez')).json()).toEqual({ ok: true });
    expect((await get('/version')).json()).toMatchObject({ name: 'sluice', version: '1.2.3' });
  });

  test('readyz is 503 with the reasons', async () => {
    expect((await get('/readyz')).statusCode).toBe(200);
    api.ports.reasons = [{ code: 'recovering', detail: 'replaying the log' }];
    const response = await get('/readyz');
    expect(response.statusCode).toBe(503);
    expect(kindOf(response)).toBe('not-ready');
    expect(response.json()).toMatchObject({ ok: false, reasons: api.ports.reasons });
    expect(response.headers['retry-after']).toBe('1');
    expect((await get('/livez')).statusCode).toBe(200);
  });

  test('metrics name tables that exist, and no name from outside becomes a series', async () => {
    await post('/api/v1/tables', DEFINITION);
    const records = {
      method: 'POST' as const,
      headers: { 'content-type': 'application/x-ndjson' },
      payload: '{}\n{}\n',
    };
    await api.app.inject({ ...records, url: '/api/v1/tables/web.clicks/records' });
    api.ports.answer = () => Promise.resolve({ kind: 'no-such-table' });
    await api.app.inject({ ...records, url: '/api/v1/tables/evil.name/records' });
    const { body } = await get('/metrics');
    expect(body).toContain('sluice_ingest_records_total{table="web.clicks",source="http",result="accepted"} 2');
    expect(body).toContain('sluice_table_freshness_seconds{table="web.clicks"} 1.5');
    expect(body).toContain('sluice_build_info{version="1.2.3"} 1');
    expect(body).toContain('sluice_wal_bytes 5');
    expect(body).toContain('sluice_ready 1');
    expect(body).not.toContain('evil');
  });

  test('HEAD answers as GET without a body', async () => {
    for (const url of ['/livez', '/readyz', '/api/v1/tables', '/metrics']) {
      const response = await api.app.inject({ method: 'HEAD', url });
      expect(response.statusCode).toBe(200);
      expect(response.body).toBe('');
    }
  });
});

describe('what leads nowhere', () => {
  test.each(['/', '/api', '/api/v1', '/api/v2/tables', '/api/v1/tables/a.b/nothing', '/%ff', '/livez/'])(
    '%s is a 404 or 400 problem',
    async (url) => {
      const response = await get(url);
      expect([400, 404]).toContain(response.statusCode);
      kindOf(response);
    },
  );

  test.each([
    ['PUT', '/api/v1/tables/a.b/records', 'POST'],
    ['HEAD', '/api/v1/tables/a.b/records', 'POST'],
    ['GET', '/api/v1/tables/a.b/records', 'POST'],
    ['DELETE', '/api/v1/tables', 'GET, HEAD, POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/metrics', 'GET, HEAD'],
  ] as const)('%s %s is 405 and names %s', async (method, url, allow) => {
    const response = await api.app.inject({ method, url });
    expect(response.statusCode).toBe(405);
    expect(response.headers['allow']).toBe(allow);
    expect(response.headers['content-type']).toBe('application/problem+json');
  });

  test('a failing port behind a GET is a problem too', async () => {
    api.ports.failure = new Error('boom');
    expect(kindOf(await get('/api/v1/tables'))).toBe('internal');
  });
});

test('docs/problems.md explains every problem', () => {
  const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
  for (const [kind, { status }] of Object.entries(PROBLEMS)) expect(page).toContain(`| \`${kind}\` | ${status} |`);
});
