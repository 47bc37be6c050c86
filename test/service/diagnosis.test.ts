/** Promises of diagnosis on the real daemon: it sees what happens to its tables, over HTTP and from the shell, also when it is gone. */
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n';
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
let url = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

async function start(): Promise<void> {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
  url = await daemon.url;
}

const post = async (path: string, body: string, type = 'application/json'): Promise<number> =>
  (await fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': type } })).status;

const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;

async function fill(table: string, commits: number): Promise<void> {
  const schema = { fields: [{ name: 'id', type: 'long', required: true }] };
  expect(await post('/api/v1/tables', JSON.stringify({ name: table, schema, partition_by: ['bucket(8, id)'] }))).toBe(
    201,
  );
  for (let commit = 0; commit < commits; commit += 1) {
    const lines = Array.from({ length: 50 }, (_, id) => `{"id":${commit * 50 + id}}\n`).join('');
    expect(await post(`/api/v1/tables/${table}/records?ack=committed`, lines, 'application/x-ndjson')).toBe(200);
  }
}

interface Shell {
  readonly code: number;
  readonly stdout: string;
}

/** The configuration listens on port 0, so commands are told the address. */
const shell = (...args: readonly string[]): Promise<Shell> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args, '-c', join(folder.path, 'sluice.yaml'), '--url', url], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });

interface Found {
  readonly healthy: boolean;
  readonly reachable: boolean;
  readonly findings: readonly { readonly rule: string; readonly table?: string; readonly severity: string }[];
}

test('short commits over many partitions are seen as small files, in findings, score, list and metrics', async () => {
  await fill('web.clicks', 4);
  const health = await get<{ score: number; files: number; sampled_files: number; sparable_files: number }>(
    '/api/v1/tables/web.clicks/health',
  );
  expect(health).toMatchObject({ files: 32, sampled_files: 32, sparable_files: 24 });
  expect(health.score).toBeLessThan(75);
  const { code, stdout } = await shell('doctor', 'web.clicks', '-o', 'json');
  const found = JSON.parse(stdout) as Found;
  expect(code).toBe(0);
  // A busy machine may hold up the event loop meanwhile: that is a finding too, about the daemon.
  const ofTable = found.findings.filter(({ table }) => table === 'web.clicks');
  expect(ofTable).toMatchObject([{ rule: 'small-files', severity: 'warning' }]);
  expect((await shell('tables')).stdout).toContain(`${health.score} small-files`);
  expect((await shell('top', '--once')).stdout).toMatch(/web\.clicks +running +\d/);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain(`sluice_table_health_score{table="web.clicks"} ${health.score}\n`);
});

test('a table whose metadata is gone is an error, the others are diagnosed all the same', async () => {
  await fill('web.broken', 1);
  await fill('web.sound', 1);
  await daemon?.kill();
  const metadata = join(folder.path, 'data/warehouse/web/broken/metadata');
  for (const file of await readdir(metadata)) await rm(join(metadata, file));
  await start();
  const found = await get<Found>('/api/v1/diagnose');
  expect(found.healthy).toBe(false);
  expect(found.findings.filter(({ severity }) => severity === 'error')).toMatchObject([
    { rule: 'unreadable', table: 'web.broken' },
  ]);
  expect((await shell('doctor')).code).toBe(1);
});

test('when the daemon is gone, doctor says so and looks at what it left: waiting records are counted by the tables own word', async () => {
  await fill('web.clicks', 2);
  await daemon?.kill();
  const { code, stdout } = await shell('doctor', '-o', 'json');
  const found = JSON.parse(stdout) as Found & { readonly fine: readonly string[] };
  expect([code, found.reachable, found.findings.map(({ rule }) => rule)]).toEqual([1, false, ['daemon-unreachable']]);
  expect(found.fine.at(-1)).toMatch(/^log: \d+ files, 0 records wait for their tables$/);
});
