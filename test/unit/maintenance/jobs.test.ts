/** Jobs from start to end. */
import { describe, expect, it } from 'vitest';
import type { Job, JobReport } from '../../../src/contracts/maintenance-port.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { TaskGroup } from '../../../src/core/task-group.ts';
import { Jobs, type JobRequest } from '../../../src/maintenance/jobs.ts';
import { testRuntime } from '../../support/sim-disk/test-runtime.ts';

const REQUEST: JobRequest = {
  table: { namespace: ['web'], name: 'clicks' },
  kind: 'compact',
  trigger: 'request',
  estimate: { files: 5 },
  unit: 'bytes',
};

function jobsInTest() {
  const runtime = testRuntime(3);
  const group = new TaskGroup(() => undefined);
  const ended: Job[] = [];
  const jobs = new Jobs({ runtime, group, known: [], onStart: () => undefined, onEnd: (job) => ended.push(job) });
  /** Ends when told to; rejects when its signal aborts. */
  const held = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = async (report: JobReport, signal: AbortSignal) => {
      report.log('begun');
      report.progress(1, 2);
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new SluiceError('closed', 'stopped')), { once: true });
      });
      await Promise.race([promise, aborted]);
      return { files: 1 };
    };
    return { work, end: resolve };
  };
  return { jobs, group, ended, held };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('jobs', () => {
  it('say how far they are, and in the end what they did', async () => {
    const { jobs, group, held } = jobsInTest();
    const one = held();
    const { id } = jobs.start(REQUEST, one.work);
    await turns();
    expect(jobs.get(id)).toMatchObject({ state: 'running', progress: { done: 1, total: 2 }, log: [{ line: 'begun' }] });
    one.end();
    await group.idle();
    expect(jobs.get(id)).toMatchObject({ state: 'done', result: { files: 1 }, estimate: { files: 5 } });
  });

  it('run one at a time on a table, and one at a time of a kind, in the order of asking', async () => {
    const { jobs, group, ended, held } = jobsInTest();
    const [first, second, third] = [held(), held(), held()];
    const a = jobs.start(REQUEST, first.work);
    const b = jobs.start({ ...REQUEST, kind: 'expire-snapshots' }, second.work);
    const c = jobs.start({ ...REQUEST, table: { namespace: ['web'], name: 'views' } }, third.work);
    await turns();
    expect([a, b, c].map(({ id }) => jobs.get(id)?.state)).toEqual(['running', 'waiting', 'waiting']);
    first.end();
    second.end();
    third.end();
    await group.idle();
    expect(ended.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(jobs.list().map(({ id }) => id)).toEqual([c.id, b.id, a.id]);
  });

  it('end as cancelled when they are told to, waiting or running', async () => {
    const { jobs, group, held } = jobsInTest();
    const running = jobs.start(REQUEST, held().work);
    const waiting = jobs.start({ ...REQUEST, kind: 'expire-snapshots' }, held().work);
    await turns();
    jobs.cancel(waiting.id);
    jobs.cancel(running.id);
    await group.idle();
    expect([running, waiting].map(({ id }) => jobs.get(id)?.state)).toEqual(['cancelled', 'cancelled']);
    expect(jobs.cancel('job_unknown')).toBeUndefined();
  });

  it('fail with the reason, and hold up none behind them', async () => {
    const { jobs, group } = jobsInTest();
    const bad = jobs.start(REQUEST, () => Promise.reject(new Error('no space')));
    const good = jobs.start(REQUEST, () => Promise.resolve({}));
    await group.idle();
    expect(jobs.get(bad.id)).toMatchObject({ state: 'failed', error: 'no space' });
    expect(jobs.get(good.id)?.state).toBe('done');
  });

  it('are forgotten oldest first, with the lines of each bounded', async () => {
    const { jobs, group } = jobsInTest();
    const first = jobs.start(REQUEST, (report) => {
      for (let line = 0; line < 500; line += 1) report.log(String(line));
      return Promise.resolve({});
    });
    await group.idle();
    expect(jobs.get(first.id)?.log.length).toBe(200);
    expect(jobs.get(first.id)?.log.at(-1)?.line).toBe('499');
    for (let count = 0; count < 300; count += 1) {
      jobs.start(REQUEST, () => Promise.resolve({}));
      await group.idle();
    }
    expect(jobs.list().length).toBeLessThanOrEqual(201);
    expect(jobs.get(first.id)).toBeUndefined();
  });
});

describe('a job that is watched', () => {
  it('tells every change, the last when it has ended, until nobody listens', async () => {
    const { jobs, group, held } = jobsInTest();
    const one = held();
    const { id } = jobs.start(REQUEST, one.work);
    const heard: Job[] = [];
    const gone: Job[] = [];
    jobs.watch(id, (job) => heard.push(job));
    jobs.watch(id, (job) => gone.push(job))?.();
    one.end();
    await group.idle();
    expect(heard.map(({ state }) => state)).toEqual(['running', 'running', 'running', 'done']);
    expect(heard.at(-1)).toEqual(jobs.get(id));
    expect(heard.filter(({ endedAt }) => endedAt !== undefined)).toHaveLength(1);
    expect(gone).toEqual([]);
    expect(jobs.watch('job_unknown', () => undefined)).toBeUndefined();
  });
});
