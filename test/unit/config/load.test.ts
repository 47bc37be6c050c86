/** Promises of the configuration: every fault with file, line and column, all at once; nothing comes in from outside but what is named. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { LoadSources } from '../../../src/config/load.ts';
import { formatFault, loadSettings, parseSettings } from '../../../src/config/load.ts';
import type { Settings } from '../../../src/config/settings.ts';

const files: Readonly<Record<string, string>> = { '/run/secret': 'hush-hush\n', '/run/two-lines': 'a\nb\n' };
const sources: LoadSources = {
  env: {
    SLUICE_REGION: 'eu-west-1',
    SLUICE_EMPTY: '',
    SLUICE_YAML: 'x\nserver: {listen: "0.0.0.0:1"}',
    HOME: '/home/x',
    PORT: '1',
  },
  readFile: (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  },
  directory: '/srv/here',
};

test('texts made to be expensive are faults, in little time', () => {
  const tenfold = Array.from({ length: 12 }, (_, n) => `k${n + 1}: &a${n + 1} [${`*a${n},`.repeat(10)}]`).join('\n');
  expect(faults(`k0: &a0 [x]\n${tenfold}`)).toEqual([expect.stringMatching(/^f\.yaml:1:1 Excessive alias count/)]);
  expect(faults('pipeline: *nowhere')).toEqual([expect.stringMatching(/^f\.yaml:1:1 Unresolved alias/)]);
  expect(faults(Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join('\n'))).toHaveLength(100);
  expect(faults(`pipeline: ${'['.repeat(20_000)}`)).toHaveLength(1);
});

const faults = (text: string): readonly string[] => {
  const loaded = parseSettings(text, 'f.yaml', sources);
  return loaded.kind === 'valid' ? [] : loaded.faults.map(formatFault);
};

function settings(text: string): Settings {
  const loaded = parseSettings(text, 'f.yaml', sources);
  if (loaded.kind === 'invalid') throw new Error(loaded.faults.map(formatFault).join('\n'));
  return loaded.settings;
}

describe('an empty file', () => {
  test.each([['', '# only a comment\n', '---\n', '{}']])('%j is a valid local setup', (text) => {
    expect(settings(text)).toMatchObject({
      pipeline: 'sluice',
      dataDir: '/srv/here/sluice-data',
      server: { host: '127.0.0.1', port: 8080, maxBodyBytes: 20 * 1024 * 1024, drainDelayMs: 0 },
      warehouse: 'file:///srv/here/sluice-data/warehouse',
      catalog: { type: 'sqlite', path: '/srv/here/sluice-data/catalog.db', name: 'sluice' },
      log: { dir: '/srv/here/sluice-data/log' },
      spoolDir: '/srv/here/sluice-data/spool',
      encoder: 'duckdb',
      file: { compression: 'zstd' },
      tables: [],
    });
  });

  test('nobody but this machine, and nobody once there are keys; no limits; a bounded audit log', () => {
    expect(settings('')).toMatchObject({
      auth: { keysFile: '/srv/here/sluice-data/keys.yaml', anonymous: 'until-keys', limits: {} },
      audit: { path: '/srv/here/sluice-data/audit.log', maxFileBytes: 16 * 1024 * 1024, maxFiles: 8 },
    });
  });

  test('maintenance: at any time, by figures that suit a new user, and urgent where a cause takes all its points', () => {
    expect(settings('').maintenance).toMatchObject({
      timeZone: 'UTC',
      windows: [],
      urgent: { smallFilesRatio: 0.9, deletesRatio: 0.3, snapshots: 10_000, manifests: 2_000 },
      compaction: {
        enabled: true,
        triggers: { commits: 10, bytes: 1024 ** 3, smallFiles: 500, smallFilesRatio: 0.5, deletesRatio: 0.1 },
      },
      expiry: { enabled: true, triggers: { commits: 20, snapshots: 2_000 } },
      manifests: { enabled: true, triggers: { commits: 100, manifests: 500 } },
      orphans: { enabled: true },
    });
    const own = settings(
      'maintenance: {time_zone: Europe/Berlin, windows: ["mon-fri 22:00-06:00"], compaction: {hot_files: 25}, expiry: {min_snapshots: 7}}',
    ).maintenance;
    expect(own).toMatchObject({
      timeZone: 'Europe/Berlin',
      windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 22 * 60, toMinute: 6 * 60 }],
      compaction: { triggers: { commits: 25 } },
      expiry: { triggers: { commits: 7 } },
    });
  });

  test('settings are frozen all the way down', () => {
    const given = settings('');
    expect(Object.isFrozen(given)).toBe(true);
    expect(Object.isFrozen(given.server)).toBe(true);
    expect(Object.isFrozen(given.log)).toBe(true);
  });
});

describe('faults', () => {
  test.each<[string, string, readonly string[]]>([
    ['unknown key, near', 'sever: {}', ['f.yaml:1:1 sever: unknown key; did you mean "server"?']],
    [
      'unknown key, nested',
      'server:\n  max_bdy: 1MiB\n',
      ['f.yaml:2:3 server.max_bdy: unknown key; did you mean "max_body"?'],
    ],
    [
      'unknown key, hyphen for underscore',
      'checkpoint: { max-rows: 5 }',
      ['f.yaml:1:15 checkpoint.max-rows: unknown key; did you mean "max_rows"?'],
    ],
    [
      'unknown key, near nothing',
      'catalog: { zzz: 1 }',
      ['f.yaml:1:12 catalog.zzz: unknown key; expected one of type, path, name'],
    ],
    [
      'a duration without unit',
      'checkpoint:\n  interval: 10\n',
      ['f.yaml:2:13 checkpoint.interval: expected a duration such as 250ms, 10s, 5m or 1h'],
    ],
    ['too small', 'checkpoint: {interval: 5ms}', ['f.yaml:1:24 checkpoint.interval: is too small; at least 100ms']],
    ['too large', 'log: {segment_bytes: 3GiB}', ['f.yaml:1:22 log.segment_bytes: is too large; at most 2GiB']],
    [
      'a size in words',
      'server: {max_body: lots}',
      ['f.yaml:1:20 server.max_body: expected a size such as 64KiB, 256MiB or 20GiB'],
    ],
    [
      'a port alone',
      'server: {listen: 8080}',
      ['f.yaml:1:18 server.listen: expected host:port such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080'],
    ],
    ['a word of a list', 'encoder: duck', ['f.yaml:1:10 encoder: expected duckdb or parquetjs']],
    [
      'a scope',
      'server: {tls: {cert: c, key: k, client_ca: a, principals: {edge: [write]}}}',
      [
        'f.yaml:1:67 server.tls.principals.edge.0: expected a scope: append, read, maintain, admin, alone or with tables, as in append:web.*',
      ],
    ],
    [
      'client certificates that nobody can verify',
      'server: {tls: {cert: c, key: k, require_client_cert: true}}',
      ['f.yaml:1:54 server.tls.require_client_cert: needs client_ca: without it no certificate can be verified'],
    ],
    [
      'who may come without a key',
      'auth: {anonymous: sometimes}',
      ['f.yaml:1:19 auth.anonymous: expected until-keys or loopback or never or always'],
    ],
    [
      'a maintenance window',
      'maintenance: {windows: [nightly]}',
      [
        'f.yaml:1:25 maintenance.windows.0: expected a window such as "22:00-06:00", "mon-fri 22:00-06:00" or "sat,sun"',
      ],
    ],
    [
      'a time zone',
      'maintenance: {time_zone: Berlin}',
      ['f.yaml:1:26 maintenance.time_zone: expected a time zone such as UTC or Europe/Berlin'],
    ],
    [
      'a threshold above all',
      'maintenance: {compaction: {triggers: {small_files_ratio: 50}}}',
      ['f.yaml:1:58 maintenance.compaction.triggers.small_files_ratio: expected a fraction above 0 and up to 1'],
    ],
    ['a list for a map', 'server: [1]', ['f.yaml:1:9 server: expected keys and values']],
    ['nothing for a map', 'server:\n', ['f.yaml:1:8 server: expected keys and values']],
    ['a map for a list', 'tables: {a: 1}', ['f.yaml:1:9 tables: expected a list of tables']],
    ['text for the whole', 'hello', ['f.yaml:1:1 expected keys and values, such as "warehouse: s3://bucket/prefix"']],
    ['a doubled key', 'encoder: duckdb\nencoder: duckdb', ['f.yaml:2:1 key "encoder" is there twice']],
    ['a pipeline name', 'pipeline: My Pipe', ['f.yaml:1:11 pipeline: expected 1 to 64 of a-z, 0-9, "_" and "-"']],
    [
      'another scheme',
      'warehouse: gs://bucket/x',
      [
        'f.yaml:1:12 warehouse: location "gs://bucket/x" has the unsupported scheme gs:. Supported are file:///absolute/folder and s3://bucket/prefix.',
      ],
    ],
    [
      'missing members of a table',
      'tables:\n  - partition_by: []\n',
      [
        'f.yaml:2:5 tables.0.name: is missing; expected a name such as web.clicks',
        'f.yaml:2:5 tables.0.schema: is missing; expected a value',
      ],
    ],
    [
      'a table name',
      'tables:\n  - {name: ../x, schema: [{name: a, type: int}]}\n',
      ['f.yaml:2:12 tables.0.name: a name is ns.table, each part of letters, digits, "_" and "-", 128 at most'],
    ],
    [
      'two tables of one name',
      'tables:\n  - {name: a.b, schema: [{name: a, type: int}]}\n  - {name: a.b, schema: [{name: a, type: int}]}\n',
      ['f.yaml:3:12 tables.1.name: another table of this file has this name'],
    ],
    [
      'a partition of no column',
      'tables:\n  - name: a.b\n    schema: [{name: a, type: int}]\n    partition_by: [a, day(z)]\n',
      ['f.yaml:4:23 tables.0.partition_by.1: "z" is not a primitive column; expected one of a'],
    ],
    [
      'a transform that does not fit',
      'tables:\n  - name: a.b\n    schema: [{name: a, type: string}]\n    partition_by: [hour(a)]\n',
      ['f.yaml:4:20 tables.0.partition_by.0: hour does not apply to "a", a string'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  test('all of them at once, in the order of the file, columns of tables included', () => {
    const text = [
      'sever: {}',
      'checkpoint: {interval: 10}',
      'tables:',
      '  - name: a.b',
      '    schema:',
      '      - {name: id, type: lnog}',
      '      - {name: ts, type: timestamptz, requird: true}',
    ].join('\n');
    expect(faults(text).map((fault) => fault.slice(0, fault.indexOf(': ')))).toEqual([
      'f.yaml:1:1 sever',
      'f.yaml:2:24 checkpoint.interval',
      'f.yaml:6:26 tables.0.schema.0.type',
      'f.yaml:7:39 tables.0.schema.1.requird',
    ]);
  });

  test('a syntax error is named once a line, with the hint that interpolation wants quotes there', () => {
    expect(faults('storage: { s3: { region: ${env:SLUICE_REGION} } }')).toEqual([
      expect.stringMatching(/^f\.yaml:1:\d+ .*inside \{ \} and \[ \] a text with \$\{…\} wants quotes$/),
    ]);
  });

  test('loadSettings names them all and what to try', () => {
    const load = () => loadSettings('/run/two-lines', sources);
    expect(load).toThrow(
      expect.objectContaining({ kind: 'misconfigured', remedy: expect.stringContaining('validate') }),
    );
    expect(() => loadSettings('/absent.yaml', sources)).toThrow(expect.objectContaining({ kind: 'misconfigured' }));
  });
});

describe('rules between values', () => {
  const s3 = 'storage: {s3: {region: r, ';
  test.each<[string, string, string]>([
    [
      'the largest body fits in half of the memory budget',
      'server: {max_body: 200MiB}',
      'server.max_body: is more than half of memory.budget',
    ],
    [
      'body memory holds the largest body',
      'server: {max_body: 10MiB, limits: {body_memory: 5MiB}}',
      'server.limits.body_memory: is less than server.max_body',
    ],
    [
      'body memory is a part of the budget',
      'server: {limits: {body_memory: 1GiB}}',
      'server.limits.body_memory: is more than memory.budget',
    ],
    [
      'the drain delay is a part of the grace',
      'server: {drain_delay: 10s, shutdown_grace: 5s}',
      'server.drain_delay: is longer than server.shutdown_grace',
    ],
    [
      'headers are a part of the request',
      'server: {limits: {header_timeout: 9s, request_timeout: 5s}}',
      'server.limits.header_timeout: is longer than request_timeout',
    ],
    [
      'segments are small against the log',
      'log: {segment_bytes: 512MiB, max_bytes: 1GiB}\ncheckpoint: {max_bytes: 1MiB}',
      'log.segment_bytes: is more than a quarter of log.max_bytes',
    ],
    [
      'a table’s share holds the largest body',
      'log: {table_share: 0.001}',
      'log.table_share: leaves a table less than server.max_body',
    ],
    [
      'three checkpoints fit in the log',
      'checkpoint: {max_bytes: 2GiB}',
      'checkpoint.max_bytes: is more than a third of log.max_bytes',
    ],
    [
      'zstd needs the native encoder',
      'encoder: parquetjs\nfile: {compression: zstd}',
      'file.compression: zstd needs encoder duckdb',
    ],
    [
      'S3 needs a region',
      'warehouse: s3://bucket/x',
      'warehouse: the warehouse is on S3, so storage.s3.region is needed',
    ],
    [
      'keys come in pairs',
      `${s3}access_key_id: a}}`,
      'storage.s3.access_key_id: access_key_id and secret_access_key come together',
    ],
    ['a session token needs keys', `${s3}session_token: a}}`, 'storage.s3.session_token: a session token needs'],
  ])('%s', (_rule, text, expected) => {
    expect(faults(text)).toEqual([expect.stringContaining(` ${expected}`)]);
  });

  test('parquetjs without a compression takes snappy', () => {
    expect(settings('encoder: parquetjs').file.compression).toBe('snappy');
  });

  test('another vendor’s endpoint brings path style and required checksums only; AWS does not', () => {
    expect(settings('storage: {s3: {region: r, endpoint: "http://127.0.0.1:9000"}}').s3).toMatchObject({
      pathStyle: true,
      checksums: 'when-required',
    });
    expect(settings('storage: {s3: {region: r}}').s3).toMatchObject({ pathStyle: false, checksums: 'when-supported' });
  });

  test('s3a, s3n and s3p are s3', () => {
    for (const scheme of ['s3a', 's3n', 's3p'])
      expect(settings(`warehouse: ${scheme}://bucket/x/\nstorage: {s3: {region: r}}`).warehouse).toBe('s3://bucket/x');
  });
});

describe('interpolation', () => {
  const region = (text: string): string | undefined => settings(`storage: {s3: {region: "${text}"}}`).s3?.region;

  test('variables, defaults, files, and the text itself', () => {
    expect(region('${env:SLUICE_REGION}')).toBe('eu-west-1');
    expect(region('a-${env:SLUICE_REGION}-b')).toBe('a-eu-west-1-b');
    expect(region('${env:SLUICE_NONE:-us-east-1}')).toBe('us-east-1');
    expect(region('${env:SLUICE_EMPTY:-us-east-1}')).toBe('us-east-1');
    expect(region('${file:/run/secret}')).toBe('hush-hush');
    expect(region('$${env:SLUICE_REGION}')).toBe('${env:SLUICE_REGION}');
  });

  test('numbers and flags may come from outside too', () => {
    const given = parseSettings('allow_env: [PORT]\ncheckpoint: {max_rows: "${env:PORT}"}', 'f', sources);
    expect(given).toMatchObject({ kind: 'valid', settings: { checkpoint: { maxRows: 1 } } });
  });

  test('what comes in is never structure', () => {
    expect(region('${env:SLUICE_YAML}')).toBe(sources.env['SLUICE_YAML']);
    expect(settings('storage: {s3: {region: "${env:SLUICE_YAML}"}}').server.host).toBe('127.0.0.1');
  });

  test.each<[string, string]>([
    ['a variable outside allow_env', 'data_dir: ${env:HOME}'],
    ['a variable that is not set', 'data_dir: ${env:SLUICE_NONE}'],
    ['a file that is not there', 'data_dir: ${file:/run/none}'],
    ['a relative file', 'data_dir: ${file:none}'],
    ['an unknown kind', 'data_dir: ${vault:x}'],
    ['no kind', 'data_dir: ${HOME}'],
    ['no end', 'data_dir: "${env:SLUICE_REGION"'],
    ['a key', '"${env:SLUICE_REGION}": x'],
    ['allow_env itself', 'allow_env: ["${env:SLUICE_REGION}"]'],
  ])('%s is refused at its place', (_what, text) => {
    expect(faults(text)).toEqual([expect.stringMatching(/^f\.yaml:1:\d+ /)]);
  });

  test('allow_env replaces the default and takes exact names and prefixes', () => {
    expect(settings('allow_env: [HOME]\ndata_dir: ${env:HOME}').dataDir).toBe('/home/x');
    expect(settings('allow_env: ["HO*"]\ndata_dir: ${env:HOME}').dataDir).toBe('/home/x');
    expect(faults('allow_env: [HOME]\ndata_dir: ${env:SLUICE_REGION}')).toHaveLength(1);
  });
});

describe('secrets', () => {
  const text =
    'storage: {s3: {region: r, access_key_id: AKIA, secret_access_key: "${file:/run/secret}", session_token: tok-123}}';

  test('reveal what was given', () => {
    expect(settings(text).s3?.credentials?.secretAccessKey.reveal()).toBe('hush-hush');
  });

  test('never print', () => {
    const given = settings(text);
    const printed = [
      inspect(given, { depth: 10, showHidden: true }),
      JSON.stringify(given),
      String(given.s3?.credentials?.secretAccessKey),
    ];
    for (const form of printed) {
      expect(form).not.toContain('hush');
      expect(form).not.toContain('tok-123');
      expect(form).toContain('[secret]');
    }
  });

  test('stay out of fault messages: no message shows a value', () => {
    const bad =
      'checkpoint: {interval: "${file:/run/secret}"}\npipeline: "${file:/run/two-lines}"\nserver: {listen: "${file:/run/secret}"}';
    for (const fault of faults(bad)) expect(fault).not.toMatch(/hush|a\nb/);
    expect(faults(bad)).toHaveLength(3);
  });
});

test('tables become definitions with ids, transforms and sort order', () => {
  const [table] = settings(
    [
      'tables:',
      '  - name: web.clicks',
      '    schema:',
      '      - {name: id, type: uuid, required: true}',
      '      - {name: at, type: {type: struct, fields: [{name: ts, type: timestamptz}]}}',
      '      - {name: tags, type: "list<string>"}',
      '    partition_by: [day(at.ts), "bucket(16, id)", {source: id, transform: "bucket[8]", name: id8}]',
      '    sort_by: [at.ts desc nulls first, id]',
      '    identifier: [id]',
      '    properties: {write.x: "1"}',
    ].join('\n'),
  ).tables;
  expect(table).toEqual({
    name: { namespace: ['web'], name: 'clicks' },
    fields: [
      { id: 1, name: 'id', type: { kind: 'uuid' }, required: true },
      {
        id: 2,
        name: 'at',
        required: false,
        type: { kind: 'struct', fields: [{ id: 4, name: 'ts', type: { kind: 'timestamptz' }, required: false }] },
      },
      {
        id: 3,
        name: 'tags',
        required: false,
        type: { kind: 'list', elementId: 5, element: { kind: 'string' }, elementRequired: false },
      },
    ],
    identifierFieldIds: [1],
    partition: [
      { sourceId: 4, name: 'at.ts_day', transform: { kind: 'day' } },
      { sourceId: 1, name: 'id_bucket', transform: { kind: 'bucket', buckets: 16 } },
      { sourceId: 1, name: 'id8', transform: { kind: 'bucket', buckets: 8 } },
    ],
    sortOrder: {
      orderId: 1,
      fields: [
        { sourceId: 4, transform: { kind: 'identity' }, direction: 'desc', nullOrder: 'nulls-first' },
        { sourceId: 1, transform: { kind: 'identity' }, direction: 'asc', nullOrder: 'nulls-first' },
      ],
    },
    properties: new Map([['write.x', '1']]),
  });
});
