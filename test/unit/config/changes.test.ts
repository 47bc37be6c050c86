/** What a reload comes to, decided by settings alone: applied, waiting for a restart, without effect, and never a mixture that breaks a rule. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settingsChanges } from '../../../src/config/changes.ts';
import { describeSettings } from '../../../src/config/describe.ts';
import { parseSettings } from '../../../src/config/load.ts';
import { brokenRules } from '../../../src/config/rules.ts';
import { SETTING_KEYS, SETTING_PATHS } from '../../../src/config/setting-keys.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { fileSchema } from '../../../src/config/schema.ts';

const sources = { env: {}, readFile: () => 'from-a-file', directory: '/srv' };

function settings(yaml: string): Settings {
  const loaded = parseSettings(yaml, 'sluice.yaml', sources);
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.faults));
  return loaded.settings;
}

const changes = (running: string, next: string) => {
  const { applied, needsRestart, noEffect, settings: result } = settingsChanges(settings(running), settings(next));
  return { applied, needsRestart, noEffect, settings: result };
};

describe('what a change of the file comes to', () => {
  test('the same text: nothing', () => {
    expect(changes('', '')).toMatchObject({ applied: [], needsRestart: [], noEffect: [] });
  });

  test.each([
    [
      'checkpoint: {interval: 3s, max_bytes: 1MiB, max_rows: 5}',
      ['checkpoint.interval', 'checkpoint.max_bytes', 'checkpoint.max_rows'],
    ],
    ['telemetry: {log_level: debug}', ['telemetry.log_level']],
    ['server: {drain_delay: 5s, shutdown_grace: 9s}', ['server.shutdown_grace', 'server.drain_delay']],
    [
      'server: {limits: {max_connections: 7, keep_alive: 1s}}',
      ['server.limits.max_connections', 'server.limits.keep_alive'],
    ],
  ])('%s holds at once', (next, applied) => {
    const result = changes('', next);
    expect(result).toMatchObject({ applied, needsRestart: [] });
    expect(describeSettings(result.settings)).toEqual(describeSettings(settings(next)));
  });

  test.each([
    ['server: {listen: "127.0.0.1:9"}', ['server.listen']],
    ['pipeline: other', ['pipeline']],
    ['warehouse: file:///elsewhere', ['warehouse']],
    ['log: {dir: /other}', ['log.dir']],
    ['encoder: parquetjs', ['encoder', 'file.compression']],
    [
      'storage: {s3: {region: eu-west-1}}',
      ['storage.s3.region', 'storage.s3.path_style', 'storage.s3.checksums', 'storage.s3.part_size'],
    ],
  ])('%s waits for a restart and changes nothing', (next, needsRestart) => {
    const result = changes('', next);
    expect(result).toMatchObject({ applied: [], needsRestart });
    expect(describeSettings(result.settings)).toEqual(describeSettings(settings('')));
  });

  test('a changed secret is a change, though both print alike', () => {
    const with_ = (key: string) => `storage: {s3: {region: r, access_key_id: a, secret_access_key: ${key}}}`;
    expect(changes(with_('one'), with_('two')).needsRestart).toEqual(['storage.s3.secret_access_key']);
    expect(changes(with_('one'), with_('one')).needsRestart).toEqual([]);
  });

  test('a live setting that a rule ties to a waiting one waits with it; others do not', () => {
    const result = changes('', 'memory: {budget: 1GiB}\nserver: {max_body: 200MiB, drain_delay: 1s}');
    expect(result.applied).toEqual(['server.drain_delay']);
    expect(result.needsRestart).toEqual(['server.max_body', 'server.limits.body_memory', 'memory.budget']);
    expect(result.settings.server.maxBodyBytes).toBe(settings('').server.maxBodyBytes);
  });

  test('tables: new ones are created, changed and absent ones are left as they are', () => {
    const table = (name: string, type: string) => `{name: ${name}, schema: [{name: id, type: ${type}}]}`;
    const result = changes(
      `tables: [${table('a.kept', 'long')}, ${table('a.changed', 'long')}, ${table('a.gone', 'long')}]`,
      `tables: [${table('a.kept', 'long')}, ${table('a.changed', 'string')}, ${table('a.new', 'long')}]`,
    );
    expect(result.applied).toEqual(['tables.a.new']);
    expect(result.noEffect).toEqual([
      'tables.a.changed: the table exists and is left as it is',
      'tables.a.gone: tables that the file no longer names are kept',
    ]);
  });
});

/** Files whose settings are anywhere near each other's bounds. */
const files = fc
  .record({
    body: fc.integer({ min: 1, max: 300 }),
    budget: fc.integer({ min: 16, max: 600 }),
    held: fc.option(fc.integer({ min: 1, max: 300 })),
    drain: fc.integer({ min: 0, max: 60 }),
    grace: fc.integer({ min: 0, max: 60 }),
    log: fc.integer({ min: 16, max: 4_000 }),
    share: fc.constantFrom(0.1, 0.5, 1),
    epoch: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(
    (v) =>
      `server: {max_body: ${v.body}MiB, drain_delay: ${v.drain}s, shutdown_grace: ${v.grace}s${v.held === null ? '' : `, limits: {body_memory: ${v.held}MiB}`}}
memory: {budget: ${v.budget}MiB}
log: {max_bytes: ${v.log}MiB, segment_bytes: 1MiB, table_share: ${v.share}}
checkpoint: {max_bytes: ${v.epoch}MiB}`,
  )
  .map((yaml) => parseSettings(yaml, 'f', sources))
  .filter((loaded) => loaded.kind === 'valid')
  .map(({ settings }) => settings);

test('whatever the two files say, what holds after a reload breaks no rule, and a second reload changes nothing more', () => {
  fc.assert(
    fc.property(files, files, (running, next) => {
      const first = settingsChanges(running, next);
      expect(brokenRules(first.settings)).toEqual([]);
      const second = settingsChanges(first.settings, next);
      expect(second).toMatchObject({ applied: [], needsRestart: first.needsRestart });
    }),
    { numRuns: 300 },
  );
});

test('each key is one of the file, and the description of settings is a file that means the same', () => {
  const yaml = `server: {listen: "[::1]:8080"}
storage: {s3: {region: r, endpoint: "http://user:pass@host:9000", access_key_id: a, secret_access_key: very-secret}}`;
  const described = describeSettings(settings(yaml));
  expect(JSON.stringify(described)).not.toMatch(/very-secret|user:pass/);
  expect(fileSchema.safeParse(JSON.parse(JSON.stringify(described))).error).toBeUndefined();
  const again = parseSettings(JSON.stringify(described), 'f', sources);
  expect(again.kind === 'valid' && describeSettings(again.settings)).toEqual(JSON.parse(JSON.stringify(described)));
  const known = new Set(SETTING_PATHS.map((path) => SETTING_KEYS[path].key));
  for (const rule of brokenRules({
    ...settings(''),
    file: { targetBytes: 1, compression: 'zstd' },
    encoder: 'parquetjs',
  }))
    for (const key of rule.keys) expect(known).toContain(key);
});
