/**
 * The shape of the configuration file (snake_case, as people write it) with defaults and descriptions. The JSON Schema is generated
 * from it. Owns single values; rules between values and paths derived from others are `resolve.ts`.
 */
import * as z from 'zod';
import {
  count,
  duration,
  flag,
  fraction,
  listen,
  maintenanceWindow,
  matching,
  oneOf,
  schedule,
  scopeText,
  secret,
  size,
  text,
  timeZone,
} from './scalars.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const HOUR_MS = 3_600_000;
const GiB = 1024 * MiB;

const limits = z.strictObject({
  decompression_ratio: count({ min: 2, max: 100_000 })
    .prefault(200)
    .describe('A compressed body may unpack to at most this many times its size (above the first 1 MiB).'),
  max_record: size({ min: KiB, max: 8 * MiB })
    .prefault('1MiB')
    .describe('Bytes of one record. A record is checked in one go, while no other request is looked at.'),
  max_text: size({ min: KiB, max: 8 * MiB })
    .optional()
    .describe('Bytes of one text in a record, base64 and keys of maps included. Default: as long as the record.'),
  max_columns: count({ min: 1, max: 100_000 })
    .prefault(2000)
    .describe('Columns of a table that is created over HTTP, nested ones included.'),
  body_memory: size({ min: MiB })
    .optional()
    .describe('Bytes of request bodies held at once; beyond it requests get 503. Default: a quarter of memory.budget.'),
  max_header: size({ min: 4 * KiB, max: MiB })
    .prefault('16KiB')
    .describe('Bytes of a request line and its headers.'),
  max_connections: count({ min: 1 }).prefault(4096).describe('Connections held open at once.'),
  header_timeout: duration({ min: 100 }).prefault('10s').describe('Time a client has to send its headers.'),
  request_timeout: duration({ min: 100 }).prefault('60s').describe('Time a client has to send a whole request.'),
  keep_alive: duration().prefault('65s').describe('An idle connection is closed after this time.'),
  max_wait: duration({ min: 1000 }).prefault('5m').describe('Longest ?timeout= a client may ask for.'),
});

const scopes = z
  .array(scopeText(), 'expected a list of scopes such as append:web.*')
  .describe('append, read, maintain or admin, each alone or with tables, as in append:web.*.');

const tls = z.strictObject({
  cert: text('a path').describe('PEM file with the certificate and its chain. Read again when it changes.'),
  key: text('a path').describe('PEM file with its private key.'),
  client_ca: text('a path').optional().describe('PEM file with the authorities that sign client certificates.'),
  require_client_cert: flag().prefault(false).describe('Refuse connections without a certificate of client_ca.'),
  principals: z
    .record(z.string(), scopes)
    .prefault({})
    .describe('Common name of a client certificate, and what its holder may do.'),
});

const server = z.strictObject({
  listen: listen()
    .prefault('127.0.0.1:8080')
    .describe(
      'Address of the HTTP API. Other than loopback only with API keys, client certificates, or auth.anonymous.',
    ),
  admin: listen()
    .optional()
    .describe('Address of its own for routes that maintain or administer, and for /metrics. Default: server.listen.'),
  tls: tls.optional().describe('HTTPS on every listener.'),
  max_body: size({ min: KiB, max: GiB }).prefault('20MiB').describe('Bytes of a request body after decompression.'),
  shutdown_grace: duration()
    .prefault('45s')
    .describe('Time from SIGTERM to the end of the final checkpoint; drain_delay is a part of it.'),
  drain_delay: duration()
    .prefault('0s')
    .describe('After SIGTERM, go on serving this long while /readyz says no, so that load balancers notice.'),
  limits: limits.prefault({}),
});

const auth = z.strictObject({
  keys_file: text('a path').optional().describe('Hashes of API keys (`sluice keys`). Default: <data_dir>/keys.yaml.'),
  anonymous: oneOf('until-keys', 'loopback', 'never', 'always')
    .prefault('until-keys')
    .describe(
      'Who may do everything without a key: this machine while there is no key, this machine, nobody, everybody.',
    ),
  limits: z
    .strictObject({
      requests_per_second: count({ min: 1 }).optional(),
      bytes_per_second: size({ min: KiB }).optional().describe('Of request bodies, after decompression.'),
      requests_in_flight: count({ min: 1 }).optional(),
    })
    .prefault({})
    .describe(
      'For each key without limits of its own, each certificate, and each address of anonymous clients. Default: none.',
    ),
});

