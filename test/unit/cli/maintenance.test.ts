/** `compact`, `expire`, `manifests`, `orphans` and `jobs`: estimates come first, nothing is done unasked, and jobs are watched to their end. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CliRun, CliSetup } from '../../support/cli-harness.ts';
import { cli } from '../../support/cli-harness.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { jobOf, testApi } from '../../support/fake-ports.ts';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
afterAll(() => api.app.close());

beforeEach(() => {
  const { maintenance } = api.ports;
  maintenance.started.length = 0;
  maintenance.arrangements.length = 0;
  maintenance.jobList = [];
  maintenance.estimates.clear();
  maintenance.estimates.set('web.clicks', { groups: 1, files: 1200, filesAfter: 1, bytes: 1_572_864n, seconds: 0.25 });
  maintenance.estimates.set('web.tidy', { groups: 0, files: 0, filesAfter: 0, bytes: 0n, seconds: 0 });
  maintenance.ended = { state: 'done', result: { filesRemoved: 1200, filesAdded: 1 } };
});

const run = (args: readonly string[], setup?: CliSetup): Promise<CliRun> =>
  cli([...args, '--url', url], { hurry: true, ...setup });

test('a dry run prints the estimate and starts nothing', async () => {
  const { code, stdout } = await run(['compact', 'web.clicks', '--dry-run']);
  expect(code).toBe(0);
  expect(stdout).toBe(
    ['groups       1', 'files        1,200', 'files after  1', 'bytes        1.5 MiB', 'seconds      0.3 s', ''].join(
      '\n',
    ),
  );
  expect(api.ports.maintenance.started).toEqual([]);
});

test('on a terminal it asks, and anything but yes does nothing', async () => {
  const refused = await run(['compact', 'web.clicks'], { tty: true, stdin: '\n' });
  expect(refused).toMatchObject({ code: 0, stdout: '' });
  expect(refused.stderr).toContain('files: 1,200');
  expect(refused.stderr).toContain('Rewrite these files? [y/N]');
  expect(api.ports.maintenance.started).toEqual([]);
  const agreed = await run(['compact', 'web.clicks'], { tty: true, stdin: 'y\n' });
  expect(agreed.code).toBe(0);
  expect(api.ports.maintenance.started).toEqual(['compact web.clicks']);
});

test('without a terminal it wants --yes', async () => {
  const { code, stderr } = await run(['expire', 'web.clicks'], { stdin: 'y\n' });
  expect(code).toBe(0);
  expect(stderr).toBe('there is nothing to do\n');
  const unasked = await run(['compact', 'web.clicks'], { stdin: 'y\n' });
  expect(unasked.code).toBe(2);
  expect(unasked.stderr).toContain('--yes');
  expect(api.ports.maintenance.started).toEqual([]);
});

test('a job is watched to its end and its gain is printed', async () => {
  const { code, stdout } = await run(['compact', 'web.clicks', '--yes']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^job {12}job_1\nstate {10}done\nfiles removed {2}1,200\nfiles added {4}1\n$/);
});

test('rows are arranged by the columns that are named, in the estimate and in the job', async () => {
  const { maintenance } = api.ports;
  const asked = async (...options: readonly string[]): Promise<readonly unknown[]> => {
    maintenance.arrangements.length = 0;
    const { code } = await run(['compact', 'web.clicks', '--yes', ...options]);
    return [code, ...maintenance.arrangements];
  };
  const by = (name: string, direction: string, nullOrder: string) => ({ name, direction, nullOrder });
  const sort = { strategy: 'sort', columns: [by('at', 'desc', 'nulls-last'), by('user id', 'asc', 'nulls-first')] };
  expect(await asked('--sort', 'at:desc', 'user id')).toEqual([0, sort, sort]);
  const own = { strategy: 'sort', columns: [] };
  expect(await asked('--sort')).toEqual([0, own, own]);
  const curve = { strategy: 'z-order', columns: ['at', 'user.id'] };
  expect(await asked('--zorder', 'at,user.id')).toEqual([0, curve, curve]);
  expect(await asked()).toEqual([0, undefined, undefined]);
  expect(await asked('--sort', 'at', '--zorder', 'at,user.id')).toEqual([2]);
});

test('delete files that nothing needs are work too', async () => {
  api.ports.maintenance.estimates.set('web.tidy', { groups: 0, deleteFilesRemoved: 2 });
  expect((await run(['compact', 'web.tidy', '--yes'])).code).toBe(0);
  expect(api.ports.maintenance.started).toEqual(['compact web.tidy']);
});

test('orphans are asked about as what they are', async () => {
  const { maintenance } = api.ports;
  maintenance.estimates.set('web.clicks', { objects: 40, orphans: 3, bytes: 2048n, tooYoung: 1 });
  maintenance.estimates.set('web.tidy', { objects: 40, orphans: 0, bytes: 0n, tooYoung: 1 });
  const asked = await run(['orphans', 'web.clicks'], { tty: true, stdin: 'y\n' });
  expect(asked.stderr).toContain('List these orphans, and delete those that an earlier run listed long enough ago?');
  expect(maintenance.started).toEqual(['remove-orphans web.clicks']);
  expect((await run(['orphans', 'web.tidy', '--yes'])).stderr).toBe('there is nothing to do\n');
});

test('manifests are rewritten where that is worth it', async () => {
  const { maintenance } = api.ports;
  maintenance.estimates.set('web.clicks', { groups: 1, manifests: 40, bytes: 2048n });
  expect((await run(['manifests', 'web.clicks', '--yes'])).code).toBe(0);
  expect((await run(['manifests', 'web.tidy', '--yes'])).stderr).toBe('there is nothing to do\n');
  expect(maintenance.started).toEqual(['rewrite-manifests web.clicks']);
});

test('a failed job is a failure', async () => {
  api.ports.maintenance.ended = { state: 'failed', error: 'the store is full' };
  const { code, stderr } = await run(['compact', 'web.clicks', '--yes', '-o', 'json']);
  expect(code).toBe(1);
  expect(stderr).toContain('the store is full');
  expect(stderr).toContain('sluice jobs job_1');
});

test('nothing to do, and no such table', async () => {
  expect(await run(['compact', 'web.tidy', '--yes'])).toMatchObject({ code: 0, stderr: 'there is nothing to do\n' });
  const absent = await run(['compact', 'web.absent', '--yes']);
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain('web.absent');
});

test('jobs are listed, shown with their log, and cancelled', async () => {
  api.ports.maintenance.jobList = [jobOf({ log: [{ at: 0, line: '12 files became 1' }] })];
  const listed = await run(['jobs']);
  expect(listed.stdout.split('\n')[1]).toMatch(/^job_1 +compact +web\.clicks +request +running/);
  const shown = await run(['jobs', 'job_1']);
  expect(shown.stderr).toBe('1970-01-01T00:00:00.000Z  12 files became 1\n');
  const cancelled = await run(['jobs', 'job_1', '--cancel', '-o', 'json']);
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ job: 'job_1', state: 'cancelled' });
  expect((await run(['jobs', 'job_2'])).code).toBe(1);
  expect((await run(['jobs', '--cancel'])).code).toBe(2);
});

test('jobs are followed to their end, each line once, with what they came to', async () => {
  const { maintenance } = api.ports;
  const line = { at: 0, line: '12 files became 1' };
  maintenance.jobList = [
    jobOf({
      state: 'done',
      startedAt: 1_000,
      endedAt: 3_500,
      result: { filesRemoved: 12, groupsFailed: 0 },
      log: [line],
    }),
  ];
  const watched = await run(['jobs', 'job_1', '--watch']);
  expect(watched.stderr).toBe('1970-01-01T00:00:00.000Z  12 files became 1\n');
  expect(watched.stdout).toMatch(/^ran +2\.5 s$/m);
  const listed = await run(['jobs', '--table', 'web.clicks']);
  expect(listed.stdout.split('\n')[1]).toMatch(/done .* 2\.5 s +files removed 12$/);
  expect((await run(['jobs', '--table', 'web.views'])).stderr).toBe('no jobs yet\n');
  expect((await run(['jobs', '--watch'])).code).toBe(2);
});

test('progress is told in its own unit', async () => {
  const { maintenance } = api.ports;
  const states = [
    { done: 0, total: 0 },
    { done: 1_250, total: 0 },
    { done: 1_250, total: 2_500 },
  ].map((progress) => jobOf({ progress: { ...progress, unit: 'objects' } }));
  maintenance.jobList = [jobOf({ progress: { done: 0, total: 0, unit: 'objects' } })];
  maintenance.job = () => states.shift() ?? jobOf({ state: 'done', endedAt: 1 });
  const { stderr } = await run(['jobs', 'job_1', '--watch'], { tty: true });
  expect(stderr).toContain('running  1,250 objects');
  expect(stderr).toContain('50 %  1,250 of 2,500 objects');
  Reflect.deleteProperty(maintenance, 'job');
});

test('a rollback says what goes before it asks, and that it stays gone', async () => {
  const { maintenance } = api.ports;
  maintenance.rollback = { kind: 'rolled-back', from: 9n, to: 5n, snapshots: 2, rows: 1200 };
  maintenance.rollbacks.length = 0;
  const dry = await run(['rollback', 'web.clicks', '--to', '5', '--dry-run']);
  expect(dry.stdout).toBe(['from       9', 'to         5', 'snapshots  2', 'rows       1,200', ''].join('\n'));
  const refused = await run(['rollback', 'web.clicks', '--to', '5'], { tty: true, stdin: 'n\n' });
  expect(refused.stderr).toContain('rows: 1,200');
  expect(refused.stderr).toContain('stay gone');
  expect((await run(['rollback', 'web.clicks', '--to', '5'], { stdin: 'y\n' })).code).toBe(2);
  expect(maintenance.rollbacks.every((line) => line.endsWith('dry'))).toBe(true);
  expect((await run(['rollback', 'web.clicks', '--to', '5', '--yes'])).code).toBe(0);
  expect(maintenance.rollbacks.at(-1)).toBe('web.clicks to 5');
  maintenance.rollback = { kind: 'not-an-ancestor' };
  expect(await run(['rollback', 'web.clicks', '--to', '5', '--yes'])).toMatchObject({ code: 1 });
  expect((await run(['rollback', 'web.clicks', '--yes'])).code).toBe(2);
});
