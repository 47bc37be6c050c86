/**
 * Each setting's key in the file, and whether a change of it holds at once or from the next start on. A setting that says neither does
 * not compile. Tables are not in here: `changes.ts` compares them by name.
 */
import type { Secret } from './secret.ts';
import type { Settings } from './settings.ts';

type Leaf = string | number | boolean | Secret | readonly unknown[] | ReadonlyMap<string, unknown>;

type PathsOf<T> = {
  [K in keyof T & string]-?: NonNullable<T[K]> extends Leaf ? K : `${K}.${PathsOf<NonNullable<T[K]>>}`;
}[keyof T & string];

/** Without what follows from others alone and has no key: the audit log's place is in the data directory. */
export type SettingPath = Exclude<PathsOf<Omit<Settings, 'source' | 'tables'>>, 'audit.path'>;

export interface SettingKey {
  readonly key: string;
  /** `live`: read at each use, or handed on by a `Reloadable`. `restart`: built into something at start. */
  readonly change: 'live' | 'restart';
}

const live = (key: string): SettingKey => ({ key, change: 'live' });
const restart = (key: string): SettingKey => ({ key, change: 'restart' });

export const SETTING_KEYS: Readonly<Record<SettingPath, SettingKey>> = {
  pipeline: restart('pipeline'),
  dataDir: restart('data_dir'),
  'server.host': restart('server.listen'),
  'server.port': restart('server.listen'),
  'server.admin.host': restart('server.admin'),
  'server.admin.port': restart('server.admin'),
  'server.tls.certFile': restart('server.tls.cert'),
  'server.tls.keyFile': restart('server.tls.key'),
  'server.tls.clientCaFile': restart('server.tls.client_ca'),
  'server.tls.requireClientCert': restart('server.tls.require_client_cert'),
  'server.tls.principals': restart('server.tls.principals'),
  'server.maxBodyBytes': live('server.max_body'),
  'server.shutdownGraceMs': live('server.shutdown_grace'),
  'server.drainDelayMs': live('server.drain_delay'),
  'server.maxRecordBytes': restart('server.limits.max_record'),
  'server.maxTextBytes': restart('server.limits.max_text'),
  'server.maxColumns': live('server.limits.max_columns'),
  'server.decompressionRatio': live('server.limits.decompression_ratio'),
  'server.bodyMemoryBytes': restart('server.limits.body_memory'),
  'server.maxHeaderBytes': restart('server.limits.max_header'),
  'server.maxConnections': live('server.limits.max_connections'),
  'server.headerTimeoutMs': live('server.limits.header_timeout'),
  'server.requestTimeoutMs': live('server.limits.request_timeout'),
  'server.keepAliveMs': live('server.limits.keep_alive'),
  'server.maxWaitMs': live('server.limits.max_wait'),
  'auth.keysFile': restart('auth.keys_file'),
  'auth.anonymous': restart('auth.anonymous'),
  'auth.limits.requestsPerSecond': restart('auth.limits.requests_per_second'),
  'auth.limits.bytesPerSecond': restart('auth.limits.bytes_per_second'),
  'auth.limits.requestsInFlight': restart('auth.limits.requests_in_flight'),
  'audit.maxFileBytes': restart('audit.max_file'),
  'audit.maxFiles': restart('audit.max_files'),
  's3.endpoint': restart('storage.s3.endpoint'),
  's3.region': restart('storage.s3.region'),
  's3.pathStyle': restart('storage.s3.path_style'),
  's3.credentials.accessKeyId': restart('storage.s3.access_key_id'),
  's3.credentials.secretAccessKey': restart('storage.s3.secret_access_key'),
  's3.credentials.sessionToken': restart('storage.s3.session_token'),
  's3.checksums': restart('storage.s3.checksums'),
  's3.partBytes': restart('storage.s3.part_size'),
  warehouse: restart('warehouse'),
  'catalog.type': restart('catalog.type'),
  'catalog.path': restart('catalog.path'),
  'catalog.name': restart('catalog.name'),
  'producers.maxAgeMs': restart('producers.key_window'),
  'producers.maxKeys': restart('producers.max_keys'),
  'producers.maxChannels': restart('producers.max_channels'),
  'log.dir': restart('log.dir'),
  'log.maxBytes': restart('log.max_bytes'),
  'log.tableShare': restart('log.table_share'),
  'log.segmentBytes': restart('log.segment_bytes'),
  'log.trimGraceMs': restart('log.trim_grace'),
  'checkpoint.intervalMs': live('checkpoint.interval'),
  'checkpoint.maxBytes': live('checkpoint.max_bytes'),
  'checkpoint.maxRows': live('checkpoint.max_rows'),
  'checkpoint.history': restart('checkpoint.history'),
  'memory.budgetBytes': restart('memory.budget'),
  'memory.duckdbBytes': restart('memory.duckdb'),
  spoolDir: restart('spool'),
  encoder: restart('encoder'),
  'file.targetBytes': restart('file.target'),
  'file.compression': restart('file.compression'),
  'maintenance.timeZone': restart('maintenance.time_zone'),
  'maintenance.windows': restart('maintenance.windows'),
  'maintenance.urgent.smallFilesRatio': restart('maintenance.urgent.small_files_ratio'),
  'maintenance.urgent.deletesRatio': restart('maintenance.urgent.deletes_ratio'),
  'maintenance.urgent.snapshots': restart('maintenance.urgent.snapshots'),
  'maintenance.urgent.manifests': restart('maintenance.urgent.manifests'),
  'maintenance.memoryBytes': restart('maintenance.memory'),
  'maintenance.threads': restart('maintenance.threads'),
  'maintenance.compaction.enabled': restart('maintenance.compaction.enabled'),
  'maintenance.compaction.schedule': restart('maintenance.compaction.schedule'),
  'maintenance.compaction.minFiles': restart('maintenance.compaction.min_files'),
  'maintenance.compaction.hotFiles': restart('maintenance.compaction.hot_files'),
  'maintenance.compaction.coldAfterMs': restart('maintenance.compaction.cold_after'),
  'maintenance.compaction.maxGroupBytes': restart('maintenance.compaction.max_group'),
  'maintenance.compaction.triggers.commits': restart('maintenance.compaction.triggers.commits'),
  'maintenance.compaction.triggers.bytes': restart('maintenance.compaction.triggers.bytes'),
  'maintenance.compaction.triggers.smallFiles': restart('maintenance.compaction.triggers.small_files'),
  'maintenance.compaction.triggers.smallFilesRatio': restart('maintenance.compaction.triggers.small_files_ratio'),
  'maintenance.compaction.triggers.deletesRatio': restart('maintenance.compaction.triggers.deletes_ratio'),
  'maintenance.expiry.enabled': restart('maintenance.expiry.enabled'),
  'maintenance.expiry.schedule': restart('maintenance.expiry.schedule'),
  'maintenance.expiry.maxAgeMs': restart('maintenance.expiry.max_age'),
  'maintenance.expiry.minSnapshots': restart('maintenance.expiry.min_snapshots'),
  'maintenance.expiry.deletesPerSecond': restart('maintenance.expiry.deletes_per_second'),
  'maintenance.expiry.triggers.commits': restart('maintenance.expiry.triggers.commits'),
  'maintenance.expiry.triggers.snapshots': restart('maintenance.expiry.triggers.snapshots'),
  'maintenance.manifests.triggers.commits': restart('maintenance.manifests.triggers.commits'),
  'maintenance.manifests.triggers.manifests': restart('maintenance.manifests.triggers.manifests'),
  'maintenance.manifests.enabled': restart('maintenance.manifests.enabled'),
  'maintenance.manifests.schedule': restart('maintenance.manifests.schedule'),
  'maintenance.orphans.enabled': restart('maintenance.orphans.enabled'),
  'maintenance.orphans.schedule': restart('maintenance.orphans.schedule'),
  'maintenance.orphans.minAgeMs': restart('maintenance.orphans.min_age'),
  'maintenance.orphans.quarantineMs': restart('maintenance.orphans.quarantine'),
  'maintenance.orphans.deletesPerSecond': restart('maintenance.orphans.deletes_per_second'),
  logLevel: live('telemetry.log_level'),
  'traces.url': restart('telemetry.traces.otlp'),
  'traces.sample': restart('telemetry.traces.sample'),
};

export const SETTING_PATHS = Object.keys(SETTING_KEYS) as readonly SettingPath[];

/** The value at a path; undefined when a part of the way is absent. */
export function settingAt(settings: Settings, path: SettingPath): unknown {
  let value: unknown = settings;
  for (const step of path.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[step];
  return value;
}
