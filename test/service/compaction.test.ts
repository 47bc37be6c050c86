/** Many checkpoints make many small files and manifests, and the daemon merges them while records go on coming in. */
import { DuckDBInstance } from '@duckdb/node-api';
import { fileURLToPath } from 'node:url';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCampaign } from '../crash/campaign.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const HOT_FILES = 5;
const yaml = (compaction: string, expiry = '{ enabled: false }'): string =>
  `checkpoint: { interval: 100ms }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: ${compaction}, expiry: ${expiry} }
`;
const CONTINUOUS = yaml(`{ schedule: "* * * * * *", hot_files: ${HOT_FILES}, cold_after: 2s }`);
/** Four sizes of small files, of each fewer than are merged (docs/maintenance.md). */
const BOUND = 4 * (HOT_FILES - 1);

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

interface FileJson {
  readonly file_path: string;
  readonly record_count: string;
}

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${await daemon?.url}${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

const filesOf = async (table: string): Promise<readonly FileJson[]> =>
  (await call('GET', `/api/v1/tables/${table}/files`))['files'] as readonly FileJson[];

/** An expression over every row of the files, sorted. */
async function column(files: readonly FileJson[], expression: string): Promise<readonly unknown[]> {
  if (files.length === 0) return [];
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const list = files.map((file) => `'${fileURLToPath(file.file_path)}'`).join(', ');
  const rows = await connection.runAndReadAll(`SELECT ${expression} FROM read_parquet([${list}]) ORDER BY 1`);
  connection.closeSync();
  return rows.getRows().map(([value]) => value);
}

const idsOf = async (files: readonly FileJson[]): Promise<readonly number[]> =>
  (await column(files, 'id::DOUBLE')).map(Number);

/** Asks again until the answer is there; fails with the last one. */
async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean, withinMs = 30_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`never came: ${JSON.stringify(answer)}\n${daemon?.log}`);
    await sleep(100);
  }
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, at) => from + at);

const createTable = (name: string): Promise<unknown> =>
  call('POST', '/api/v1/tables', {
    name,
    schema: [
      { name: 'id', type: 'long', required: true },
      { name: 'text', type: 'string' },
    ],
  });

const send = (table: string, from: number, to: number): Promise<unknown> =>
  call(
    'POST',
    `/api/v1/tables/${table}/records?ack=committed`,
    range(from, to).map((id) => ({ id, text: `text ${id}` })),
  );

test('a hundred checkpoints leave a bounded number of small files, fewer than five in the end, with every row exactly once', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: CONTINUOUS });
  await createTable('web.clicks');
  let most = 0;
  for (let commit = 0; commit < 100; commit += 1) {
    await send('web.clicks', commit * 10, commit * 10 + 10);
    most = Math.max(most, (await filesOf('web.clicks')).length);
  }
  // Whatever came in while one round of merging ran waits for the next.
  expect(most).toBeLessThanOrEqual(BOUND + 40);
  const files = await until(
    () => filesOf('web.clicks'),
    // Of a cold partition five are merged.
    (all) => all.length < 5,
  );
  expect(await idsOf(files)).toEqual(range(0, 1000));
  const { snapshots } = (await call('GET', '/api/v1/tables/web.clicks/snapshots')) as {
    snapshots: { operation: string }[];
  };
  expect(snapshots.filter(({ operation }) => operation === 'append')).toHaveLength(100);
  expect(snapshots.filter(({ operation }) => operation === 'replace').length).toBeGreaterThan(3);
});

test('on request: a dry run says what it would do, a job does it and says what it did', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: yaml('{ enabled: false }') });
  await createTable('web.clicks');
  for (let commit = 0; commit < 12; commit += 1) await send('web.clicks', commit, commit + 1);
  const { estimate } = await call('POST', '/api/v1/tables/web.clicks/actions/compact?dry_run=true');
  expect(estimate).toMatchObject({ groups: 1, files: 12, files_after: 1 });
  expect(await filesOf('web.clicks')).toHaveLength(12);
  const started = await call('POST', '/api/v1/tables/web.clicks/actions/compact');
  const job = await until(
    () => call('GET', `/api/v1/jobs/${String(started['job'])}`),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
  expect(job).toMatchObject({
    state: 'done',
    trigger: 'request',
    result: { groups_committed: 1, groups_dropped: 0, files_removed: 12, files_added: 1 },
  });
  expect(await idsOf(await filesOf('web.clicks'))).toEqual(range(0, 12));
  const metrics = await (await fetch(`${await daemon.url}/metrics`)).text();
  expect(metrics).toMatch(/sluice_compaction_bytes_total\{direction="read"\} [1-9]/);
  expect(metrics).toContain('sluice_maintenance_jobs_total{kind="compact",result="done"} 1');
});

