/** What the routes of the API share. Data and ports only. */
import type { AccessPort } from '../contracts/access.ts';
import type { DeadLetterPort } from '../contracts/dead-letters.ts';
import type { DiagnosisPort } from '../contracts/diagnosis.ts';
import type { EventFeed } from '../contracts/events.ts';
import type { MaintenancePort } from '../contracts/maintenance-port.ts';
import type { Exposition, Levels, Metrics } from '../contracts/metrics.ts';
import type { ConfigPort } from '../contracts/config-port.ts';
import type { ChannelPort, ControlPort, IngestPort } from '../contracts/service-ports.ts';
import type { Tracer } from '../contracts/tracing.ts';
import type { ByteBudget } from '../core/byte-budget.ts';
import type { Runtime } from '../core/runtime.ts';

/** Limits in bytes, times in milliseconds. `Settings.server` fits. Members may change while the daemon runs: read them at each use. */
export interface ApiSettings {
  readonly maxBodyBytes: number;
  readonly decompressionRatio: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Longest `?timeout=`. */
  readonly maxWaitMs: number;
  /** Of a table that is created, nested ones included. */
  readonly maxColumns: number;
}

/** The part of a pino logger that is used. */
export interface ApiLog {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface ApiContext {
  readonly ingest: IngestPort;
  readonly channels: ChannelPort;
  /** How long, and how many of, a table's idempotency keys are remembered. */
  readonly keyWindow: { readonly maxAgeMs: number; readonly maxKeys: number };
  readonly control: ControlPort;
  readonly deadLetters: DeadLetterPort;
  readonly diagnosis: DiagnosisPort;
  readonly config: ConfigPort;
  readonly maintenance: MaintenancePort;
  readonly settings: ApiSettings;
  readonly metrics: Metrics & Exposition;
  readonly tracer: Tracer;
  readonly events: EventFeed;
  /** While true, answers ask clients to leave their connections. */
  readonly draining: () => boolean;
  readonly runtime: Runtime;
  /** Holds the bytes of bodies from before they are read until they are answered. */
  readonly bodyBudget: ByteBudget;
  readonly log: ApiLog;
  readonly version: string;
  /** Who may do what, how much, and what is remembered of it. */
  readonly access: AccessPort;
  /** Sampled at each scrape. */
  readonly levels: () => Omit<Levels, 'tables' | 'catalogAnswers' | 'eventSubscribers' | 'ready'>;
}
