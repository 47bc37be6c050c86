/** What crashes left behind is listed by one run and deleted by a later one; nothing else is touched. */
import { readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = `checkpoint: { interval: 100ms }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: { enabled: false }, expiry: { enabled: false }, orphans: ORPHANS }
`;
const BY_HAND = YAML.replace('ORPHANS', '{ enabled: false }');
const EVERY_SECOND = YAML.replace('ORPHANS', '{ schedule: "* * * * * *" }');
const FIVE_DAYS_S = 5 * 24 * 3600;
const TWO_DAYS_MS = 2 * 24 * 3_600_000;

let folder: TemporaryFolder;
let daemon: Daemon | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await daemon?.kill();
  await folder.remove();
});

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${await daemon?.url}${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`never came: ${JSON.stringify(answer)}\n${daemon?.log}`);
    await sleep(100);
  }
}

async function tableWithRecords(name: string): Promise<void> {
  await call('POST', '/api/v1/tables', { name, schema: [{ name: 'id', type: 'long', required: true }] });
  for (let id = 0; id < 3; id += 1) await call('POST', `/api/v1/tables/${name}/records?ack=committed`, [{ id }]);
}

/** The folder of the table in the warehouse. */
async function folderOf(table: string): Promise<string> {
  const { files } = (await call('GET', `/api/v1/tables/${table}/files`)) as { files: { file_path: string }[] };
  return dirname(dirname(fileURLToPath(files[0]?.file_path ?? '')));
}

const under = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();

/** As if five days had passed since it was written. */
async function age(path: string): Promise<void> {
  const then = Date.now() / 1000 - FIVE_DAYS_S;
  await utimes(path, then, then);
}

const isListing = (path: string): boolean => path.includes('/orphans/') && path.endsWith('.json');

/** As if the run that listed them had been two days ago. */
async function ageListing(warehouse: string): Promise<void> {
  const listing = (await under(join(warehouse, '_sluice'))).find(isListing);
  if (listing === undefined) throw new Error('there is no listing');
  const { orphans } = JSON.parse(await readFile(listing, 'utf8')) as { orphans: { key: string; since: number }[] };
  const older = orphans.map(({ key, since }) => ({ key, since: since - TWO_DAYS_MS }));
  await writeFile(listing, JSON.stringify({ orphans: older }));
}

async function runJob(): Promise<Record<string, unknown>> {
  const { job } = await call('POST', '/api/v1/tables/web.clicks/actions/remove-orphans');
  return until(
    () => call('GET', `/api/v1/jobs/${String(job)}`),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
}

/** Two tables whose files are all five days old, an orphan in each, and a young file in the first. */
async function leftovers() {
  await tableWithRecords('web.clicks');
  await tableWithRecords('web.views');
  const [clicks, views] = [await folderOf('web.clicks'), await folderOf('web.views')];
  const kept = [...(await under(clicks)), ...(await under(views))];
  const orphan = join(clicks, 'data', 'orphan.parquet');
  const young = join(clicks, 'data', 'young.parquet');
  const theirs = join(views, 'data', 'orphan.parquet');
  for (const path of [orphan, young, theirs]) await writeFile(path, 'four');
  for (const path of [...kept, orphan, theirs]) await age(path);
  const all = async () => [...(await under(clicks)), ...(await under(views))].toSorted();
  return { kept: kept.toSorted(), orphan, young, theirs, all, warehouse: dirname(dirname(clicks)) };
}

test('an orphan is listed first and deleted by a later run, after a restart too; all other files stay', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: BY_HAND });
  const { kept, orphan, young, theirs, all, warehouse } = await leftovers();
  const everything = [...kept, orphan, young, theirs].toSorted();

  const { estimate } = await call('POST', '/api/v1/tables/web.clicks/actions/remove-orphans?dry_run=true');
  expect(estimate).toMatchObject({ orphans: 1, bytes: '4', too_young: 1 });
  expect((await under(join(warehouse, '_sluice'))).filter((path) => path.includes('/orphans/'))).toEqual([]);

  expect(await runJob()).toMatchObject({ state: 'done', result: { orphans: 1, quarantined: 1, objects_deleted: 0 } });
  expect(await runJob()).toMatchObject({ state: 'done', result: { quarantined: 1, objects_deleted: 0 } });
  expect(await all()).toEqual(everything);

  await daemon.kill();
  await ageListing(warehouse);
  daemon = await Daemon.start({ directory: folder.path, yaml: BY_HAND });
  await until(
    async () => (await fetch(`${await daemon?.url}/readyz`)).status,
    (status) => status === 200,
  );
  expect(await runJob()).toMatchObject({
    state: 'done',
    trigger: 'request',
    result: { orphans: 1, quarantined: 0, objects_deleted: 1, bytes_deleted: '4', objects_left: 0, too_young: 1 },
  });
  expect(await all()).toEqual(everything.filter((path) => path !== orphan));

  // The table goes on as it was.
  await call('POST', '/api/v1/tables/web.clicks/records?ack=committed', [{ id: 3 }]);
  const { files } = (await call('GET', '/api/v1/tables/web.clicks/files')) as { files: { file_path: string }[] };
  const data = (await readdir(dirname(orphan))).filter((name) => name !== basename(young));
  expect(files.map((file) => basename(file.file_path)).toSorted()).toEqual(data.toSorted());
  const metrics = await (await fetch(`${await daemon.url}/metrics`)).text();
  expect(metrics).toContain('sluice_maintenance_jobs_total{kind="remove-orphans",result="done"} 1');
});

test('nobody needs to ask: the schedule lists the orphans of every table, and deletes none of them yet', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: EVERY_SECOND });
  const { kept, orphan, young, theirs, all, warehouse } = await leftovers();
  const listed = async () => {
    const listings = (await under(join(warehouse, '_sluice'))).filter(isListing);
    // One may be replaced by the next while it is read.
    const texts = await Promise.all(listings.map((path) => readFile(path, 'utf8').catch(() => '')));
    return texts.filter((text) => text.includes('orphan.parquet')).length;
  };
  await until(listed, (tables) => tables === 2);
  expect(await all()).toEqual([...kept, orphan, young, theirs].toSorted());
});

test('a table that says that its files may be those of others keeps them all', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: BY_HAND });
  await call('POST', '/api/v1/tables', {
    name: 'web.clicks',
    schema: [{ name: 'id', type: 'long', required: true }],
    properties: { 'gc.enabled': 'false' },
  });
  await call('POST', '/api/v1/tables/web.clicks/records?ack=committed', [{ id: 1 }]);
  const orphan = join(await folderOf('web.clicks'), 'data', 'orphan.parquet');
  await writeFile(orphan, 'four');
  await age(orphan);
  const job = await runJob();
  expect(job).toMatchObject({ state: 'done', result: { orphans: 0 } });
  expect(JSON.stringify(job['log'])).toContain('gc.enabled');
});
