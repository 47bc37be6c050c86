/** Promises of `sluice support-bundle`: an archive any tar opens, with what helps in it, and not one of the secrets planted everywhere. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli } from '../../support/cli-harness.ts';
import { daemonInOrder, tableInOrder } from '../../support/diagnosis.ts';
import { testApi, viewOf, type TestApi } from '../../support/fake-ports.ts';

/** Each place has a secret of its own, so that a leak says where it came from. */
const SECRETS = {
  configured: 'PLANTED-configured-secret',
  interpolated: 'PLANTED-interpolated-token',
  endpoint: 'PLANTED-endpoint-password',
  property: 'PLANTED-property-password',
  environment: 'PLANTED-environment-token',
  reason: 'PLANTED-reason-url-password',
  logged: 'sk_7_PLANTED-logged-key',
  bearer: 'PLANTED-bearer',
} as const;

let api: TestApi;
let url: string;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-bundle-test-'));
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
  const view = viewOf({
    name: { namespace: ['web'], name: 'clicks' },
    fields: [{ id: 1, name: 'id', type: { kind: 'long' }, required: true }],
    partition: [],
    properties: new Map([
      ['jdbc.password', SECRETS.property],
      ['sink.url', `https://bob:${SECRETS.reason}@sink.example/x`],
    ]),
  });
  api.ports.created.set('web.clicks', view);
  api.ports.diagnosis = {
    diagnose: () => Promise.resolve({ view: { daemon: daemonInOrder, tables: [tableInOrder] }, findings: [] }),
    health: () => Promise.resolve(undefined),
    healthHistory: () => Promise.resolve(undefined),
  };
});
afterAll(async () => {
  await api.app.close();
  await rm(directory, { recursive: true, force: true });
});

const CONFIG = (data: string): string => `
data_dir: ${data}
warehouse: s3://bucket/warehouse
storage:
  s3:
    region: eu-west-1
    endpoint: https://alice:${SECRETS.endpoint}@s3.example
    access_key_id: AKIAIOSFODNN7EXAMPLE
    secret_access_key: ${SECRETS.configured}
    session_token: \${env:SLUICE_SESSION}
tables:
  - name: web.clicks
    schema: [{ name: id, type: long }]
    properties: { api-key: ${SECRETS.property} }
`;

async function bundle(name: string, args: readonly string[] = []) {
  const config = join(directory, 'sluice.yaml');
  await writeFile(config, CONFIG(join(directory, 'data')));
  const logFile = join(directory, 'daemon.log');
  await writeFile(
    logFile,
    `{"msg":"request","key":"${SECRETS.logged}"}\nauthorization: Bearer ${SECRETS.bearer}\nready\n`,
  );
  const output = join(directory, name);
  const run = await cli(['support-bundle', '-c', config, '--log-file', logFile, '-o', output, ...args], {
    env: { SLUICE_SESSION: SECRETS.interpolated, MY_API_TOKEN: SECRETS.environment, SLUICE_URL: url },
  });
  return { run, output };
}

test('no planted secret is in it, and what helps is', async () => {
  const { run, output } = await bundle('a.tar.gz');
  expect(run).toMatchObject({ code: 0, stdout: `${output}\n` });
  expect((await stat(output)).mode & 0o777).toBe(0o600);
  const text = gunzipSync(await readFile(output)).toString('utf8');
  for (const secret of [...Object.values(SECRETS), 'PLANTED', 'AKIAIOSFODNN7EXAMPLE'])
    expect(text).not.toContain(secret);

  const { stdout: listing } = await promisify(execFile)('tar', ['-tzf', output]);
  const files = listing
    .trimEnd()
    .split('\n')
    .map((path) => path.slice(path.indexOf('/') + 1));
  for (const file of ['about', 'configuration', 'environment', 'log', 'version', 'ready', 'diagnosis', 'tables'])
    expect(files).toContain(`${file}.json`);
  for (const file of ['metrics.txt', 'daemon.log', 'tables/001-describe.json', 'tables/001-checkpoints.json'])
    expect(files).toContain(file);
  const content = async (file: string): Promise<string> =>
    (await promisify(execFile)('tar', ['-xOzf', output, '--wildcards', `*/${file}`])).stdout;
  expect(JSON.parse(await content('configuration.json'))).toMatchObject({
    warehouse: 's3://bucket/warehouse',
    s3: { endpoint: 'https://[redacted]@s3.example', credentials: expect.anything() as unknown },
  });
  expect(await content('daemon.log')).toContain('ready');
  expect(await content('metrics.txt')).toContain('sluice_build_info');
  // What the fake daemon does not know is named as missing, not left out in silence.
  expect(JSON.parse(await content('about.json'))).toMatchObject({
    sluice: '1.2.3',
    missing: [{ what: 'tables/001-health.json' }],
  });
  expect(JSON.parse(await content('environment.json'))).toMatchObject({
    variables_set: ['SLUICE_SESSION', 'SLUICE_URL'],
  });
});

test('without a daemon it holds the rest and says why that is missing', async () => {
  const { run, output } = await bundle('b.tar.gz', ['--url', 'http://127.0.0.1:49']);
  expect(run.code).toBe(0);
  const text = gunzipSync(await readFile(output)).toString('utf8');
  expect(text).toContain('no daemon answers at http://127.0.0.1:49');
  expect(text).toContain('configuration.json');
  expect(text).not.toContain('PLANTED');
});

test('an earlier one is not overwritten', async () => {
  await bundle('c.tar.gz');
  const { run } = await bundle('c.tar.gz');
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('EEXIST') as string });
});
