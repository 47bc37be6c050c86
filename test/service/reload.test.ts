/** Reloading the real process: by signal, by watching and by command, and what each leaves as it was. */
import { execFile } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const yaml = (interval: string, more = '') =>
  `checkpoint: { interval: ${interval} }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n${more}`;
const NEW_TABLE = 'tables: [{ name: a.new, schema: [{ name: id, type: long }] }]\n';

let folder: TemporaryFolder;
let daemon: Daemon;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon.kill();
  await folder.remove();
});

const start = async (args: readonly string[] = []): Promise<string> => {
  daemon = await Daemon.start({ directory: folder.path, yaml: yaml('1h'), args });
  return daemon.url;
};
/** In one step, as editors and deployments do. */
async function rewrite(text: string): Promise<void> {
  const file = join(folder.path, 'sluice.yaml');
  await writeFile(`${file}.next`, `data_dir: ${join(folder.path, 'data')}\n${text}`);
  await rename(`${file}.next`, file);
}

interface Config {
  readonly settings: { readonly checkpoint: { readonly interval: string } };
  readonly needs_restart: readonly string[];
}
const config = async (url: string): Promise<Config> => (await (await fetch(`${url}/api/v1/config`)).json()) as Config;
const interval = async (url: string): Promise<string> => (await config(url)).settings.checkpoint.interval;

test('SIGHUP applies what can be: records are committed by the new interval, a new table takes records, the rest is listed', async () => {
  const url = await start();
  await rewrite(yaml('200ms', `${NEW_TABLE}pipeline: other\n`));
  daemon.signal('SIGHUP');
  await expect.poll(() => interval(url), { timeout: 10_000 }).toBe('200ms');
  expect((await config(url)).needs_restart).toEqual(['pipeline']);
  const sent = await fetch(`${url}/api/v1/tables/a.new/records?ack=committed&timeout=20s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id":1}',
  });
  expect(sent.status).toBe(200);
});

test('--watch applies a changed file; one with faults changes nothing, and its faults are in the log', async () => {
  const url = await start(['--watch']);
  await rewrite(yaml('2m'));
  await expect.poll(() => interval(url), { timeout: 10_000 }).toBe('2m');
  await rewrite(yaml('3m', 'sever: {}\n'));
  await expect.poll(() => daemon.log, { timeout: 10_000 }).toMatch(/sluice\.yaml:4:1 sever: unknown key/);
  expect(await interval(url)).toBe('2m');
});

test('sluice reload says what came of it, and fails with 78 on a file with faults', async () => {
  const url = await start();
  const reload = () => promisify(execFile)(process.execPath, [MAIN, 'reload', '--url', url]);
  await rewrite(yaml('2m'));
  expect((await reload()).stdout).toMatch(/applied +checkpoint\.interval/);
  await rewrite(yaml('soon'));
  await expect(reload()).rejects.toMatchObject({ code: 78, stdout: expect.stringMatching(/sluice\.yaml:2:\d+ /) });
  expect(await interval(url)).toBe('2m');
});
