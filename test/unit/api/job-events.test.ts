/** A job followed over HTTP: its state at once, every change, and an end of the stream when it has ended. */
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../src/contracts/maintenance-port.ts';
import { jobOf, testApi, type TestApi } from '../../support/fake-ports.ts';

let api: TestApi;
let url: string;
beforeEach(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}/api/v1/jobs`;
});
afterEach(() => api.close());

const LINE = { at: 1_500, line: '12 files became 1' };
const RUNNING = jobOf({ log: [LINE] });

const tell = (job: Job): void => {
  api.ports.maintenance.jobList = [job];
  for (const watcher of api.ports.maintenance.watchers) watcher(job);
};

/** `event data` of each event of a stream that has ended. */
const eventsOf = (text: string): readonly (readonly [string, Record<string, unknown>])[] =>
  [...text.matchAll(/^id: \d+\nevent: (\w+)\ndata: (.*)$/gm)].map(([, type = '', data = '']) => [
    type,
    JSON.parse(data) as Record<string, unknown>,
  ]);

test('the state with the log, then changes and new lines, then the end', async () => {
  api.ports.maintenance.jobList = [RUNNING];
  const answer = await fetch(`${url}/job_1/events`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  await expect.poll(() => api.ports.maintenance.watchers.size).toBe(1);
  const half: Job = { ...RUNNING, progress: { done: 1, total: 2, unit: 'bytes' } };
  tell(half);
  const logged: Job = { ...half, log: [LINE, { at: 2_000, line: 'the second group' }] };
  tell(logged);
  tell({ ...logged, state: 'done', endedAt: 3_000, result: { filesRemoved: 12 } });
  const events = eventsOf(await answer.text());
  expect(events.map(([type]) => type)).toEqual(['job', 'job', 'log', 'job']);
  expect(events[0]?.[1]).toMatchObject({ state: 'running', log: [{ line: '12 files became 1' }] });
  expect(events[1]?.[1]).toMatchObject({ progress: { done: 1, total: 2, unit: 'bytes' } });
  expect(events[1]?.[1]).not.toHaveProperty('log');
  expect(events[2]?.[1]).toEqual({ at: '1970-01-01T00:00:02.000Z', line: 'the second group' });
  expect(events[3]?.[1]).toMatchObject({ state: 'done', result: { files_removed: 12 } });
  await expect.poll(() => api.ports.maintenance.watchers.size).toBe(0);
});

test('a job that has ended is told once; a browser that comes back is told to stay away', async () => {
  api.ports.maintenance.jobList = [jobOf({ state: 'failed', endedAt: 3_000, error: 'no space' })];
  expect(eventsOf(await (await fetch(`${url}/job_1/events`)).text())).toMatchObject([['job', { error: 'no space' }]]);
  const again = await fetch(`${url}/job_1/events`, { headers: { 'last-event-id': '1' } });
  expect(again.status).toBe(204);
  expect(again.headers.get('content-type')).toBeNull();
});

test('a reader that leaves is forgotten, and readers are bounded', async () => {
  api.ports.maintenance.jobList = [RUNNING];
  const leaving = new AbortController();
  const readers = await Promise.all(
    Array.from({ length: 32 }, () => fetch(`${url}/job_1/events`, { signal: leaving.signal })),
  );
  expect(readers.every(({ status }) => status === 200)).toBe(true);
  const refused = await fetch(`${url}/job_1/events`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  leaving.abort();
  await expect.poll(() => api.ports.maintenance.watchers.size).toBe(0);
  const next = await fetch(`${url}/job_1/events`);
  expect(next.status).toBe(200);
  tell({ ...RUNNING, state: 'done', endedAt: 3_000 });
  await next.text();
});

test('no such job', async () => {
  expect((await fetch(`${url}/job_9/events`)).status).toBe(404);
});
