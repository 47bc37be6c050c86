/** Two daemons over one catalog and warehouse keep the same table: records come in over both, both compact it, and no row is lost or doubled. */
import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
const daemons: Daemon[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.kill()));
  await folder.remove();
});

async function start(name: string): Promise<Daemon> {
  const daemon = await Daemon.start({
    directory: join(folder.path, name),
    yaml: `pipeline: ${name}
server: { listen: "127.0.0.1:0", drain_delay: 0s }
warehouse: file://${folder.path}/warehouse
catalog: { path: ${folder.path}/catalog.db }
checkpoint: { interval: 100ms }
maintenance:
  compaction: { schedule: "* * * * * *", hot_files: 3, min_files: 2, cold_after: 1s }
  expiry: { schedule: "* * * * * *", max_age: 60s, min_snapshots: 5 }
  manifests: { schedule: "* * * * * *", triggers: { commits: 2 } }
`,
  });
  daemons.push(daemon);
  return daemon;
}

async function call(daemon: Daemon, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${await daemon.url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${JSON.stringify(json)}\n${daemon.log}`);
  return json;
}

interface JobJson {
  readonly job: string;
  readonly kind: string;
  readonly state: string;
  readonly error?: string;
  readonly result?: Readonly<Record<string, number | string>>;
}

const jobsOf = async (daemon: Daemon): Promise<readonly JobJson[]> =>
  (await call(daemon, 'GET', '/jobs'))['jobs'] as readonly JobJson[];

/** Every row of the live files, by any engine that reads Parquet. */
async function idsOf(daemon: Daemon): Promise<readonly number[]> {
  const { files } = (await call(daemon, 'GET', '/tables/web.clicks/files')) as { files: { file_path: string }[] };
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const list = files.map(({ file_path: path }) => `'${fileURLToPath(path)}'`).join(', ');
  const rows = await connection.runAndReadAll(`SELECT id::DOUBLE FROM read_parquet([${list}]) ORDER BY 1`);
  connection.closeSync();
  return rows.getRows().map(([value]) => Number(value));
}

async function compactNow(daemon: Daemon): Promise<JobJson> {
  const { job } = await call(daemon, 'POST', '/tables/web.clicks/actions/compact');
  for (;;) {
    const now = (await call(daemon, 'GET', `/jobs/${String(job)}`)) as unknown as JobJson;
    if (now.state !== 'waiting' && now.state !== 'running') return now;
    await sleep(50);
  }
}

const ROUNDS = 30;
const EACH = 5;

test('both compact the table while both write into it, and every row is there once', async () => {
  const first = await start('first');
  await call(first, 'POST', '/tables', { name: 'web.clicks', schema: [{ name: 'id', type: 'long', required: true }] });
  const second = await start('second');
  const both = [first, second];
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(
      both.map((daemon, at) =>
        call(
          daemon,
          'POST',
          '/tables/web.clicks/records?ack=committed&timeout=60s',
          Array.from({ length: EACH }, (_, record) => ({ id: (round * 2 + at) * EACH + record })),
        ),
      ),
    );
    // The same files at the same moment.
    if (round % 10 === 9) await Promise.all(both.map(compactNow));
  }
  const jobs = await Promise.all(both.map(jobsOf));
  for (const [at, own] of jobs.entries()) {
    expect(
      own.filter(({ state }) => state === 'failed'),
      `daemon ${at}`,
    ).toEqual([]);
    const compactions = own.filter(({ kind, state }) => kind === 'compact' && state === 'done');
    const committed = compactions.reduce((sum, { result }) => sum + Number(result?.['groups_committed'] ?? 0), 0);
    expect(committed, `daemon ${at} compacted nothing`).toBeGreaterThan(0);
  }
  expect(await idsOf(first)).toEqual(Array.from({ length: 2 * ROUNDS * EACH }, (_, id) => id));
  for (const daemon of both) {
    daemon.signal('SIGTERM');
    expect(await daemon.exit(30_000)).toBe(0);
  }
});
