/** What the daemon knows of the past of its tables outlives it: jobs with cost and gain, and the history of their health. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const YAML = `checkpoint: { interval: 100ms }
server: { listen: "127.0.0.1:0", drain_delay: 0s }
maintenance: { compaction: { enabled: false }, expiry: { enabled: false } }
`;

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
  const answer = await fetch(`${await daemon?.url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

test('jobs and health are remembered after a restart, whether it was stopped or killed', async () => {
  daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
  await call('POST', '/tables', { name: 'web.clicks', schema: [{ name: 'id', type: 'long', required: true }] });
  for (let id = 0; id < 24; id += 1) await call('POST', '/tables/web.clicks/records?ack=committed', [{ id }]);
  const sick = await call('GET', '/tables/web.clicks/health');
  expect(sick).toMatchObject({
    factors: [{ cause: 'small-files', lost: 40, command: 'sluice compact web.clicks' }],
  });
  const { job: id } = await call('POST', '/tables/web.clicks/actions/compact');
  const stream = await fetch(`${await daemon.url}/api/v1/jobs/${String(id)}/events`);
  // The stream ends with the job.
  const told = await stream.text();
  expect(told).toMatch(/event: job\ndata: .*"state":"done"/);
  const job = await call('GET', `/jobs/${String(id)}`);
  expect(job).toMatchObject({ state: 'done', result: { files_removed: 24, files_added: 1 } });
  // A look that is a few seconds old is answered again.
  await sleep(5_100);
  expect(await call('GET', '/tables/web.clicks/health')).toMatchObject({ score: 100, factors: [] });
  const { points } = (await call('GET', '/tables/web.clicks/health/history')) as { points: { score: number }[] };
  expect(points.map(({ score }) => score).slice(0, 2)).toEqual([100, 60]);

  daemon.signal('SIGTERM');
  expect(await daemon.exit(20_000)).toBe(0);
  for (const end of ['stopped', 'killed']) {
    daemon = await Daemon.start({ directory: folder.path, yaml: YAML });
    expect(await call('GET', `/jobs/${String(id)}`), end).toEqual(job);
    const kept = (await call('GET', '/tables/web.clicks/health/history?limit=1000')) as { points: unknown[] };
    expect(kept.points.slice(-points.length), end).toEqual(points);
    await daemon.kill();
  }
});