const audit = z.strictObject({
  max_file: size({ min: 64 * KiB })
    .prefault('16MiB')
    .describe('<data_dir>/audit.log is rotated at this size.'),
  max_files: count({ min: 2, max: 1000 }).prefault(8).describe('Files kept, the one written to included.'),
});

const s3 = z.strictObject({
  endpoint: matching('an http:// or https:// URL', /^https?:\/\/[^\s/]+/)
    .optional()
    .describe('Only for stores other than AWS.'),
  region: text('a region such as eu-west-1').optional().describe('Needed when the warehouse is on S3.'),
  path_style: flag()
    .optional()
    .describe('https://host/bucket/key instead of https://bucket.host/key. Default: true with an endpoint.'),
  access_key_id: text()
    .optional()
    .describe('Default: the usual AWS chain (environment, profile, web identity, instance role).'),
  secret_access_key: secret().optional(),
  session_token: secret().optional(),
  checksums: oneOf('when-supported', 'when-required')
    .optional()
    .describe('Default: when-supported on AWS, when-required with an endpoint.'),
  part_size: size({ min: 5 * MiB, max: 5 * GiB })
    .prefault('16MiB')
    .describe('Larger objects are sent in parts of this size.'),
});

const catalog = z.strictObject({
  type: oneOf('sqlite').prefault('sqlite'),
  path: text('a path').optional().describe('Default: <data_dir>/catalog.db.'),
  name: text('a name').prefault('sluice').describe('catalog_name of the rows, as in the Java JdbcCatalog.'),
});

const log = z.strictObject({
  dir: text('a path').optional().describe('Default: <data_dir>/log.'),
  max_bytes: size({ min: 16 * MiB })
    .prefault('4GiB')
    .describe('Bytes of acknowledged, not yet trimmed records; beyond it requests get 503.'),
  table_share: fraction().prefault(0.5).describe('Part of max_bytes that one table may hold.'),
  segment_bytes: size({ min: MiB, max: 2 * GiB })
    .prefault('64MiB')
    .describe('A segment file is closed near this size.'),
  trim_grace: duration().prefault('10m').describe('Committed records stay in the log this long.'),
});

const checkpoint = z.strictObject({
  interval: duration({ min: 100 }).prefault('10s').describe('Records are in the table at most about this much later.'),
  max_bytes: size({ min: MiB }).prefault('512MiB').describe('Checkpoint early when this many bytes wait.'),
  max_rows: count({ min: 1 }).prefault(4_000_000).describe('Checkpoint early when this many records wait.'),
  history: count({ min: 1, max: 10_000 }).prefault(100).describe('Checkpoint records kept a table.'),
});

const producers = z.strictObject({
  key_window: duration({ min: 60_000 })
    .prefault('24h')
    .describe('An Idempotency-Key is remembered this long; time in which the daemon is down does not count.'),
  max_keys: count({ min: 1, max: 1_000_000 })
    .prefault(10_000)
    .describe('Idempotency keys remembered a table, about 150 bytes each in every checkpoint that follows a new one.'),
  max_channels: count({ min: 1, max: 1_000_000 }).prefault(10_000).describe('Channels a table may have open.'),
});

const memory = z.strictObject({
  budget: size({ min: 16 * MiB })
    .prefault('256MiB')
    .describe('Bytes of request bodies and records on their way.'),
  duckdb: size({ min: 192 * MiB })
    .prefault('512MiB')
    .describe('Memory limit of the column engine; beyond it it spills to disk.'),
});

const file = z.strictObject({
  target: size({ min: MiB, max: 8 * GiB })
    .prefault('256MiB')
    .describe('A data file is rolled near this size.'),
  compression: oneOf('zstd', 'snappy', 'none').optional().describe('Default: zstd; snappy with encoder parquetjs.'),
});

const commits = (otherwise: string) =>
  count({ min: 1 }).optional().describe(`The schedule looks at a table after so many commits. Default: ${otherwise}.`);

const compactionTriggers = z.strictObject({
  commits: commits('hot_files'),
  bytes: size({ min: MiB }).prefault('1GiB').describe('The schedule looks at a table that grew by so much.'),
  small_files: count({ min: 2 })
    .prefault(500)
    .describe('Looked at within a minute: a table with so many files that a compaction would spare.'),
  small_files_ratio: fraction()
    .prefault(0.5)
    .describe('The same, for so large a part of its files (from 20 files on).'),
  deletes_ratio: fraction()
    .prefault(0.1)
    .describe('The same, for so many deleted rows for each row of the data files.'),
});

