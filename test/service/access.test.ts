/** The real process with keys made by the command: they work without a restart, and a revoked one stops working within seconds. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bearer } from '../support/access.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
/** The keys file is looked at once a second. */
const SECONDS = 10;

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

const config = (): string => join(folder.path, 'sluice.yaml');
const cli = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [MAIN, ...args, '-c', config(), '-o', 'json'])).stdout;

const createKey = async (...scopes: readonly string[]): Promise<{ readonly id: string; readonly key: string }> =>
  JSON.parse(await cli('keys', 'create', ...scopes.flatMap((scope) => ['--scope', scope]))) as {
    id: string;
    key: string;
  };

const status = async (url: string, key?: string, body?: string): Promise<number> =>
  (
    await fetch(url, {
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : bearer(key)) },
      ...(body === undefined ? {} : { method: 'POST', body }),
    })
  ).status;

async function becomes(wanted: number, ask: () => Promise<number>): Promise<void> {
  const until = Date.now() + SECONDS * 1000;
  let came = await ask();
  while (came !== wanted && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    came = await ask();
  }
  expect(came).toBe(wanted);
}

test('keys open and close a running daemon', async () => {
  daemon = await Daemon.start({ directory: folder.path });
  const url = await daemon.url;
  const tables = `${url}/api/v1/tables`;
  expect(await status(tables)).toBe(200);

  const admin = await createKey('admin');
  const edge = await createKey('append:web.*');
  await becomes(401, () => status(tables));
  await becomes(200, () => status(tables, admin.key));
  const definition = JSON.stringify({ name: 'web.clicks', schema: { fields: [{ name: 'a', type: 'int' }] } });
  await becomes(403, () => status(tables, edge.key, definition));
  expect(await status(tables, admin.key, definition)).toBe(201);
  await becomes(202, () => status(`${tables}/web.clicks/records`, edge.key, '{"a":1}'));
  expect(await status(`${tables}/web.clicks`, edge.key)).toBe(403);
  expect(await status(`${url}/livez`)).toBe(200);

  await cli('keys', 'revoke', edge.id);
  await becomes(401, () => status(`${tables}/web.clicks/records`, edge.key, '{"a":1}'));
  expect(await status(tables, admin.key)).toBe(200);

  daemon.signal('SIGTERM');
  expect(await daemon.exit(20_000)).toBe(0);
  const audit = await readFile(join(folder.path, 'data', 'audit.log'), 'utf8');
  for (const action of ['keys create', 'keys reload', 'POST /api/v1/tables', 'keys revoke'])
    expect(audit).toContain(action);
  for (const { key } of [admin, edge]) {
    expect(audit).not.toContain(key.slice(-64));
    expect(daemon.log).not.toContain(key.slice(-64));
  }
});

test('an address that others reach wants a key first; with one it starts, and closes to those without', async () => {
  const yaml = 'server: { listen: "0.0.0.0:0", drain_delay: 0s }\n';
  await writeFile(config(), `data_dir: ${join(folder.path, 'data')}\n${yaml}`);
  await expect(promisify(execFile)(process.execPath, [MAIN, 'run', '-c', config()])).rejects.toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/no API key[\s\S]*try: make a key with `sluice keys create/),
  });
  const { key } = await createKey('read');
  daemon = await Daemon.start({ directory: folder.path, yaml });
  const url = (await daemon.url).replace('0.0.0.0', '127.0.0.1');
  expect(await status(`${url}/api/v1/tables`)).toBe(401);
  expect(await status(`${url}/api/v1/tables`, key)).toBe(200);
});
