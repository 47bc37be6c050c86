/**
 * From the parsed file to `Settings`: derived defaults, absolute paths. The rules between values are `rules.ts`.
 */
import { resolve as absolute } from 'node:path';
import type { RateLimits } from '../contracts/access.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import { SluiceError } from '../core/errors.ts';
import { formatTableName, pipelineId } from '../core/ids.ts';
import { CREATABLE_NAME_RULE, isCreatableName, parseTableName } from '../record/table-name.ts';
import { parseTableInput } from '../record/table-input.ts';
import type { Problem } from '../record/type-text.ts';
import { isRecord } from '../record/type-text.ts';
import { parseRoot } from '../store/uri.ts';
import type { Path } from './positions.ts';
import { brokenRules, pathOfRule } from './rules.ts';
import type { ParsedFile } from './schema.ts';
import type { MaintenanceSettings, S3Settings, Settings, TlsSettings } from './settings.ts';

export type Fault = Problem;

/** All faults at once, or settings. Relative paths count from `directory`. */
export function resolveSettings(
  file: ParsedFile,
  directory: string,
): { readonly settings: Settings } | { readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const { server, log, checkpoint, producers, memory } = file;
  const dataDir = absolute(directory, file.data_dir);
  const inData = (given: string | undefined, name: string): string =>
    absolute(directory, given ?? `${dataDir}/${name}`);
  const warehouse = resolveWarehouse(file.warehouse ?? `file://${dataDir}/warehouse`, faults);
  const s3 = resolveS3(file.storage.s3, warehouse.startsWith('s3:'), faults);
  const compression = file.file.compression ?? (file.encoder === 'parquetjs' ? 'snappy' : 'zstd');
  const bodyMemory = server.limits.body_memory ?? Math.max(Math.floor(memory.budget / 4), server.max_body);

  const tls = resolveTls(
    server.tls,
    directory,
    (holds, path, message) => void (holds || faults.push({ path, message })),
  );
  const tables = resolveTables(file.tables, faults);

  const settings: Settings = {
    pipeline: pipelineId(file.pipeline),
    dataDir,
    server: {
      host: server.listen.host,
      port: server.listen.port,
      ...(server.admin === undefined ? {} : { admin: server.admin }),
      ...(tls === undefined ? {} : { tls }),
      maxBodyBytes: server.max_body,
      maxRecordBytes: server.limits.max_record,
      ...(server.limits.max_text === undefined ? {} : { maxTextBytes: server.limits.max_text }),
      maxColumns: server.limits.max_columns,
      shutdownGraceMs: server.shutdown_grace,
      drainDelayMs: server.drain_delay,
      decompressionRatio: server.limits.decompression_ratio,
      bodyMemoryBytes: bodyMemory,
      maxHeaderBytes: server.limits.max_header,
      maxConnections: server.limits.max_connections,
      headerTimeoutMs: server.limits.header_timeout,
      requestTimeoutMs: server.limits.request_timeout,
      keepAliveMs: server.limits.keep_alive,
      maxWaitMs: server.limits.max_wait,
    },
    auth: {
      keysFile: inData(file.auth.keys_file, 'keys.yaml'),
      anonymous: file.auth.anonymous,
      limits: rateLimits(file.auth.limits),
    },
    audit: { path: `${dataDir}/audit.log`, maxFileBytes: file.audit.max_file, maxFiles: file.audit.max_files },
    ...(s3 === undefined ? {} : { s3 }),
    warehouse,
    catalog: { type: file.catalog.type, path: inData(file.catalog.path, 'catalog.db'), name: file.catalog.name },
    log: {
      dir: inData(log.dir, 'log'),
      maxBytes: log.max_bytes,
      tableShare: log.table_share,
      segmentBytes: log.segment_bytes,
      trimGraceMs: log.trim_grace,
    },
    checkpoint: {
      intervalMs: checkpoint.interval,
      maxBytes: checkpoint.max_bytes,
      maxRows: checkpoint.max_rows,
      history: checkpoint.history,
    },
    producers: {
      maxAgeMs: producers.key_window,
      maxKeys: producers.max_keys,
      maxChannels: producers.max_channels,
    },
    memory: { budgetBytes: memory.budget, duckdbBytes: memory.duckdb },
    spoolDir: inData(file.spool, 'spool'),
    encoder: file.encoder,
    file: { targetBytes: file.file.target, compression },
    maintenance: maintenanceOf(file.maintenance),
    tables,
    logLevel: file.telemetry.log_level,
    ...(file.telemetry.traces === undefined ? {} : { traces: resolveTraces(file.telemetry.traces) }),
  };
  for (const rule of brokenRules(settings)) faults.push({ path: pathOfRule(rule), message: rule.message });
  if (faults.length > 0) return { faults };
  return { settings: deepFreeze(settings) };
}