const compaction = z.strictObject({
  enabled: flag().prefault(true).describe('Merge small files, split large ones and apply deletes by itself.'),
  schedule: schedule()
    .prefault('* * * * *')
    .describe('When tables are looked at: a cron expression in maintenance.time_zone.'),
  min_files: count({ min: 2, max: 1000 })
    .prefault(5)
    .describe('Fewer small files are merged only when together they fill file.target.'),
  hot_files: count({ min: 2, max: 10_000 })
    .prefault(10)
    .describe('In partitions that still get files, so many of about one size are merged.'),
  cold_after: duration({ min: 1000 })
    .prefault('10m')
    .describe('A partition without a new file for this long is cold: all its small files are merged.'),
  max_group: size({ min: 8 * MiB, max: 64 * GiB })
    .prefault('1GiB')
    .describe('Bytes rewritten and committed at once; local disk holds them twice.'),
  triggers: compactionTriggers.prefault({}),
});

const expiry = z.strictObject({
  enabled: flag().prefault(true).describe('Forget old snapshots and delete what only they need.'),
  schedule: schedule()
    .prefault('7 * * * *')
    .describe('When tables are looked at: a cron expression in maintenance.time_zone.'),
  max_age: duration({ min: 60_000 })
    .prefault('3h')
    .describe('Snapshots younger than this stay. history.expire.max-snapshot-age-ms of a table goes before.'),
  min_snapshots: count({ min: 1 })
    .prefault(20)
    .describe('At least so many stay. history.expire.min-snapshots-to-keep of a table goes before.'),
  deletes_per_second: count({ min: 1 }).prefault(500).describe('Objects deleted a second at most.'),
  triggers: z
    .strictObject({
      commits: commits('min_snapshots'),
      snapshots: count({ min: 1 }).prefault(2_000).describe('Looked at within a minute: a table with so many.'),
    })
    .prefault({}),
});

const manifests = z.strictObject({
  enabled: flag().prefault(true).describe('Cluster manifests by partition, so that readers open fewer of them.'),
  schedule: schedule()
    .prefault('41 4 * * *')
    .describe('When tables are looked at: a cron expression in maintenance.time_zone.'),
  triggers: z
    .strictObject({
      commits: count({ min: 1 }).prefault(100).describe('The schedule looks at a table after so many commits.'),
      manifests: count({ min: 2 }).prefault(500).describe('Looked at within a minute: a table with so many.'),
    })
    .prefault({}),
});

const orphans = z.strictObject({
  enabled: flag().prefault(true).describe('Delete files under the location of a table that nothing reaches.'),
  schedule: schedule()
    .prefault('23 3 * * *')
    .describe('When tables are looked at: a cron expression in maintenance.time_zone.'),
  min_age: duration({ min: 72 * HOUR_MS })
    .prefault('96h')
    .describe('Files younger than this may be about to be committed, by whatever writer, and stay.'),
  quarantine: duration({ min: HOUR_MS })
    .prefault('24h')
    .describe('An orphan is deleted by a run that finds it this long after the run that listed it first.'),
  deletes_per_second: count({ min: 1 }).prefault(200).describe('Objects deleted a second at most.'),
});

/** Where a cause takes all of its points in the health score. */
const urgent = z.strictObject({
  small_files_ratio: fraction()
    .prefault(0.9)
    .describe('Part of the files that a compaction would spare (from 20 files on).'),
  deletes_ratio: fraction().prefault(0.3).describe('Deleted rows for each row of the data files.'),
  snapshots: count({ min: 1 }).prefault(10_000),
  manifests: count({ min: 2 }).prefault(2_000),
});

const maintenance = z.strictObject({
  time_zone: timeZone().prefault('UTC').describe('Of windows and schedules, as in Europe/Berlin.'),
  windows: z
    .array(maintenanceWindow(), 'expected a list of windows such as "mon-fri 22:00-06:00"')
    .prefault([])
    .describe(
      'Outside of them only what is asked for or urgent is done: days, hours, or both, as in "mon-fri 22:00-06:00" and "sat,sun". None: at any time.',
    ),
  urgent: urgent.prefault({}).describe('From these figures on a table is looked after outside of the windows too.'),
  memory: size({ min: 128 * MiB })
    .prefault('256MiB')
    .describe('Memory limit of rewriting, apart from memory.duckdb; beyond it it spills to disk.'),
  threads: count({ min: 1, max: 64 }).prefault(1).describe('Threads of rewriting.'),
  compaction: compaction.prefault({}),
  expiry: expiry.prefault({}),
  manifests: manifests.prefault({}),
  orphans: orphans.prefault({}),
});

