/** Maintenance over HTTP: dry runs, jobs, and what is refused. */
import { beforeEach, expect, test } from 'vitest';
import { jobOf, testApi, type TestApi } from '../../support/fake-ports.ts';

let api: TestApi;
beforeEach(() => {
  api = testApi();
  api.ports.maintenance.estimates.set('web.clicks', { groups: 2, filesAfter: 1, bytes: 9_007_199_254_740_993n });
});

const call = async (method: 'GET' | 'POST' | 'DELETE', url: string) => {
  const answer = await api.app.inject({ method, url });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
};

test('a dry run answers the estimate and starts nothing', async () => {
  const { status, body } = await call('POST', '/api/v1/tables/web.clicks/actions/compact?dry_run=true');
  expect(status).toBe(200);
  expect(body).toEqual({
    table: 'web.clicks',
    kind: 'compact',
    estimate: { groups: 2, files_after: 1, bytes: '9007199254740993' },
  });
  expect(api.ports.maintenance.started).toEqual([]);
});

test('a compaction is asked for with an arrangement, which its job names', async () => {
  const path = '/api/v1/tables/web.clicks/actions/compact';
  const query = 'strategy=sort&columns=user.id,at:desc,n:nulls-last,odd:name:asc:nulls-first';
  expect((await call('POST', `${path}?dry_run=true&${query}`)).status).toBe(200);
  const { status, body } = await call('POST', `${path}?${query}`);
  expect(status).toBe(202);
  expect(body).toMatchObject({
    strategy: 'sort',
    columns: ['user.id:asc:nulls-first', 'at:desc:nulls-last', 'n:asc:nulls-last', 'odd:name:asc:nulls-first'],
  });
  expect((await call('POST', `${path}?strategy=z-order&columns=a,b:desc`)).body).toMatchObject({
    strategy: 'z-order',
    columns: ['a', 'b:desc'],
  });
  expect((await call('POST', `${path}?columns=a`)).body).toMatchObject({ strategy: 'sort' });
  expect((await call('POST', `${path}?strategy=sort`)).body).toMatchObject({ strategy: 'sort', columns: [] });
  expect((await call('POST', `${path}?strategy=bin-pack`)).body).not.toHaveProperty('strategy');
  const { arrangements } = api.ports.maintenance;
  expect(arrangements).toHaveLength(6);
  expect(arrangements[0]).toEqual(arrangements[1]);
  expect(arrangements.at(-1)).toBeUndefined();
});

test('an arrangement that is none, or of another action, is refused', async () => {
  const kindOf = async (rest: string) => (await call('POST', `/api/v1/tables/web.clicks/actions/${rest}`)).body['type'];
  for (const rest of [
    'compact?strategy=hilbert',
    'compact?strategy=bin-pack&columns=a',
    'compact?strategy=sort&columns=a,,b',
    'compact?strategy=sort&columns=',
    'expire-snapshots?strategy=sort',
  ])
    expect([rest, await kindOf(rest)]).toEqual([rest, '/problems/invalid-request']);
  expect(api.ports.maintenance.started).toEqual([]);
});

test('a job is answered at once with where to ask for it', async () => {
  const { status, headers, body } = await call('POST', '/api/v1/tables/web.clicks/actions/expire-snapshots');
  expect(status).toBe(202);
  expect(headers['location']).toBe('/api/v1/jobs/job_1');
  expect(body).toMatchObject({
    job: 'job_1',
    kind: 'expire-snapshots',
    state: 'running',
    created_at: '2026-11-22T10:00:05.100Z',
  });
  expect(api.ports.maintenance.started).toEqual(['expire-snapshots web.clicks']);
});

test('orphans are removed by a job too', async () => {
  expect((await call('POST', '/api/v1/tables/web.clicks/actions/remove-orphans')).body).toMatchObject({
    kind: 'remove-orphans',
  });
  expect(api.ports.maintenance.started).toEqual(['remove-orphans web.clicks']);
});

test('jobs are listed without their logs and shown with them', async () => {
  api.ports.maintenance.jobList = [
    jobOf({
      state: 'done',
      startedAt: 1000,
      endedAt: 2000,
      result: { filesRemoved: 3 },
      log: [{ at: 1500, line: 'x' }],
    }),
  ];
  const listed = (await call('GET', '/api/v1/jobs')).body['jobs'] as readonly Record<string, unknown>[];
  expect(listed).toHaveLength(1);
  expect(listed[0]).not.toHaveProperty('log');
  expect((await call('GET', '/api/v1/jobs/job_1')).body).toMatchObject({
    ended_at: '1970-01-01T00:00:02.000Z',
    result: { files_removed: 3 },
    log: [{ at: '1970-01-01T00:00:01.500Z', line: 'x' }],
  });
});

test('a job is cancelled by deleting it', async () => {
  api.ports.maintenance.jobList = [jobOf()];
  expect(await call('DELETE', '/api/v1/jobs/job_1')).toMatchObject({ status: 202, body: { state: 'cancelled' } });
});

test('unknown tables, jobs and parameters are problems of their own', async () => {
  const kindOf = async (...request: Parameters<typeof call>) => (await call(...request)).body['type'];
  expect(await kindOf('POST', '/api/v1/tables/web.absent/actions/compact')).toBe('/problems/no-such-table');
  expect(await kindOf('POST', '/api/v1/tables/web.absent/actions/compact?dry_run=true')).toBe(
    '/problems/no-such-table',
  );
  expect(await kindOf('GET', '/api/v1/jobs/job_7')).toBe('/problems/no-such-job');
  expect(await kindOf('DELETE', '/api/v1/jobs/job_7')).toBe('/problems/no-such-job');
  expect(await kindOf('POST', '/api/v1/tables/web.clicks/actions/compact?dryrun=true')).toBe(
    '/problems/invalid-request',
  );
});

test('a rollback says what went, or why nothing did', async () => {
  const { maintenance } = api.ports;
  const path = '/api/v1/tables/web.clicks/actions/rollback';
  maintenance.rollback = { kind: 'rolled-back', from: 9_007_199_254_740_993n, to: 5n, snapshots: 2, rows: 12 };
  expect(await call('POST', `${path}?to=5&dry_run=true`)).toMatchObject({
    status: 200,
    body: { table: 'web.clicks', dry_run: true, from: '9007199254740993', to: '5', snapshots: 2, rows: 12 },
  });
  expect((await call('POST', `${path}?to=5`)).body).toMatchObject({ dry_run: false });
  expect(maintenance.rollbacks).toEqual(['web.clicks to 5, dry', 'web.clicks to 5']);
  for (const kind of ['not-an-ancestor', 'moved'] as const) {
    maintenance.rollback = { kind };
    expect(await call('POST', `${path}?to=5`)).toMatchObject({
      status: 409,
      body: { type: '/problems/rollback-refused', table: 'web.clicks' },
    });
  }
  maintenance.rollback = undefined;
  expect((await call('POST', `${path}?to=5`)).body['type']).toBe('/problems/no-such-table');
  for (const query of ['', '?to=', '?to=main', '?to=-1'])
    expect((await call('POST', path + query)).body, query).toMatchObject({ type: '/problems/invalid-request' });
});
