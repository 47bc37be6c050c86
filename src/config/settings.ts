/**
 * What the daemon was told, as frozen plain data: durations in milliseconds, sizes in bytes, paths absolute, defaults filled in.
 * Clocks, stores and other components are never in here.
 */
import type { PipelineId } from '../core/ids.ts';
import type { RateLimits } from '../contracts/access.ts';
import type { TableDefinition } from '../contracts/tables.ts';
import type { MaintenanceWindow } from '../record/maintenance-window.ts';
import type { Scope } from '../record/scopes.ts';
import type { ListenAddress } from './units.ts';
import type { Secret } from './secret.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** Present: operators' routes answer there alone. */
  readonly admin?: ListenAddress;
  readonly tls?: TlsSettings;
  readonly maxBodyBytes: number;
  readonly maxRecordBytes: number;
  readonly maxTextBytes?: number;
  /** Of a table that is created over HTTP, nested ones included. */
  readonly maxColumns: number;
  readonly shutdownGraceMs: number;
  readonly drainDelayMs: number;
  readonly decompressionRatio: number;
  readonly bodyMemoryBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxWaitMs: number;
}

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
  readonly requireClientCert: boolean;
  /** By common name. */
  readonly principals: ReadonlyMap<string, readonly Scope[]>;
}

export interface AuthSettings {
  readonly keysFile: string;
  readonly anonymous: 'until-keys' | 'loopback' | 'never' | 'always';
  readonly limits: RateLimits;
}

export interface S3Settings {
  readonly endpoint?: string;
  readonly region: string;
  readonly pathStyle: boolean;
  /** Absent: the AWS default chain. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken?: Secret;
  };
  readonly checksums: 'when-supported' | 'when-required';
  readonly partBytes: number;
}

export interface MaintenanceSettings {
  /** Of windows and schedules. */
  readonly timeZone: string;
  /** None: at any time. */
  readonly windows: readonly MaintenanceWindow[];
  /** From these on a table is looked after outside of the windows too. */
  readonly urgent: {
    readonly smallFilesRatio: number;
    readonly deletesRatio: number;
    readonly snapshots: number;
    readonly manifests: number;
  };
  readonly memoryBytes: number;
  readonly threads: number;
  readonly compaction: {
    readonly enabled: boolean;
    /** Cron expression. */
    readonly schedule: string;
    readonly minFiles: number;
    readonly hotFiles: number;
    readonly coldAfterMs: number;
    readonly maxGroupBytes: number;
    readonly triggers: {
      readonly commits: number;
      readonly bytes: number;
      readonly smallFiles: number;
      readonly smallFilesRatio: number;
      readonly deletesRatio: number;
    };
  };
  readonly expiry: {
    readonly enabled: boolean;
    readonly schedule: string;
    readonly maxAgeMs: number;
    readonly minSnapshots: number;
    readonly deletesPerSecond: number;
    readonly triggers: { readonly commits: number; readonly snapshots: number };
  };
  readonly manifests: {
    readonly enabled: boolean;
    readonly schedule: string;
    readonly triggers: { readonly commits: number; readonly manifests: number };
  };
  readonly orphans: {
    readonly enabled: boolean;
    readonly schedule: string;
    readonly minAgeMs: number;
    readonly quarantineMs: number;
    readonly deletesPerSecond: number;
  };
}

export interface Settings {
  /** The file these came from; undefined for the built-in defaults. */
  readonly source?: string;
  readonly pipeline: PipelineId;
  readonly dataDir: string;
  readonly server: ServerSettings;
  readonly auth: AuthSettings;
  readonly audit: { readonly path: string; readonly maxFileBytes: number; readonly maxFiles: number };
  /** Present when the file has `storage.s3` or the warehouse is on S3. */
  readonly s3?: S3Settings;
  /** URI without trailing slash: `file:///…` or one of the S3 schemes. */
  readonly warehouse: string;
  readonly catalog: { readonly type: 'sqlite'; readonly path: string; readonly name: string };
  readonly log: {
    readonly dir: string;
    readonly maxBytes: number;
    readonly tableShare: number;
    readonly segmentBytes: number;
    readonly trimGraceMs: number;
  };
  readonly checkpoint: {
    readonly intervalMs: number;
    readonly maxBytes: number;
    readonly maxRows: number;
    readonly history: number;
  };
  /** What is remembered of a table's exactly-once producers. */
  readonly producers: { readonly maxAgeMs: number; readonly maxKeys: number; readonly maxChannels: number };
  readonly memory: { readonly budgetBytes: number; readonly duckdbBytes: number };
  readonly spoolDir: string;
  readonly encoder: 'duckdb' | 'parquetjs';
  readonly file: { readonly targetBytes: number; readonly compression: 'zstd' | 'snappy' | 'none' };
  readonly maintenance: MaintenanceSettings;
  readonly tables: readonly TableDefinition[];
  /** Absent: no traces. `url` is the collector's OTLP/HTTP trace endpoint; `sample` the part of requests that begin a trace. */
  readonly traces?: { readonly url: string; readonly sample: number };
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}
