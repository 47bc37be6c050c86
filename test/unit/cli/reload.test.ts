/** `sluice reload`, SIGHUP and `--watch`: who asks for a reload, and what the shell is told. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningService } from '../../../src/cli/deps.ts';
import { watchFile } from '../../../src/cli/watch-file.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { cli } from '../../support/cli-harness.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { testApi } from '../../support/fake-ports.ts';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
afterAll(() => api.app.close());

describe('sluice reload', () => {
  test('each change with what came of it', async () => {
    api.config.outcome = { kind: 'reloaded', applied: ['a'], needsRestart: ['b'], noEffect: ['c: kept'] };
    const { code, stdout } = await cli(['reload', '--url', url]);
    expect(code).toBe(0);
    expect(stdout).toBe('RESULT           CHANGE\napplied          a\nneeds a restart  b\nno effect        c: kept\n');
  });

  test('an invalid file: its faults as lines, exit 78', async () => {
    const fault = { file: '/etc/s.yaml', line: 4, column: 15, path: 'pipeline', message: 'expected a text' };
    api.config.outcome = { kind: 'invalid', faults: [fault] };
    const { code, stdout, stderr } = await cli(['reload', '--url', url]);
    expect([code, stdout]).toEqual([78, '/etc/s.yaml:4:15 pipeline: expected a text\n']);
    expect(stderr).toContain('nothing was changed');
  });

  test('is asked of the address for operators, as are dead letters to be replayed', async () => {
    api.config.outcome = { kind: 'reloaded', applied: [], needsRestart: [], noEffect: [] };
    const files = { '/s.yaml': `server: { listen: "127.0.0.1:1", admin: "${new URL(url).host}" }` };
    expect((await cli(['reload', '-c', '/s.yaml'], { files })).code).toBe(0);
    const replay = await cli(['dlq', 'replay', 'web.clicks', '--all', '-c', '/s.yaml'], { files });
    // It got there: the table is not.
    expect(replay.stderr).toContain('web.clicks');
    expect(replay.stderr).not.toContain('127.0.0.1:1 ');
  });

  test('a refusal: why, and what to try', async () => {
    api.config.outcome = { kind: 'refused', reason: 'no certificate', remedy: 'put one there' };
    const { code, stderr } = await cli(['reload', '--url', url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no certificate[\s\S]*try: put one there/);
  });
});

describe('sluice run', () => {
  test('SIGHUP reloads and does not stop; a service gets the means to read its file again', async () => {
    const files: Record<string, string> = { '/s.yaml': 'pipeline: one' };
    let reloads = 0;
    let send: (signal: string) => void = () => undefined;
    let reread: (() => unknown) | undefined;
    const service: RunningService = {
      url: 'http://127.0.0.1:1',
      ready: Promise.resolve(),
      failed: new Promise(() => undefined),
      reload: () =>
        Promise.resolve({ kind: 'reloaded', applied: [], needsRestart: [], noEffect: [], n: (reloads += 1) }),
      stop: () => Promise.resolve({ checkpointed: true }),
    };
    const running = cli(['run', '-c', '/s.yaml'], {
      files,
      start: (_settings, options) => {
        ({ reread } = options);
        return Promise.resolve(service);
      },
      signals: (sender) => (send = sender),
    });
    await expect.poll(() => reread).toBeDefined();
    await expect.poll(() => (send('SIGHUP'), reloads)).toBeGreaterThan(1);
    files['/s.yaml'] = 'pipeline: two';
    expect(reread?.()).toMatchObject({ kind: 'valid', settings: { pipeline: 'two', source: '/s.yaml' } });
    send('SIGTERM');
    expect((await running).code).toBe(0);
  });

  test('--watch without a file is a usage error', async () => {
    expect(await cli(['run', '--watch'])).toMatchObject({ code: 2, stderr: expect.stringContaining('try: ') });
  });
});

/** A file and a clock whose waits end when the test says so: `step` lets the wait that is under way end. */
function world(text: string | undefined) {
  let end: (() => void) | undefined;
  const state = { text, hint: (): void => undefined, waits: [] as number[] };
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        state.waits.push(ms);
        end = resolve;
        signal?.addEventListener('abort', () => reject(new SluiceError('closed', 'wait was cancelled')), {
          once: true,
        });
      }),
  };
  const io = {
    clock,
    readFile: () => {
      if (state.text === undefined) throw new Error('ENOENT');
      return state.text;
    },
    onFolderChange: (_path: string, handler: () => void) => {
      state.hint = handler;
      return () => undefined;
    },
  };
  const step = async (): Promise<void> => {
    end?.();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const changes: (string | undefined)[] = [];
  const stop = new AbortController();
  const done = watchFile(io, '/s.yaml', () => Promise.resolve(changes.push(state.text)), stop.signal);
  return { state, step, changes, stop: () => (stop.abort(), done) };
}

describe('watching a file', () => {
  test('a change is told once it has come to rest, by looking alone', async () => {
    const { state, step, changes, stop } = world('a');
    await step();
    state.text = 'b';
    await step();
    state.text = 'bc';
    await step();
    expect(changes).toEqual([]);
    await step();
    expect(changes).toEqual(['bc']);
    await step();
    await step();
    expect(changes).toEqual(['bc']);
    await stop();
  });

  test('a hint wakes it before its time', async () => {
    const { state, step, changes, stop } = world('a');
    state.text = 'b';
    state.hint();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(state.waits.at(-1)).toBeLessThan(state.waits[0] ?? 0);
    await step();
    expect(changes).toEqual(['b']);
    await stop();
  });

  test('a file that vanishes and comes back as it was, or is taken back, is no change', async () => {
    const { state, step, changes, stop } = world('a');
    state.text = undefined;
    await step();
    await step();
    state.text = 'a';
    await step();
    await step();
    state.text = 'b';
    await step();
    state.text = 'a';
    await step();
    await step();
    expect(changes).toEqual([]);
    await stop();
  });
});