test('manifests become one, and every row is still there', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: yaml('{ enabled: false }') });
  await createTable('web.clicks');
  for (let commit = 0; commit < 12; commit += 1) await send('web.clicks', commit, commit + 1);
  const { estimate } = await call('POST', '/api/v1/tables/web.clicks/actions/rewrite-manifests?dry_run=true');
  expect(estimate).toMatchObject({ groups: 1, manifests: 12 });
  const started = await call('POST', '/api/v1/tables/web.clicks/actions/rewrite-manifests');
  const job = await until(
    () => call('GET', `/api/v1/jobs/${String(started['job'])}`),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
  expect(job).toMatchObject({
    state: 'done',
    result: { manifests_removed: 12, manifests_added: 1, groups_dropped: 0 },
  });
  await send('web.clicks', 12, 13);
  expect(await idsOf(await filesOf('web.clicks'))).toEqual(range(0, 13));
});

test('a table that was set back goes on from there, and what it lost is not written again', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: yaml('{ enabled: false }') });
  await createTable('web.clicks');
  for (let commit = 0; commit < 3; commit += 1) await send('web.clicks', commit, commit + 1);
  const { snapshots } = (await call('GET', '/api/v1/tables/web.clicks/snapshots')) as {
    snapshots: { snapshot_id: string }[];
  };
  const path = `/api/v1/tables/web.clicks/actions/rollback?to=${snapshots[0]?.snapshot_id}`;
  expect(await call('POST', `${path}&dry_run=true`)).toMatchObject({ dry_run: true, snapshots: 2, rows: 2 });
  expect(await idsOf(await filesOf('web.clicks'))).toEqual(range(0, 3));
  expect(await call('POST', path)).toMatchObject({ dry_run: false, snapshots: 2, rows: 2 });
  expect(await idsOf(await filesOf('web.clicks'))).toEqual([0]);
  await send('web.clicks', 3, 4);
  expect(await idsOf(await filesOf('web.clicks'))).toEqual([0, 3]);
  await daemon.kill();
  daemon = await Daemon.start({ directory: folder.path, yaml: yaml('{ enabled: false }') });
  await until(
    async () => (await fetch(`${await daemon?.url}/readyz`)).status,
    (status) => status === 200,
  );
  await send('web.clicks', 4, 5);
  expect(await idsOf(await filesOf('web.clicks'))).toEqual([0, 3, 4]);
});

test('expiry forgets old snapshots, deletes what only they reached, and the table still reads', async () => {
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: yaml('{ enabled: false }', '{ enabled: false, max_age: 1m, min_snapshots: 2 }'),
  });
  await call('POST', '/api/v1/tables', {
    name: 'web.clicks',
    schema: [
      { name: 'id', type: 'long', required: true },
      { name: 'text', type: 'string' },
    ],
    properties: { 'history.expire.max-snapshot-age-ms': '1', 'history.expire.min-snapshots-to-keep': '1' },
  });
  for (let commit = 0; commit < 12; commit += 1) await send('web.clicks', commit, commit + 1);
  const small = await filesOf('web.clicks');
  const compaction = await call('POST', '/api/v1/tables/web.clicks/actions/compact');
  await until(
    () => call('GET', `/api/v1/jobs/${String(compaction['job'])}`),
    ({ state }) => state === 'done',
  );
  await send('web.clicks', 12, 13);
  const expiry = await call('POST', '/api/v1/tables/web.clicks/actions/expire-snapshots');
  const job = await until(
    () => call('GET', `/api/v1/jobs/${String(expiry['job'])}`),
    ({ state }) => state === 'done' || state === 'failed',
  );
  expect(job).toMatchObject({ state: 'done', result: { snapshots_expired: 13, objects_left: 0 } });
  const { snapshots } = (await call('GET', '/api/v1/tables/web.clicks/snapshots')) as { snapshots: unknown[] };
  expect(snapshots).toHaveLength(1);
  const files = await filesOf('web.clicks');
  expect(await idsOf(files)).toEqual(range(0, 13));
  const data = dirname(fileURLToPath(small[0]?.file_path ?? ''));
  expect((await readdir(data)).toSorted()).toEqual(files.map((file) => basename(file.file_path)).toSorted());
});

const listed = async (url: string, table: string): Promise<readonly FileJson[]> =>
  ((await (await fetch(`${url}/api/v1/tables/${table}/files`)).json()) as { files: FileJson[] }).files;

test('five kills while everything is merged all the time: no row is lost or doubled', async () => {
  const result = await runCampaign({
    setup: { directory: folder.path, yaml: `${CONTINUOUS}log: { segment_bytes: 1MiB, trim_grace: 1s }\n` },
    kills: 5,
    seed: 11,
    plan: { tables: ['kill.a', 'kill.b'], producers: 4, maxRecords: 40, maxTextBytes: 500 },
    faultOf: () => undefined,
    read: async (table, _metadata, url) => idsOf(await listed(url, table)),
    readLetters: async (table, _metadata, url) =>
      (await column(await listed(url, table), 'decode(original)')).map(String),
  });
  expect(result.violations).toEqual([]);
  expect(result.acknowledgedRecords).toBeGreaterThan(100);
});