type Rule = (holds: boolean, path: Path, message: string) => void;

function resolveTls(tls: ParsedFile['server']['tls'], directory: string, rule: Rule): TlsSettings | undefined {
  if (tls === undefined) return undefined;
  const { cert, key, client_ca: ca, require_client_cert: required, principals } = tls;
  rule(
    ca !== undefined || !required,
    ['server', 'tls', 'require_client_cert'],
    'needs client_ca: without it no certificate can be verified',
  );
  rule(
    ca !== undefined || Object.keys(principals).length === 0,
    ['server', 'tls', 'principals'],
    'needs client_ca: without it no certificate can be verified',
  );
  return {
    certFile: absolute(directory, cert),
    keyFile: absolute(directory, key),
    ...(ca === undefined ? {} : { clientCaFile: absolute(directory, ca) }),
    requireClientCert: required,
    principals: new Map(Object.entries(principals)),
  };
}

const rateLimits = (limits: ParsedFile['auth']['limits']): RateLimits => ({
  ...(limits.requests_per_second === undefined ? {} : { requestsPerSecond: limits.requests_per_second }),
  ...(limits.bytes_per_second === undefined ? {} : { bytesPerSecond: limits.bytes_per_second }),
  ...(limits.requests_in_flight === undefined ? {} : { requestsInFlight: limits.requests_in_flight }),
});

/** A bare address gets the path that OTLP/HTTP says; a path that is given is taken as it is. */
function resolveTraces({ otlp, sample }: NonNullable<ParsedFile['telemetry']['traces']>): Settings['traces'] & object {
  const url = new URL(otlp);
  return { url: url.pathname === '/' ? new URL('/v1/traces', url).href : url.href, sample };
}

const maintenanceOf = ({
  time_zone,
  windows,
  urgent,
  memory,
  threads,
  compaction,
  expiry,
  manifests,
  orphans,
}: ParsedFile['maintenance']): MaintenanceSettings => ({
  timeZone: time_zone,
  windows,
  urgent: {
    smallFilesRatio: urgent.small_files_ratio,
    deletesRatio: urgent.deletes_ratio,
    snapshots: urgent.snapshots,
    manifests: urgent.manifests,
  },
  memoryBytes: memory,
  threads,
  compaction: {
    enabled: compaction.enabled,
    schedule: compaction.schedule,
    minFiles: compaction.min_files,
    hotFiles: compaction.hot_files,
    coldAfterMs: compaction.cold_after,
    maxGroupBytes: compaction.max_group,
    triggers: {
      commits: compaction.triggers.commits ?? compaction.hot_files,
      bytes: compaction.triggers.bytes,
      smallFiles: compaction.triggers.small_files,
      smallFilesRatio: compaction.triggers.small_files_ratio,
      deletesRatio: compaction.triggers.deletes_ratio,
    },
  },
  expiry: {
    enabled: expiry.enabled,
    schedule: expiry.schedule,
    maxAgeMs: expiry.max_age,
    minSnapshots: expiry.min_snapshots,
    deletesPerSecond: expiry.deletes_per_second,
    triggers: {
      commits: expiry.triggers.commits ?? expiry.min_snapshots,
      snapshots: expiry.triggers.snapshots,
    },
  },
  manifests: { enabled: manifests.enabled, schedule: manifests.schedule, triggers: manifests.triggers },
  orphans: {
    enabled: orphans.enabled,
    schedule: orphans.schedule,
    minAgeMs: orphans.min_age,
    quarantineMs: orphans.quarantine,
    deletesPerSecond: orphans.deletes_per_second,
  },
});

