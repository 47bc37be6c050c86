/** Promises of the diagnosis endpoints: findings and health as JSON with 64-bit numbers as text, and the series beside them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diagnose } from '../../../src/diagnose/diagnose.ts';
import { healthOf } from '../../../src/diagnose/health.ts';
import { TestAccess, bearer } from '../../support/access.ts';
import { daemonInOrder, survey, surveyInOrder } from '../../support/diagnosis.ts';
import { testApi, viewOf, type TestApi } from '../../support/fake-ports.ts';

const POINT = { at: 1000, files: 100, smallFiles: 90, deleteFiles: 0, manifests: 3, snapshots: 7 };

let api: TestApi;
beforeAll(() => {
  api = testApi();
  const view = survey({ smallFiles: 90, sparableFiles: 80 });
  const sick = { ...surveyInOrder, sparableFiles: 100, records: 9_007_199_254_740_993n };
  api.ports.diagnosis = {
    diagnose: (table) =>
      Promise.resolve(table === undefined || table.name === 'clicks' ? { view, findings: diagnose(view) } : undefined),
    healthHistory: (table, limit) =>
      Promise.resolve(
        table.name === 'clicks'
          ? [60, 100]
              .slice(0, limit)
              .map((score, index) => ({ ...POINT, at: POINT.at - index, score, lost: { 'small-files': 100 - score } }))
          : undefined,
      ),
    health: (table) =>
      Promise.resolve(table.name === 'clicks' ? { survey: sick, health: healthOf(sick, 'web.clicks') } : undefined),
  };
  const name = { namespace: ['web'], name: 'clicks' };
  api.ports.created.set('web.clicks', viewOf({ name, fields: [], partition: [], properties: new Map() }));
});
afterAll(() => api.close());

const get = async (url: string) => {
  const answer = await api.app.inject({ method: 'GET', url });
  return { status: answer.statusCode, body: answer.body };
};

test('findings, worst first, and the facts beside them', async () => {
  const { status, body } = await get('/api/v1/diagnose');
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({
    healthy: true,
    findings: [
      {
        rule: 'small-files',
        table: 'web.clicks',
        severity: 'warning',
        evidence: expect.arrayContaining([{ name: 'small files', value: 90, unit: '%', threshold: 50 }]) as unknown,
        command: 'sluice compact web.clicks',
      },
    ],
    daemon: { ready: true, log: { bytes: String(daemonInOrder.log?.bytes) }, store: { requests: 1000 } },
    tables: [{ table: 'web.clicks', state: 'running', attempts: { committed: 60 } }],
  });
});

test('one table, or none of that name, or another parameter', async () => {
  expect((await get('/api/v1/diagnose?table=web.clicks')).status).toBe(200);
  for (const table of ['web.gone', 'clicks'])
    expect(await get(`/api/v1/diagnose?table=${table}`)).toMatchObject({
      status: 404,
      body: expect.stringContaining('no-such-table') as string,
    });
  expect((await get('/api/v1/diagnose?tabel=web.clicks')).status).toBe(400);
});

test('health: the score and what it is made of', async () => {
  const { status, body } = await get('/api/v1/tables/web.clicks/health');
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({
    table: 'web.clicks',
    score: 60,
    factors: [
      {
        cause: 'small-files',
        lost: 40,
        value: 1,
        fine_up_to: 0.2,
        evidence: expect.arrayContaining([{ name: 'files a compaction would spare', value: 100, unit: '' }]) as unknown,
        command: 'sluice compact web.clicks',
      },
    ],
    files: 100,
    records: '9007199254740993',
  });
  expect((await get('/api/v1/tables/web.gone/health')).status).toBe(404);
});

test('what the health was, latest first', async () => {
  const point = { files: 100, small_files: 90, delete_files: 0, manifests: 3, snapshots: 7 };
  const points = [
    { ...point, at: '1970-01-01T00:00:01.000Z', score: 60, lost: { 'small-files': 40 } },
    { ...point, at: '1970-01-01T00:00:00.999Z', score: 100, lost: { 'small-files': 0 } },
  ];
  const history = '/api/v1/tables/web.clicks/health/history';
  expect(JSON.parse((await get(history)).body)).toEqual({ table: 'web.clicks', points });
  expect(JSON.parse((await get(`${history}?limit=1`)).body)).toEqual({
    table: 'web.clicks',
    points: points.slice(0, 1),
  });
  expect((await get(`${history}?limit=1001`)).status).toBe(400);
  expect((await get('/api/v1/tables/web.gone/health/history')).status).toBe(404);
});

test('series of what tables are made of', async () => {
  const { body } = await get('/metrics');
  for (const line of [
    'sluice_table_health_score{table="web.clicks"} 62',
    'sluice_table_files{table="web.clicks"} 40',
    'sluice_table_small_files_ratio{table="web.clicks"} 0.75',
    'sluice_table_snapshots{table="web.clicks"} 8',
    'sluice_table_manifests{table="web.clicks"} 5',
    'sluice_table_health_lost_points{table="web.clicks",cause="small-files"} 38',
    'sluice_table_health_lost_points{table="web.clicks",cause="deletes"} 0',
  ])
    expect(body).toContain(`${line}\n`);
  expect(JSON.parse((await get('/api/v1/tables')).body)).toMatchObject({
    tables: [{ health_score: 62, health_worst: 'small-files' }],
  });
});

test('a key for some tables asks for those, and what it does not see is left out for it', async () => {
  const access = new TestAccess();
  const { app, ports } = testApi({ access, runtime: access.runtime });
  const asked: boolean[] = [];
  const view = survey({});
  ports.diagnosis = {
    diagnose: (_table, visible) => {
      asked.push(visible({ namespace: ['web'], name: 'clicks' }), visible({ namespace: ['shop'], name: 'orders' }));
      return Promise.resolve({ view, findings: [] });
    },
    health: () => Promise.resolve(undefined),
    healthHistory: () => Promise.resolve(undefined),
  };
  const headers = bearer(access.key(['read:web.*']).text);
  const status = async (url: string) => (await app.inject({ method: 'GET', url, headers })).statusCode;
  expect(await status('/api/v1/diagnose')).toBe(200);
  expect(asked).toEqual([true, false]);
  expect(await status('/api/v1/diagnose?table=web.clicks')).toBe(200);
  expect(await status('/api/v1/diagnose?table=shop.orders')).toBe(403);
  await app.close();
});
