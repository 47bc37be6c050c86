/** A reload is carried out whole or not at all, whoever asks and however often. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LiveSettings } from '../../../src/config/live-settings.ts';
import { parseSettings } from '../../../src/config/load.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { formatTableName } from '../../../src/core/ids.ts';
import { Configuration, type Prepared } from '../../../src/service/configuration.ts';

const parse = (yaml: string) => parseSettings(yaml, 'sluice.yaml', { env: {}, readFile: () => '', directory: '/srv' });
const settingsOf = (yaml: string) => {
  const loaded = parse(yaml);
  if (loaded.kind === 'invalid') throw new Error('the fixture is not valid');
  return loaded.settings;
};

let file: string;
let live: LiveSettings;
let created: string[];
let applied: string[];
let logged: { readonly level: string; readonly facts: object; readonly message: string }[];
let failure: Error | undefined;
let configuration: Configuration;

beforeEach(() => {
  file = '';
  live = new LiveSettings(settingsOf(''));
  created = [];
  applied = [];
  logged = [];
  failure = undefined;
  configuration = new Configuration({
    live,
    reread: () => parse(file),
    createTable: ({ name }) => {
      if (failure !== undefined) return Promise.reject(failure);
      created.push(formatTableName(name));
      return Promise.resolve();
    },
    log: {
      info: (facts, message) => void logged.push({ level: 'info', facts, message }),
      error: (facts, message) => void logged.push({ level: 'error', facts, message }),
    },
  });
});

const part = (name: string, prepare: () => Promise<Prepared | undefined>) => configuration.register({ name, prepare });

test('what can be applied holds, for those who kept a section too; the rest is listed until a restart', async () => {
  const kept = live.section('checkpoint');
  file = 'checkpoint: {interval: 1s}\npipeline: other\ntables: [{name: a.b, schema: [{name: id, type: long}]}]';
  expect(await configuration.reload()).toEqual({
    kind: 'reloaded',
    applied: ['checkpoint.interval', 'tables.a.b'],
    needsRestart: ['pipeline'],
    noEffect: [],
  });
  expect([kept.intervalMs, live.current.pipeline, created]).toEqual([1_000, 'sluice', ['a.b']]);
  expect(configuration.running()).toMatchObject({
    settings: { checkpoint: { interval: '1s' }, pipeline: 'sluice' },
    needsRestart: ['pipeline'],
  });
  file = file.replace('pipeline: other\n', '');
  expect(await configuration.reload()).toMatchObject({ applied: [], needsRestart: [] });
  expect(configuration.running().needsRestart).toEqual([]);
});

test('an invalid file changes nothing and its faults are logged by line and column', async () => {
  file = 'checkpoint: {interval: 1s}\nsever: {}\n';
  expect(await configuration.reload()).toMatchObject({ kind: 'invalid', faults: [{ line: 2, column: 1 }] });
  expect(live.current.checkpoint.intervalMs).toBe(10_000);
  expect(logged[0]).toMatchObject({ level: 'error', facts: { faults: [expect.stringMatching(/^sluice\.yaml:2:1 /)] } });
});

describe('a part that cannot take its change', () => {
  beforeEach(() => (file = 'checkpoint: {interval: 1s}\ntables: [{name: a.b, schema: [{name: id, type: long}]}]'));

  test('refuses the reload before any other part has applied and before a table is created', async () => {
    part('keys', () => Promise.resolve({ applied: ['keys'], apply: () => void applied.push('keys') }));
    part('certificate', () =>
      Promise.reject(new SluiceError('misconfigured', 'no such file', { remedy: 'put it there' })),
    );
    expect(await configuration.reload()).toEqual({ kind: 'refused', reason: 'no such file', remedy: 'put it there' });
    expect([applied, created, live.current.checkpoint.intervalMs]).toEqual([[], [], 10_000]);
    expect(logged).toMatchObject([{ level: 'error', facts: { reason: 'no such file' } }]);
  });

  test('a catalog that is away is such a part', async () => {
    failure = new SluiceError('unavailable', 'the catalog is away');
    expect(await configuration.reload()).toMatchObject({ kind: 'refused', reason: 'the catalog is away' });
    expect(live.current.tables).toEqual([]);
    failure = undefined;
    expect(await configuration.reload()).toMatchObject({
      kind: 'reloaded',
      applied: ['checkpoint.interval', 'tables.a.b'],
    });
  });
});

test('parts are asked though the file is as it was: the files that it names may have changed', async () => {
  part('keys', () => Promise.resolve({ applied: ['keys (contents)'], apply: () => void applied.push('keys') }));
  part('quiet', () => Promise.resolve(undefined));
  expect(await configuration.reload()).toMatchObject({ applied: ['keys (contents)'] });
  expect(applied).toEqual(['keys']);
});

test('reloads asked for together run one after the other', async () => {
  let inside = 0;
  part('slow', async () => {
    expect((inside += 1)).toBe(1);
    await Promise.resolve();
    inside -= 1;
    return undefined;
  });
  const outcomes = await Promise.all([configuration.reload(), configuration.reload(), configuration.reload()]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['reloaded', 'reloaded', 'reloaded']);
});

test('without a file there is nothing to read again', async () => {
  const bare = new Configuration({
    live,
    createTable: () => Promise.resolve(),
    log: { info: () => undefined, error: () => undefined },
  });
  expect(await bare.reload()).toMatchObject({ kind: 'refused', remedy: expect.stringContaining('-c') });
});

test('a text is checked without reading the files and variables it names', () => {
  expect(configuration.validate('storage: {s3: {region: "${file:/dev/zero}"}}')).toEqual([]);
  expect(configuration.validate('server: {listen: "${env:SLUICE_LISTEN:-[::1]:80}"}')).toEqual([]);
  const [fault] = configuration.validate('allow_env: [PATH]\nwarehouse: "gs://${env:PATH}"');
  expect(fault?.message).toContain('gs://unread');
  expect(configuration.validate('pipline: x')).toMatchObject([
    { file: 'request', line: 1, column: 1, path: 'pipline' },
  ]);
});