/** One spelling: no trailing slash, `s3://` for all schemes of that identity. */
function resolveWarehouse(uri: string, faults: Fault[]): string {
  try {
    return parseRoot(uri).uri;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    faults.push({ path: ['warehouse'], message: [error.message, error.remedy].filter(Boolean).join('. ') });
    return '';
  }
}

function resolveS3(s3: ParsedFile['storage']['s3'], needed: boolean, faults: Fault[]): S3Settings | undefined {
  if (s3 === undefined && !needed) return undefined;
  const { region, endpoint, access_key_id: id, secret_access_key: key, session_token: token } = s3 ?? {};
  if (region === undefined)
    faults.push({
      path: s3 === undefined ? ['warehouse'] : ['storage', 's3'],
      message: 'the warehouse is on S3, so storage.s3.region is needed (with other vendors often us-east-1)',
    });
  if ((id === undefined) !== (key === undefined))
    faults.push({
      path: ['storage', 's3', id === undefined ? 'secret_access_key' : 'access_key_id'],
      message: 'access_key_id and secret_access_key come together or not at all',
    });
  if (token !== undefined && id === undefined)
    faults.push({
      path: ['storage', 's3', 'session_token'],
      message: 'a session token needs access_key_id and secret_access_key',
    });
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    region: region ?? '',
    pathStyle: s3?.path_style ?? endpoint !== undefined,
    ...(id === undefined || key === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: id,
            secretAccessKey: key,
            ...(token === undefined ? {} : { sessionToken: token }),
          },
        }),
    checksums: s3?.checksums ?? (endpoint === undefined ? 'when-supported' : 'when-required'),
    partBytes: s3?.part_size ?? 16 * 1024 * 1024,
  };
}

function resolveTables(tables: ParsedFile['tables'], faults: Fault[]): TableDefinition[] {
  const seen = new Set<string>();
  return tables.flatMap((table, index) => {
    const name = parseTableName(table.name);
    const at = ['tables', index];
    if (name === undefined || !isCreatableName(name)) {
      faults.push({ path: [...at, 'name'], message: CREATABLE_NAME_RULE });
    } else if (seen.has(formatTableName(name))) {
      faults.push({ path: [...at, 'name'], message: 'another table of this file has this name' });
    } else seen.add(formatTableName(name));
    const parsed = parseTableInput(table);
    if (parsed.kind === 'refused') {
      faults.push(...parsed.problems.map((problem) => ({ ...problem, path: [...at, ...problem.path] })));
      return [];
    }
    const { fields, partition, sortOrder, identifierFieldIds } = parsed.shape;
    if (name === undefined) return [];
    return [
      {
        name,
        fields,
        partition,
        sortOrder,
        ...(identifierFieldIds.length > 0 ? { identifierFieldIds } : {}),
        properties: new Map(Object.entries(table.properties)),
      },
    ];
  });
}

/** What is wrong with the columns and partitions of each table that is at all a table: for files that fail elsewhere too. */
export function columnFaults(raw: unknown): readonly Fault[] {
  const tables = isRecord(raw) ? raw['tables'] : undefined;
  if (!Array.isArray(tables)) return [];
  return tables.flatMap((table: unknown, index) => {
    if (!isRecord(table) || table['schema'] === undefined) return [];
    const { schema, partition_by, sort_by, identifier } = table;
    const parsed = parseTableInput({ schema, partition_by, sort_by, identifier });
    return parsed.kind === 'parsed'
      ? []
      : parsed.problems.map((problem) => ({ ...problem, path: ['tables', index, ...problem.path] }));
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