/** Types of a table's members are checked by `record/table-input.ts`; here only their JSON Schema is said. */
const columnType = { $ref: '#/$defs/type' };
const fieldShape = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    type: columnType,
    required: { type: 'boolean', default: false },
    doc: { type: 'string' },
    id: { type: 'integer', description: 'Read and ignored: a new table assigns its own ids.' },
  },
  required: ['name', 'type'],
  additionalProperties: false,
};

export const TYPE_DEFINITION = {
  description:
    'An Iceberg type: long, decimal(9,2), timestamptz, list<string>, map<string, long>, struct<a: int> or its JSON form.',
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: {
        type: { const: 'list' },
        element: columnType,
        'element-required': { type: 'boolean' },
        'element-id': { type: 'integer' },
      },
      required: ['type', 'element'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: {
        type: { const: 'map' },
        key: columnType,
        'key-id': { type: 'integer' },
        value: columnType,
        'value-required': { type: 'boolean' },
        'value-id': { type: 'integer' },
      },
      required: ['type', 'key', 'value'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { type: { const: 'struct' }, fields: { type: 'array', items: fieldShape, minItems: 1 } },
      required: ['type', 'fields'],
      additionalProperties: false,
    },
  ],
};

const table = z.strictObject({
  name: text('a name such as web.clicks').describe('Namespace and name, separated by dots.'),
  schema: z.unknown().meta({ type: 'array', items: fieldShape, minItems: 1 }).describe('Columns with Iceberg types.'),
  partition_by: z
    .unknown()
    .optional()
    .meta({ type: 'array', items: { type: ['string', 'object'] } })
    .describe('Transforms such as day(ts), bucket(16, user_id), truncate(4, name), or a column.'),
  sort_by: z
    .unknown()
    .optional()
    .meta({ type: 'array', items: { type: ['string', 'object'] } })
    .describe('Columns or transforms, each with asc or desc and nulls first or nulls last.'),
  identifier: z
    .unknown()
    .optional()
    .meta({ type: 'array', items: { type: 'string' } })
    .describe('Required columns that together identify a row.'),
  properties: z
    .record(z.string(), text())
    .prefault({})
    .describe(
      'Iceberg table properties; sluice.on-error: dead_letter keeps records that do not fit (docs/dead-letters.md).',
    ),
});

const traces = z.strictObject({
  otlp: matching('an http:// or https:// URL without user and password', /^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/).describe(
    'OTLP/HTTP collector that takes a trace of every checkpoint, e.g. http://otel:4318; /v1/traces is added to a bare address.',
  ),
  sample: fraction()
    .prefault(0.01)
    .describe('Part of the requests for records that are traced, of those that come without a traceparent.'),
});

export const fileSchema = z.strictObject({
  version: z.literal(1, 'expected 1').optional().describe('Version of this format.'),
  allow_env: z
    .array(matching('a variable name, or a prefix and "*"', /^[A-Za-z_][A-Za-z0-9_]*\*?$/), 'expected a list of names')
    .prefault(['SLUICE_*'])
    .describe('Variables that ${env:NAME} may name; "PREFIX_*" allows all that begin so.'),
  pipeline: matching('1 to 64 of a-z, 0-9, "_" and "-"', /^[a-z0-9_-]{1,64}$/)
    .prefault('sluice')
    .describe('Name under which tables keep the progress of this daemon. Never change it for a running log.'),
  data_dir: text('a path')
    .prefault('./sluice-data')
    .describe('Where everything local is; relative to the working directory.'),
  server: server.prefault({}),
  auth: auth.prefault({}),
  audit: audit.prefault({}),
  storage: z.strictObject({ s3: s3.optional() }).prefault({}),
  warehouse: text('a file:// or s3:// URI')
    .optional()
    .describe('Where tables lie. Default: file://<data_dir>/warehouse.'),
  catalog: catalog.prefault({}),
  log: log.prefault({}),
  checkpoint: checkpoint.prefault({}),
  producers: producers.prefault({}),
  memory: memory.prefault({}),
  spool: text('a path').optional().describe('Scratch directory of the column engine. Default: <data_dir>/spool.'),
  encoder: oneOf('duckdb', 'parquetjs')
    .prefault('duckdb')
    .describe('Native engine, or pure JavaScript for flat schemas.'),
  file: file.prefault({}),
  maintenance: maintenance.prefault({}),
  tables: z.array(table, 'expected a list of tables').prefault([]).describe('Tables created at start when absent.'),
  telemetry: z
    .strictObject({
      log_level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal').prefault('info'),
      traces: traces.optional(),
    })
    .prefault({}),
});

export type ParsedFile = z.output<typeof fileSchema>;
