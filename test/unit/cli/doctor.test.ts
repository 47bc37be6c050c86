/** Promises of `sluice doctor` and `sluice top`: what the daemon finds, worst first, with exit codes; and what can be found without one. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Diagnosis, DiagnosisView } from '../../../src/contracts/diagnosis.ts';
import { tableUuid } from '../../../src/core/ids.ts';
import { systemRuntime } from '../../../src/core/runtime.ts';
import { diagnose } from '../../../src/diagnose/diagnose.ts';
import { NodeDisk } from '../../../src/lane/node-disk.ts';
import { openLog } from '../../../src/lane/open-log.ts';
import { cli, type CliSetup } from '../../support/cli-harness.ts';
import { assertRunnable } from '../../support/commands.ts';
import { daemon, daemonInOrder, status, survey, tableInOrder } from '../../support/diagnosis.ts';
import { testApi, type TestApi } from '../../support/fake-ports.ts';

const CLOSED = 'http://127.0.0.1:49';
let api: TestApi;
let url: string;
let directory: string;
let asked: (string | undefined)[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-doctor-test-'));
  await mkdir(join(directory, 'log'));
  api = testApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await api.app.close();
  await rm(directory, { recursive: true, force: true });
});

function answer(view: DiagnosisView): void {
  const diagnosis: Diagnosis = { view, findings: diagnose(view) };
  api.ports.diagnosis = {
    diagnose: (table) => {
      asked.push(table?.name);
      return Promise.resolve(table?.name === 'gone' ? undefined : diagnosis);
    },
    health: () => Promise.resolve(undefined),
    healthHistory: () => Promise.resolve(undefined),
  };
}

beforeEach(() => {
  asked = [];
  answer(daemon({}));
});

const run = (args: readonly string[], setup?: CliSetup) => cli([...args, '--url', url], setup);

describe('doctor with a daemon', () => {
  test('all is well: exit 0', async () => {
    expect(await run(['doctor'])).toEqual({ code: 0, stdout: '', stderr: '1 table looked at: all is well\n' });
  });

  test('an error is told first, with evidence, remedy and command: exit 1', async () => {
    answer({
      daemon: daemonInOrder,
      tables: [
        ...survey({ smallFiles: 90, sparableFiles: 80 }).tables,
        ...status({ state: 'stopped', reason: 'why' }).tables,
      ],
    });
    const { code, stdout } = await run(['doctor']);
    expect(code).toBe(1);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('error  stopped: web.clicks has stopped and takes no records: why');
    expect(stdout).toContain('    small files: 90 % (from 50 % on)\n');
    expect(stdout).toContain('    small is below: 64.0 MiB\n');
    expect(stdout).toContain('    run: sluice compact web.clicks\n');
    expect(stdout.indexOf('warning  small-files')).toBeGreaterThan(stdout.indexOf('error  stopped'));
  });

  test('warnings alone are no failure', async () => {
    answer(survey({ snapshots: 5_000 }));
    const { code, stdout } = await run(['doctor', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      reachable: true,
      healthy: true,
      findings: [{ rule: 'metadata-sprawl', table: 'web.clicks', severity: 'warning' }],
      tables: [{ table: 'web.clicks', records_per_second: 1000 }],
    });
  });

  test('one table is asked for by its name; one that does not exist is a failure', async () => {
    await run(['doctor', 'web.clicks']);
    expect(asked).toEqual(['clicks']);
    const { code, stderr } = await run(['doctor', 'web.gone']);
    expect(code).toBe(1);
    expect(stderr).toContain('table "web.gone" does not exist');
  });
});

describe('doctor without a daemon', () => {
  const alone = async (yaml: string, setup: CliSetup = {}, address: readonly string[] = ['--url', CLOSED]) => {
    const { code, stdout } = await cli(['doctor', '-c', 's.yaml', '-o', 'json', ...address], {
      ...setup,
      files: { 's.yaml': yaml },
    });
    const found = JSON.parse(stdout) as {
      readonly findings: readonly { readonly rule: string; readonly severity: string; readonly command: string }[];
      readonly fine: readonly string[];
    };
    for (const { command } of found.findings) assertRunnable(command);
    return { code, ...found, rules: found.findings.map(({ rule }) => rule) };
  };
  const config = (): string => `log: {dir: "${join(directory, 'log')}"}`;

  test('says so and looks at configuration, environment and log', async () => {
    const { code, rules, fine } = await alone(config(), {
      findings: [{ check: 'catalog', level: 'ok', message: '3 tables' }],
    });
    expect([code, rules]).toEqual([1, ['daemon-unreachable']]);
    expect(fine).toEqual([
      'configuration: s.yaml',
      'catalog: 3 tables',
      'log: 0 files, 0 records wait for their tables',
    ]);
  });

  test('what the environment lacks is a finding', async () => {
    const { rules } = await alone(config(), {
      findings: [{ check: 'catalog', level: 'error', message: 'locked', remedy: 'unlock it' }],
    });
    expect(rules).toEqual(['daemon-unreachable', 'environment']);
  });

  test('a configuration that names no address is the finding', async () => {
    const { code, rules } = await alone('nonsense: 1', {}, []);
    expect([code, rules]).toEqual([1, ['configuration']]);
  });

  test('damage in the log is a finding, an error', async () => {
    const broken = join(directory, 'broken-log');
    const log = await openLog({ disk: new NodeDisk(), directory: broken, runtime: systemRuntime });
    for (const payload of ['{}\n', '{}\n'])
      await log.append([
        {
          table: tableUuid('0193f7a0-0000-7000-8000-00000000000a'),
          schemaId: 0,
          count: 1,
          payload: Buffer.from(payload),
        },
      ]);
    await log.close();
    const path = join(broken, 'segment-0000000000000001.log');
    const bytes = await readFile(path);
    // Inside the first frame; the second one says that it had been synced.
    bytes.writeUInt8(bytes.readUInt8(140) ^ 0xff, 140);
    await writeFile(path, bytes);
    const { findings, rules } = await alone(`log: {dir: "${broken}"}`);
    expect(rules).toEqual(['daemon-unreachable', 'log-damaged']);
    expect(findings[1]).toMatchObject({ severity: 'error', command: 'sluice log inspect --damaged' });
  });
});

describe('top', () => {
  test('one picture where there is no terminal: tables, budgets, findings', async () => {
    answer({ daemon: daemonInOrder, tables: [tableInOrder, ...status({ state: 'failing', reason: 'slow' }).tables] });
    const { code, stdout } = await run(['top']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toContain('ready  0 errors, 0 warnings');
    expect(stdout).toContain('log      [....................]   0 % of 4.0 GiB');
    const table = lines.findIndex((line) => line.startsWith('TABLE'));
    // What does not run stands first.
    expect(lines.slice(table + 1, table + 3).map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      ['web.clicks', 'failing', '1,000'],
      ['web.clicks', 'running', '1,000'],
    ]);
    expect(stdout).not.toContain('\u001b');
  });

  test('--once -o json is the diagnosis', async () => {
    expect(JSON.parse((await run(['top', '--once', '-o', 'json'])).stdout)).toMatchObject({ healthy: true });
  });

  test('on a terminal it redraws until a signal, and leaves the screen as it was', async () => {
    let send: (signal: string) => void = () => undefined;
    const running = run(['top', '--interval', '100ms'], { tty: true, signals: (to) => (send = to) });
    await expect.poll(() => asked.length).toBeGreaterThan(1);
    send('SIGINT');
    const { code, stdout } = await running;
    expect(code).toBe(0);
    expect(stdout.startsWith('\u001b[?1049h\u001b[?25l\u001b[H')).toBe(true);
    expect(stdout.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    // The harness has 80 columns; nothing wraps.
    const longest = Math.max(...stdout.split('\u001b[K').map((line) => stripVTControlCharacters(line).trim().length));
    expect(longest).toBeLessThanOrEqual(80);
  });

  test('q ends it', async () => {
    const { code } = await run(['top'], { tty: true, stdin: 'q' });
    expect(code).toBe(0);
  });

  test('no daemon: a failure that may pass', async () => {
    expect((await cli(['top', '--once', '--url', CLOSED])).code).toBe(75);
  });
});
