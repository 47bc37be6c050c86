/** Promises of `sluice keys` and of the options by which commands show who they are. */
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeKey } from '../../../src/access/api-key.ts';
import { readKeyFile } from '../../../src/access/key-file.ts';
import { TestAccess } from '../../support/access.ts';
import { createAuthority } from '../../support/certificates.ts';
import { cli, type CliRun } from '../../support/cli-harness.ts';
import { testApi, type TestApi } from '../../support/fake-ports.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let api: TestApi | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await api?.app.close();
  api = undefined;
  await folder.remove();
});

const keys = (...args: readonly string[]): Promise<CliRun> =>
  cli(['keys', ...args, '-c', '/sluice.yaml'], { files: { '/sluice.yaml': `data_dir: ${folder.path}\n` } });

async function create(...args: readonly string[]): Promise<{ readonly id: string; readonly key: string }> {
  const { code, stdout } = await keys('create', ...args, '-o', 'json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as { id: string; key: string };
}

const verdict = (text: string, later = 0): string =>
  judgeKey(
    text,
    new Map((readKeyFile(join(folder.path, 'keys.yaml')) ?? []).map((key) => [key.id, key])),
    Date.now() + later,
  ).kind;

describe('keys', () => {
  test('create prints the key, once, and says so on stderr', async () => {
    const { code, stdout, stderr } = await keys(
      'create',
      '--scope',
      'append:web.*',
      '--scope',
      'read',
      '--name',
      'edge',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^id {7}[0-9a-f]{12}\nname {5}edge\nstate {4}active\nscopes {3}append:web\.\* read\n/);
    expect(verdict(/sk_\w+/.exec(stdout)?.[0] ?? '')).toBe('good');
    expect(stderr).toContain('this once');
    expect((await keys('list')).stdout).not.toContain('sk_');
  });

  test('list shows what became of each', async () => {
    const { id } = await create('--scope', 'read', '--expires', '30d');
    await create('--scope', 'admin:shop.*', '--name', 'ops');
    await keys('revoke', id);
    expect(JSON.parse((await keys('list', '-o', 'json')).stdout)).toMatchObject([
      { id, state: 'revoked', scopes: ['read'] },
      { name: 'ops', state: 'active', scopes: ['admin:shop.*'] },
    ]);
  });

  test('rotate gives a new secret under the same id, and the old one goes on for the overlap', async () => {
    const { id, key } = await create('--scope', 'read');
    const rotated = JSON.parse((await keys('rotate', id, '--overlap', '1h', '-o', 'json')).stdout) as { key: string };
    expect(rotated.key.startsWith(`sk_${id}_`)).toBe(true);
    expect([verdict(key), verdict(rotated.key)]).toEqual(['good', 'good']);
    expect([verdict(key, 3_601_000), verdict(rotated.key, 3_601_000)]).toEqual(['lapsed', 'good']);
  });

  test('expires ends it', async () => {
    const { key } = await create('--scope', 'read', '--expires', '1h');
    expect([verdict(key), verdict(key, 3_601_000)]).toEqual(['good', 'lapsed']);
  });

  test('limits of its own are kept', async () => {
    await create(
      '--scope',
      'append',
      '--requests-per-second',
      '5',
      '--bytes-per-second',
      '1MiB',
      '--requests-in-flight',
      '2',
    );
    expect(readKeyFile(join(folder.path, 'keys.yaml'))).toMatchObject([
      { limits: { requestsPerSecond: 5, bytesPerSecond: 1_048_576, requestsInFlight: 2 } },
    ]);
  });

  test('every change is in the audit log, without a secret', async () => {
    const { id, key } = await create('--scope', 'read');
    const rotated = await keys('rotate', id);
    await keys('revoke', id);
    const text = await readFile(join(folder.path, 'audit.log'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['keys create', 'done'],
      ['keys rotate', 'done'],
      ['keys revoke', 'done'],
    ]);
    expect(lines[0]).toMatchObject({ who: expect.stringMatching(/^local:/) as string, detail: `${id} read` });
    for (const secret of [key, /sk_\w+/.exec(rotated.stdout)?.[0] ?? key])
      expect(text).not.toContain(secret.slice(-64));
  });

  test.each([
    [['create'], 2, /--scope/],
    [['create', '--scope', 'write'], 2, /append, read, maintain, admin/],
    [['create', '--scope', 'read', '--expires', 'soon'], 2, /duration/],
    [['revoke', 'nobody'], 1, /no key with this id/],
    [['rotate', 'nobody'], 1, /no key with this id/],
  ] as const)('%j fails with %i and says what to try', async (args, code, message) => {
    const run = await keys(...args);
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(/\ntry: /);
  });

  test('a revoked key is not rotated', async () => {
    const { id } = await create('--scope', 'read');
    await keys('revoke', id);
    expect(await keys('rotate', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('revoked') as string });
  });
});

describe('commands show who they are', () => {
  async function listen(listener?: Parameters<typeof testApi>[0]): Promise<string> {
    api = testApi(listener);
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    return `127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
  }

  test('by --api-key or SLUICE_API_KEY; without, the refusal says what to do', async () => {
    const access = new TestAccess();
    const { text } = access.key(['read']);
    const url = `http://${await listen({ access, runtime: access.runtime })}`;
    expect((await cli(['tables', '--url', url, '--api-key', text])).code).toBe(0);
    expect((await cli(['tables', '--url', url], { env: { SLUICE_API_KEY: text } })).code).toBe(0);
    const refused = await cli(['tables', '--url', url]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/API key[\s\S]*try: send "Authorization/) as string,
    });
    const wrong = await cli(['tables', '--url', url, '--api-key', `${text.slice(0, -4)}beef`]);
    expect(wrong.stderr).not.toContain(text.slice(-40, -4));
  });

  test('over TLS with --ca, --cert and --key; an unknown authority is named with its remedy, and nothing is sent twice', async () => {
    const authority = createAuthority('test authority');
    const server = authority.issue('localhost');
    const client = authority.issue('ops');
    const listener = {
      surface: 'all',
      tls: { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
    } as const;
    const url = `https://${await listen({ listener })}`;
    const files = { '/ca.pem': authority.cert, '/cert.pem': client.cert, '/key.pem': client.key };
    const trusting = ['tables', '--url', url, '--ca', '/ca.pem'];
    const known = [...trusting, '--cert', '/cert.pem', '--key', '/key.pem'];
    expect((await cli(known, { files })).code).toBe(0);
    const untrusted = await cli(['tables', '--url', url]);
    expect(untrusted).toMatchObject({ code: 1, stderr: expect.stringContaining('try: --ca names') as string });
    expect((await cli(trusting, { files })).code).not.toBe(0);
    const half = await cli([...trusting, '--cert', '/cert.pem'], { files });
    expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('--cert and --key') as string });
    expect((await cli([...trusting.slice(0, -1), '/nowhere.pem'], { files })).code).toBe(2);
  });
});
