/** Promises of TLS and of files that change under a running daemon: who is let in by certificate, and that nobody's connection is cut by a new one. */
import { Agent, request } from 'node:https';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKey } from '../../../src/access/key-changes.ts';
import { changeKeyFile } from '../../../src/access/key-file.ts';
import { parseSettings } from '../../../src/config/load.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { checkAccess, openAccess, type Access } from '../../../src/service/access.ts';
import { Listeners } from '../../../src/service/listeners.ts';
import { bearer, scopesOf } from '../../support/access.ts';
import { createAuthority, type Certificate } from '../../support/certificates.ts';
import { testContext } from '../../support/fake-ports.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const authority = createAuthority('test authority');
const stranger = createAuthority('somebody else');
const server = authority.issue('localhost');

let folder: TemporaryFolder;
let access: Access | undefined;
let listeners: Listeners | undefined;
const agents: Agent[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(file('ca.pem'), authority.cert);
  await install(server);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await listeners?.close();
  await access?.close();
  [listeners, access] = [undefined, undefined];
  await folder.remove();
});

const file = (name: string): string => join(folder.path, name);
async function install({ cert, key }: Certificate): Promise<void> {
  await writeFile(file('key.pem'), key);
  await writeFile(file('cert.pem'), cert);
}

function settingsOf(yaml: string): Settings {
  const loaded = parseSettings(`data_dir: ${folder.path}\n${yaml}`, 'f.yaml', {
    env: {},
    readFile: () => '',
    directory: folder.path,
  });
  if (loaded.kind === 'invalid') throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  return loaded.settings;
}

const tlsYaml = (more = ''): string =>
  `server: { listen: "127.0.0.1:0", tls: { cert: cert.pem, key: key.pem, client_ca: ca.pem${more} } }\n`;
const PRINCIPALS = ', principals: { edge-1: ["append:web.*"], ops: [admin] }';

async function start(yaml: string): Promise<string> {
  const settings = settingsOf(yaml);
  const log = { info: () => undefined, error: () => undefined };
  access = await openAccess(settings, systemRuntime, log);
  access.start();
  listeners = new Listeners(testContext({ access }).context, settings.server, access);
  return (await listeners.listen()).url;
}

interface Answer {
  readonly status: number;
  /** Of the certificate that the server showed. */
  readonly serial: string;
  readonly body: string;
}

