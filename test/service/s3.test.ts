/** The real daemon with its tables on S3: ingest, kill -9, query, and a store that is found unfit before anything is promised. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { startS3Server, type RunningS3Server } from '../support/s3-server/server.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const yaml = (server: RunningS3Server, scheme = 's3'): string => `warehouse: ${scheme}://${server.bucket}/wh
storage:
  s3:
    endpoint: ${server.endpoint}
    region: ${server.region}
    access_key_id: ${server.accessKeyId}
    secret_access_key: ${server.secretAccessKey}
checkpoint: { interval: 200ms }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
`;

async function post(url: string, body: string): Promise<number> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await answer.text();
  return answer.status;
}

test('acknowledged records reach a table on S3 through kill -9', async () => {
  const server = await startS3Server();
  try {
    const setup = { directory: folder.path, yaml: yaml(server, 's3a') };
    const first = await Daemon.start(setup);
    const url = await first.url;
    expect(
      await post(`${url}/api/v1/tables`, '{"name":"s.t","schema":[{"name":"id","type":"long","required":true}]}'),
    ).toBe(201);
    for (let id = 0; id < 20; id += 1) expect(await post(`${url}/api/v1/tables/s.t/records`, `{"id":${id}}`)).toBe(202);
    await first.kill();
    const second = await Daemon.start(setup);
    const again = await second.url;
    expect(await post(`${again}/api/v1/tables/s.t/records?ack=committed&timeout=20s`, '{"id":20}')).toBe(200);
    second.signal('SIGTERM');
    expect(await second.exit(20_000)).toBe(0);
    const sql = 'select count(*) as n, count(distinct id) as d, sum(id) as s from s.t';
    const { stdout } = await promisify(execFile)(process.execPath, [
      MAIN,
      'query',
      '-c',
      join(folder.path, 'sluice.yaml'),
      '-o',
      'json',
      sql,
    ]);
    expect(JSON.parse(stdout)).toEqual([{ n: '21', d: '21', s: '210' }]);
  } finally {
    await server.stop();
  }
});

test('a store that ignores conditions stops the daemon at start and says so', async () => {
  const server = await startS3Server({ conditions: 'ignored' });
  try {
    const daemon = await Daemon.start({ directory: folder.path, yaml: yaml(server) });
    await daemon.url.catch(() => undefined);
    expect(await daemon.exit(30_000)).toBe(78);
    expect(daemon.log).toMatch(/condition/i);
    expect(daemon.log).toMatch(/try:/);
  } finally {
    await server.stop();
  }
});
