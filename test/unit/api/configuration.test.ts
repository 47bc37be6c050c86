/** The configuration routes: what holds with secrets hidden by the port, faults as data, refusals as problems; and leaving when draining. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.app.close());

const FAULT = {
  file: '/etc/sluice.yaml',
  line: 4,
  column: 15,
  path: 'checkpoint.interval',
  message: 'expected a duration',
};
const post = (url: string, payload?: string | Buffer, type = 'application/yaml') =>
  api.app.inject({
    method: 'POST',
    url,
    ...(payload === undefined ? {} : { payload, headers: { 'content-type': type } }),
  });

test('GET config: source, settings, what waits for a restart', async () => {
  api.config.config = { settings: { pipeline: 'x' }, needsRestart: ['warehouse'] };
  const response = await api.app.inject({ method: 'GET', url: '/api/v1/config' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ source: null, settings: { pipeline: 'x' }, needs_restart: ['warehouse'] });
});

test('POST validate: 200 with the faults, whether there are any or not', async () => {
  expect((await post('/api/v1/config/validate', 'pipeline: x')).json()).toEqual({ valid: true, faults: [] });
  expect(api.config.validated).toEqual(['pipeline: x']);
  api.config.faults = [FAULT];
  const response = await post('/api/v1/config/validate', 'x', 'text/yaml; charset=utf-8');
  expect([response.statusCode, response.json()]).toEqual([200, { valid: false, faults: [FAULT] }]);
});

test('POST validate refuses what is no YAML document', async () => {
  expect((await post('/api/v1/config/validate', '{}', 'application/json')).statusCode).toBe(415);
  expect((await post('/api/v1/config/validate', Buffer.from([0xff, 0xfe]))).statusCode).toBe(400);
  expect((await post('/api/v1/config/validate', 'a'.repeat(256 * 1024 + 1))).statusCode).toBe(413);
  expect(api.config.validated).toEqual([]);
});

test('POST reload: the report, or a problem that says that nothing was changed', async () => {
  api.config.outcome = { kind: 'reloaded', applied: ['a'], needsRestart: ['b'], noEffect: ['c'] };
  expect((await post('/api/v1/actions/reload')).json()).toEqual({
    applied: ['a'],
    needs_restart: ['b'],
    no_effect: ['c'],
  });
  api.config.outcome = { kind: 'invalid', faults: [FAULT] };
  const invalid = await post('/api/v1/actions/reload');
  expect([invalid.statusCode, invalid.json()]).toMatchObject([
    422,
    { type: '/problems/invalid-configuration', faults: [FAULT] },
  ]);
  api.config.outcome = { kind: 'refused', reason: 'no certificate', remedy: 'put one there' };
  const refused = await post('/api/v1/actions/reload');
  expect([refused.statusCode, refused.json()]).toMatchObject([
    409,
    { type: '/problems/reload-refused', detail: 'nothing was changed: no certificate', try: 'put one there' },
  ]);
});

test('while draining every answer asks the client to leave its connection, a problem too', async () => {
  const get = (url: string) => api.app.inject({ method: 'GET', url });
  expect((await get('/version')).headers['connection']).not.toBe('close');
  api.ports.reasons = [{ code: 'draining', detail: 'the daemon is stopping' }];
  for (const url of ['/version', '/readyz', '/nowhere']) expect((await get(url)).headers['connection']).toBe('close');
});