function ask(
  url: string,
  options: {
    readonly client?: Certificate;
    readonly agent?: Agent;
    readonly method?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const agent = options.agent ?? new Agent({ keepAlive: true, ca: authority.cert, ...options.client });
  agents.push(agent);
  return new Promise((resolve, reject) => {
    request(url, { agent, method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
      let body = '';
      response
        .on('data', (chunk: Buffer) => (body += String(chunk)))
        .on('end', () => resolve({ status: response.statusCode ?? 0, serial, body }));
    })
      .once('error', reject)
      .end();
  });
}

describe('client certificates', () => {
  test('the common name decides what its holder may do', async () => {
    const url = await start(tlsYaml(PRINCIPALS));
    const ops = authority.issue('ops');
    const edge = authority.issue('edge-1');
    const flush = `${url}/api/v1/actions/flush`;
    expect((await ask(flush, { client: ops, method: 'POST' })).status).toBe(200);
    expect((await ask(flush, { client: edge, method: 'POST' })).status).toBe(403);
    expect((await ask(flush, { client: authority.issue('nobody-known'), method: 'POST' })).status).toBe(401);
    expect((await ask(flush, { method: 'POST' })).status).toBe(401);
    const entries = (await ask(`${url}/api/v1/audit`, { client: ops })).body;
    expect(JSON.parse(entries)).toMatchObject({
      entries: [
        { who: 'unknown', outcome: 'denied' },
        { who: 'cert:edge-1', outcome: 'denied', detail: 'forbidden' },
        { who: 'cert:ops', outcome: 'done' },
      ],
    });
  });

  test('one of another authority, of the same name, is nobody', async () => {
    const url = await start(tlsYaml(PRINCIPALS));
    expect((await ask(`${url}/api/v1/tables`, { client: stranger.issue('ops') })).status).toBe(401);
  });

  test('required: without one there is no connection, not even to health', async () => {
    const url = await start(tlsYaml(`${PRINCIPALS}, require_client_cert: true`));
    await expect(ask(`${url}/livez`)).rejects.toThrow();
    await expect(ask(`${url}/livez`, { client: stranger.issue('ops') })).rejects.toThrow();
    expect((await ask(`${url}/livez`, { client: authority.issue('ops') })).status).toBe(200);
  });

  test('a key works beside them', async () => {
    const url = await start(tlsYaml(PRINCIPALS));
    const text = addKey(file('keys.yaml'), 'admin');
    access?.reload();
    expect((await ask(`${url}/api/v1/tables`, { headers: bearer(text) })).status).toBe(200);
  });
});

test('plain HTTP on a TLS address is cut, and TLS goes on', async () => {
  const url = await start(tlsYaml());
  await expect(fetch(`${url.replace('https', 'http')}/livez`)).rejects.toThrow();
  expect((await ask(`${url}/livez`)).status).toBe(200);
});

describe('certificates that change', () => {
  test('new connections see the new one, old ones go on', async () => {
    const url = await start(tlsYaml());
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    const before = await ask(`${url}/livez`, { agent });
    await install(authority.issue('localhost'));
    const after = await changed(() => ask(`${url}/livez`), before.serial);
    expect(after.status).toBe(200);
    const kept = await ask(`${url}/livez`, { agent });
    expect(kept).toMatchObject({ status: 200, serial: before.serial });
    expect(await access?.audit.latest(1)).toMatchObject([{ action: 'certificates reload', outcome: 'done' }]);
  });

  test('on a name that has two addresses too', async () => {
    const url = await start(tlsYaml().replace('127.0.0.1:0', 'localhost:0'));
    const named = `https://localhost:${new URL(url).port}/livez`;
    const before = await ask(named);
    await install(authority.issue('localhost'));
    access?.reload();
    expect((await ask(named)).serial).not.toBe(before.serial);
    for (const address of ['127.0.0.1', '[::1]']) {
      const answer = await ask(named.replace('localhost', address)).catch(() => undefined);
      expect(answer?.serial).not.toBe(before.serial);
    }
  });

  test('files that do not fit together change nothing, and are told', async () => {
    const url = await start(tlsYaml());
    const before = await ask(`${url}/livez`);
    await writeFile(file('cert.pem'), authority.issue('localhost').cert);
    access?.reload();
    expect((await ask(`${url}/livez`)).serial).toBe(before.serial);
    expect(await access?.audit.latest(1)).toMatchObject([{ action: 'certificates reload', outcome: 'failed' }]);
  });

  test('an authority that is taken away: its certificates are worth nothing on new connections', async () => {
    const url = await start(tlsYaml(PRINCIPALS));
    // Without keep-alive: the second connection would resume the session of the first.
    const agent = new Agent({ keepAlive: false, ca: authority.cert, ...authority.issue('ops') });
    expect((await ask(`${url}/api/v1/tables`, { agent })).status).toBe(200);
    expect((await ask(`${url}/api/v1/tables`, { agent })).status).toBe(200);
    await writeFile(file('ca.pem'), stranger.cert);
    access?.reload();
    expect((await ask(`${url}/api/v1/tables`, { agent })).status).toBe(401);
  });
});

describe('keys that change', () => {
  test('a file that cannot be read leaves the keys as they were', async () => {
    const url = await start('server: { listen: "127.0.0.1:0" }\n');
    const text = addKey(file('keys.yaml'), 'admin');
    access?.reload();
    await writeFile(file('keys.yaml'), 'keys: what?');
    access?.reload();
    expect(await access?.audit.latest(1)).toMatchObject([{ action: 'keys reload', outcome: 'failed' }]);
    expect((await fetch(`${url}/api/v1/tables`, { headers: bearer(text) })).status).toBe(200);
    expect((await fetch(`${url}/api/v1/tables`)).status).toBe(401);
  });
});

describe('what is refused at start', () => {
  test.each([
    ['server: { listen: "0.0.0.0:0" }', 'server.listen'],
    ['server: { listen: "127.0.0.1:0", admin: "[::]:0" }', 'server.admin'],
  ])('%s without any key', (yaml, setting) => {
    expect(() => checkAccess(settingsOf(yaml))).toThrow(
      expect.objectContaining({
        kind: 'misconfigured',
        message: expect.stringContaining(setting) as string,
        remedy: expect.stringContaining('sluice keys create') as string,
      }),
    );
  });

  test.each([
    ['with a key', 'server: { listen: "0.0.0.0:0" }', true],
    ['open by its own word', 'server: { listen: "0.0.0.0:0" }\nauth: { anonymous: always }', false],
    ['on this machine', 'server: { listen: "localhost:0" }', false],
  ])('not %s', (_why, yaml, withKey) => {
    if (withKey) addKey(file('keys.yaml'), 'admin');
    expect(checkAccess(settingsOf(yaml))).toHaveLength(withKey ? 1 : 0);
  });

  test('a key that is not the certificate', async () => {
    await writeFile(file('key.pem'), authority.issue('localhost').key);
    expect(() => checkAccess(settingsOf(tlsYaml()))).toThrow(expect.objectContaining({ kind: 'misconfigured' }));
  });

  test('principals without an authority to verify them', () => {
    expect(() => settingsOf('server: { tls: { cert: c, key: k, principals: { a: [read] } } }')).toThrow(
      'needs client_ca',
    );
  });
});

test('an operator has an address of its own', async () => {
  const settings = settingsOf('server: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }\n');
  access = await openAccess(settings, systemRuntime, { info: () => undefined, error: () => undefined });
  listeners = new Listeners(testContext({ access }).context, settings.server, access);
  const { url, adminUrl = '' } = await listeners.listen();
  expect(adminUrl).not.toBe(url);
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  expect((await fetch(`${adminUrl}/metrics`)).status).toBe(200);
  expect((await fetch(`${adminUrl}/livez`)).status).toBe(200);
});

function addKey(path: string, scope: string): string {
  let text = '';
  changeKeyFile(path, (keys) => {
    const made = createKey(keys, { scopes: scopesOf(scope), limits: {} }, Date.now(), systemRuntime.random);
    text = made.secret ?? '';
    return made.keys;
  });
  return text;
}

/** Asks until another certificate is shown: the watch looks once a second. */
async function changed(again: () => Promise<Answer>, from: string): Promise<Answer> {
  for (let round = 0; round < 100; round += 1) {
    const answer = await again();
    if (answer.serial !== from) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the certificate did not change within ten seconds');
}
