/** Promises of the command line: data on stdout, people on stderr, exit codes, and every failure says what to try. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunningService } from '../../../src/cli/deps.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { parseTableInput } from '../../../src/record/table-input.ts';
import type { CliRun, CliSetup } from '../../support/cli-harness.ts';
import { cli } from '../../support/cli-harness.ts';
import type { TestApi } from '../../support/fake-ports.ts';
import { SNAPSHOT, checkpointRecord, testApi, viewOf } from '../../support/fake-ports.ts';

/** A port that nobody listens on, and that fetch does not refuse by itself. */
const CLOSED = 'http://127.0.0.1:49';
let api: TestApi;
let url: string;
beforeAll(async () => {
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
afterAll(() => api.app.close());

beforeEach(() => {
  api.ports.created.clear();
  api.ports.checkpointed.length = 0;
  api.ports.checkpointList = [];
  api.ports.failure = undefined;
  const parsed = parseTableInput({
    schema: [
      { name: 'id', type: 'uuid', required: true },
      { name: 'tags', type: 'map<string, list<int>>' },
    ],
    partition_by: ['bucket(4, id)'],
    sort_by: ['id desc'],
  });
  if (parsed.kind === 'refused') throw new Error('the fixture is not valid');
  const { fields, partition, sortOrder } = parsed.shape;
  const name = { namespace: ['web'], name: 'clicks' };
  api.ports.created.set(
    'web.clicks',
    viewOf({ name, fields, partition, sortOrder, properties: new Map([['a', 'b\u001b[31m']]) }),
  );
});

const run = (args: readonly string[], setup?: CliSetup): Promise<CliRun> => cli([...args, '--url', url], setup);
const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('reading from a daemon', () => {
  test('tables, aligned', async () => {
    const { code, stdout, stderr } = await run(['tables']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual([
      'TABLE       STATE                      LAG  FRESHNESS          HEALTH  LAST COMMIT               SNAPSHOT',
      `web.clicks  running  9,007,199,254,740,993       1.5s  62 small-files  2026-11-22T10:00:05.100Z  ${SNAPSHOT}`,
    ]);
  });

  test('64-bit numbers are text in JSON, one document', async () => {
    const { stdout } = await run(['tables', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { lag_records: '9007199254740993', last_commit: { snapshot_id: SNAPSHOT.toString() } },
    ]);
    expect(stdout.endsWith('\n')).toBe(true);
  });

  test('describe names columns by their paths and shows no control characters', async () => {
    const { code, stdout } = await run(['describe', 'web.clicks']);
    expect(code).toBe(0);
    expect(stdout).toContain('partitioned by  bucket[4](id)');
    expect(stdout).toContain('sorted by       identity(id) desc');
    expect(stdout).toMatch(/2 {2}tags {4}map<string, list<int>> {2}yes/);
    expect(stdout).not.toContain('\u001b');
  });

  test('an empty list is a header and a word on stderr', async () => {
    const { code, stdout, stderr } = await run(['files', 'web.clicks']);
    expect([code, stdout, stderr]).toEqual([0, 'RECORDS  SIZE  PARTITION  FILE\n', 'no data files yet\n']);
    expect((await run(['snapshots', 'web.clicks', '-o', 'json'])).stdout).toBe('[]\n');
  });

  test('checkpoint of one table, of all, and 75 when one failed', async () => {
    api.ports.checkpointList = [checkpointRecord('web.clicks')];
    expect((await run(['checkpoint', 'web.clicks'])).stdout).toMatch(
      /web\.clicks {6}7 {2}committed {7}10 {6}1 {2}1000 B {5}0\.60/,
    );
    await run(['checkpoint']);
    expect(api.ports.checkpointed).toEqual(['web.clicks', undefined]);
    api.ports.checkpointList = [{ ...checkpointRecord('web.clicks'), result: 'failed', error: 'store is away' }];
    const failed = await run(['checkpoint']);
    expect(failed.code).toBe(75);
    expect(failed.stderr).toContain('store is away');
  });

  test('colours only on a terminal, and not with NO_COLOR', async () => {
    expect((await run(['tables'], { tty: true })).stdout).toContain('\u001b[1m');
    expect((await run(['tables'], { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await run(['tables'])).stdout).not.toContain('\u001b');
  });

  test('SLUICE_URL, then where the configuration listens', async () => {
    expect((await cli(['tables'], { env: { SLUICE_URL: url } })).code).toBe(0);
    const files = { 's.yaml': `server: {listen: "${url.slice('http://'.length)}"}` };
    expect((await cli(['tables', '-c', 's.yaml'], { files })).code).toBe(0);
    expect((await cli(['tables'], { files, env: { SLUICE_CONFIG: 's.yaml' } })).code).toBe(0);
  });
});

describe('failures', () => {
  test.each<[string, () => Promise<CliRun>, number]>([
    ['an unknown table', () => run(['describe', 'web.none']), 1],
    ['no daemon', () => cli(['tables', '--url', CLOSED]), 75],
    ['a daemon that fails', () => ((api.ports.failure = new Error('x')), run(['tables'])), 75],
    [
      'a store that is away',
      () => ((api.ports.failure = new SluiceError('unavailable', 'S3 is away')), run(['tables'])),
      75,
    ],
    ['no command', () => cli([]), 2],
    ['an unknown command', () => cli(['frobnicate']), 2],
    ['an unknown option', () => cli(['tables', '--frob']), 2],
    ['a missing argument', () => cli(['describe']), 2],
    ['another format', () => cli(['tables', '-o', 'xml']), 2],
    ['a URL that is none', () => cli(['tables', '--url', 'nonsense']), 2],
    ['a configuration with faults', () => cli(['run', '-c', 'b.yaml'], { files: { 'b.yaml': 'sever: 1' } }), 78],
    ['a configuration that is not there', () => cli(['run', '-c', '/none.yaml']), 78],
    ['a file that is not there', () => run(['send', 'web.clicks', '/none.ndjson']), 1],
    ['a catalog that does not open', () => cli(['query', 'select 1']), 1],
    ['a table name that is none', () => cli(['preview', 'clicks']), 2],
  ])('%s: one error, one thing to try, the code', async (_what, command, code) => {
    const { code: actual, stdout, stderr } = await command();
    expect(actual).toBe(code);
    expect(stderr).toMatch(/(^|\n)error: .+\ntry: .+\n$/s);
    if (code !== 2) expect(stdout).toBe('');
  });

  test('a misspelt command is recognised', async () => {
    expect((await cli(['tabels'])).stderr).toContain('tables');
  });

  test('--help and --version are no failures', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    const help = await cli(['send', '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const command of [
      'run',
      'dev',
      'validate',
      'send',
      'tables',
      'describe',
      'snapshots',
      'files',
      'query',
      'preview',
      'checkpoint',
      'reload',
    ])
      expect((await cli(['--help'])).stdout).toContain(`\n  ${command} `);
  });
});

describe('validate', () => {
  const files = { 'good.yaml': 'pipeline: x\n', 'bad.yaml': 'sever: {}\ncheckpoint: {interval: 1}\n' };

  test('faults are lines of file:line:column, exit 78', async () => {
    const { code, stdout, stderr } = await cli(['validate', '-c', 'bad.yaml'], { files });
    expect(code).toBe(78);
    expect(lines(stdout).map((line) => line.split(' ')[0])).toEqual(['bad.yaml:1:1', 'bad.yaml:2:24']);
    expect(stderr).toMatch(/^error: 2 faults in bad\.yaml\ntry: /);
    const json = JSON.parse((await cli(['validate', '-c', 'bad.yaml', '-o', 'json'], { files })).stdout) as unknown;
    expect(json).toMatchObject({
      valid: false,
      faults: [{ file: 'bad.yaml', line: 1, column: 1, path: 'sever' }, { line: 2 }],
    });
  });

  test('findings of the environment: warnings pass, errors are 78 with what to try', async () => {
    const ok = { check: 'log', level: 'ok' as const, message: 'can be written' };
    const warning = { check: 'disk', level: 'warning' as const, message: 'is nearly full', remedy: 'free some' };
    const error = {
      check: 'warehouse',
      level: 'error' as const,
      message: 'AccessDenied',
      remedy: 'grant s3:PutObject',
    };
    const passed = await cli(['validate', '-c', 'good.yaml'], { files, findings: [ok, warning] });
    expect(passed.code).toBe(0);
    expect(passed.stderr).toBe('disk: try: free some\n');
    const denied = await cli(['validate', '-c', 'good.yaml', '--deny-warnings'], { files, findings: [ok, warning] });
    expect(denied).toMatchObject({ code: 78, stderr: expect.stringContaining('try: free some') });
    const failed = await cli(['validate', '-c', 'good.yaml'], { files, findings: [ok, error] });
    expect(failed.code).toBe(78);
    expect(failed.stdout).toContain('AccessDenied');
    expect(failed.stderr).toContain('try: grant s3:PutObject');
    expect((await cli(['validate', '-c', 'good.yaml', '--no-environment'], { files, findings: [error] })).code).toBe(0);
  });

  test('no file: the built-in configuration', async () => {
    expect((await cli(['validate', '--no-environment'])).code).toBe(0);
  });
});

describe('run', () => {
  const service = (over: Partial<RunningService> = {}): RunningService => ({
    url: 'http://127.0.0.1:1234',
    ready: Promise.resolve(),
    failed: new Promise(() => undefined),
    reload: () => Promise.resolve({ kind: 'reloaded', applied: [], needsRestart: [], noEffect: [] }),
    stop: () => Promise.resolve({ checkpointed: true }),
    ...over,
  });
  /** Starts `run`, sends the signals once it is ready, and answers how it ended. */
  async function signalled(over: Partial<RunningService>, signals: readonly string[], args: readonly string[] = []) {
    const killed: number[] = [];
    let send: (signal: string) => void = () => undefined;
    const running = cli(['run', ...args], {
      start: () => Promise.resolve(service(over)),
      signals: (sender) => (send = sender),
      killed: (code) => killed.push(code),
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const signal of signals) send(signal);
    return { ...(await running), killed };
  }

  test('prints the address once ready; a signal stops it, exit 0', async () => {
    const { code, stdout, stderr } = await signalled({}, ['SIGTERM'], ['-o', 'json']);
    expect([code, stdout]).toEqual([0, '{"url":"http://127.0.0.1:1234"}\n']);
    expect(stderr).toContain('SIGTERM');
  });

  test('nothing is printed before it is ready, and a signal ends the waiting', async () => {
    expect(await signalled({ ready: new Promise(() => undefined) }, ['SIGINT'])).toMatchObject({ code: 0, stdout: '' });
  });

  test('a second signal ends the process at once', async () => {
    let release: () => void = () => undefined;
    const stop = () =>
      new Promise<{ checkpointed: boolean }>((resolve) => (release = () => resolve({ checkpointed: true })));
    const ended = signalled({ stop }, ['SIGTERM', 'SIGTERM']);
    await new Promise((resolve) => setTimeout(resolve, 60));
    release();
    expect((await ended).killed).toEqual([1]);
  });

  test('75 when the last checkpoint did not come in time: the records are safe', async () => {
    const { code, stderr } = await signalled(
      { stop: () => Promise.resolve({ checkpointed: false, reason: 'grace' }) },
      ['SIGTERM'],
    );
    expect(code).toBe(75);
    expect(stderr).toContain('in the log');
  });

  test('a service that breaks is stopped, and its reason is the error', async () => {
    let stopped = 0;
    const stop = () => Promise.resolve({ checkpointed: (stopped += 1) > 0 });
    const failed = Promise.resolve(
      new SluiceError('corrupt', 'segment 3 is damaged', { remedy: 'sluice log inspect' }),
    );
    const broken = await cli(['run'], { start: () => Promise.resolve(service({ failed, stop })) });
    expect(broken).toMatchObject({ code: 1, stderr: 'error: segment 3 is damaged\ntry: sluice log inspect\n' });
    const ready = Promise.reject(new SluiceError('misconfigured', 'region is wrong'));
    const refused = await cli(['run'], { start: () => Promise.resolve(service({ ready, stop })) });
    expect(refused.code).toBe(78);
    expect(stopped).toBe(2);
  });

  test('a start that fails is the error', async () => {
    const start = () => Promise.reject(new SluiceError('unavailable', 'address in use'));
    expect((await cli(['run'], { start })).code).toBe(75);
  });

  test('dev adds the sample table, sends records to it once, and says what to try', async () => {
    const given: Settings[] = [];
    let send: (signal: string) => void = () => undefined;
    const running = cli(['dev'], {
      start: (settings) => {
        given.push(settings);
        const [definition] = settings.tables;
        if (definition !== undefined)
          api.ports.created.set('demo.events', { ...viewOf(definition), snapshot: undefined });
        return Promise.resolve(service({ url }));
      },
      signals: (sender) => (send = sender),
    });
    await expect.poll(() => api.ports.appended.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    send('SIGINT');
    const { code, stdout } = await running;
    expect(code).toBe(0);
    expect(stdout).toContain('sluice query');
    expect(given[0]?.checkpoint.intervalMs).toBe(1000);
    const [first = ''] = Buffer.from(api.ports.appended[0]?.body ?? [])
      .toString()
      .split('\n');
    expect(Object.keys(JSON.parse(first) as object)).toEqual(given[0]?.tables[0]?.fields.map(({ name }) => name));
  });
});
