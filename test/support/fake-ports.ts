/** A daemon without a daemon: ports whose answers a test sets, and an API in front of them. Remembers what was asked. */
import type { FastifyInstance } from 'fastify';
import { buildApi, type Listener } from '../../src/api/app.ts';
import type { ApiContext, ApiSettings } from '../../src/api/context.ts';
import type { AccessPort, AuditEvent } from '../../src/contracts/access.ts';
import type { ConfigFault, ConfigPort, ReloadOutcome, RunningConfig } from '../../src/contracts/config-port.ts';
import type {
  AppendAnswer,
  AppendRequest,
  ChannelAnswer,
  ChannelPort,
  CheckpointRecord,
  Committed,
  ControlPort,
  IngestPort,
  PositionState,
  TableStatus,
} from '../../src/contracts/service-ports.ts';
import type { DiagnosisPort } from '../../src/contracts/diagnosis.ts';
import type { DeadLetterPort, LetterGroup, LetterPage } from '../../src/contracts/dead-letters.ts';
import type {
  Arrangement,
  Figures,
  Job,
  JobKind,
  MaintenancePort,
  RollbackAnswer,
} from '../../src/contracts/maintenance-port.ts';
import type { TableView } from '../../src/contracts/table-format.ts';
import type { SnapshotSummary, TableDefinition } from '../../src/contracts/tables.ts';
import { NO_TRACER, type Tracer } from '../../src/contracts/tracing.ts';
import { ByteBudget } from '../../src/core/byte-budget.ts';
import { epoch, formatTableName, laneId, offset, snapshotId, tableUuid } from '../../src/core/ids.ts';
import { apiDocument } from './api-document/document.ts';
import type { SnapshotId, TableName } from '../../src/core/ids.ts';
import type { Runtime } from '../../src/core/runtime.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { EventHub } from '../../src/telemetry/events/event-hub.ts';
import { createMetrics } from '../../src/telemetry/metrics/registry.ts';

export const LANE = laneId('0123456789abcdef0123456789abcdef');
/** Beyond what a double holds exactly. */
export const SNAPSHOT = snapshotId(5_937_117_119_577_207_079n);
export const COMMITTED: Committed = { snapshot: SNAPSHOT, at: Date.UTC(2026, 10, 22, 10, 0, 5, 100) };

export const durable = (accepted: number, committed: () => Promise<Committed>): AppendAnswer => ({
  kind: 'durable',
  accepted,
  position: { lane: LANE, offset: offset(481_516) },
  committed,
});

export function viewOf(definition: TableDefinition): TableView {
  return {
    name: definition.name,
    uuid: tableUuid('0193f7a0-0000-7000-8000-00000000000a'),
    location: `file:///warehouse/${definition.name.namespace.join('/')}/${definition.name.name}`,
    metadataLocation: 'file:///warehouse/metadata/00001-x.metadata.json',
    snapshot: SNAPSHOT,
    sequenceNumber: 9_007_199_254_740_993n,
    schema: { schemaId: 0, fields: definition.fields, identifierFieldIds: definition.identifierFieldIds ?? [] },
    spec: { specId: 0, fields: definition.partition.map((field, index) => ({ ...field, fieldId: 1000 + index })) },
    sortOrder: definition.sortOrder ?? { orderId: 0, fields: [] },
    properties: definition.properties,
  };
}

/** Jobs and estimates a test sets. */
export class FakeMaintenance implements MaintenancePort {
  readonly started: string[] = [];
  /** By table; absent: there is no such table. */
  readonly estimates = new Map<string, Figures>();
  jobList: Job[] = [];
  /** What a job that was started has become when it is asked for. */
  ended: Partial<Job> = {};

  /** As asked for with estimates and jobs. */
  readonly arrangements: (Arrangement | undefined)[] = [];

  estimate(_kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Figures | undefined> {
    this.arrangements.push(arrangement);
    return Promise.resolve(this.estimates.get(formatTableName(table)));
  }

  start(kind: JobKind, table: TableName, arrangement?: Arrangement): Promise<Job | undefined> {
    this.arrangements.push(arrangement);
    const name = formatTableName(table);
    const estimate = this.estimates.get(name);
    if (estimate === undefined) return Promise.resolve(undefined);
    this.started.push(`${kind} ${name}`);
    const job = jobOf({ table, kind, estimate, ...(arrangement === undefined ? {} : { arrangement }) });
    this.jobList.push({ ...job, ...this.ended });
    return Promise.resolve(job);
  }

  /** What a rollback answers, dry or not; undefined: there is no such table. */
  rollback: RollbackAnswer | undefined;
  readonly rollbacks: string[] = [];

  rollBack(table: TableName, to: SnapshotId, dry: boolean): Promise<RollbackAnswer | undefined> {
    this.rollbacks.push(`${formatTableName(table)} to ${to}${dry ? ', dry' : ''}`);
    return Promise.resolve(this.rollback);
  }

  jobs(): readonly Job[] {
    return this.jobList;
  }

  job(id: string): Job | undefined {
    return this.jobList.find((job) => job.id === id);
  }

  /** Whoever watches a job. */
  readonly watchers = new Set<(job: Job) => void>();

  watch(id: string, onChange: (job: Job) => void): (() => void) | undefined {
    if (this.job(id) === undefined) return undefined;
    this.watchers.add(onChange);
    return () => void this.watchers.delete(onChange);
  }

  cancel(id: string): Job | undefined {
    this.jobList = this.jobList.map((job) => (job.id === id ? { ...job, state: 'cancelled' } : job));
    return this.job(id);
  }
}

export const jobOf = (parts: Partial<Job> = {}): Job => ({
  id: 'job_1',
  table: { namespace: ['web'], name: 'clicks' },
  kind: 'compact',
  trigger: 'request',
  state: 'running',
  createdAt: COMMITTED.at,
  progress: { done: 0, total: 0, unit: 'bytes' },
  estimate: {},
  log: [],
  ...parts,
});

export class FakePorts implements IngestPort, ChannelPort, ControlPort, DeadLetterPort {
  readonly appended: AppendRequest[] = [];
  readonly created = new Map<string, TableView>();
  readonly checkpointed: (string | undefined)[] = [];
  answer: (request: AppendRequest) => Promise<AppendAnswer> = (request) =>
    Promise.resolve(durable(request.body.filter((byte) => byte === 10).length, () => Promise.resolve(COMMITTED)));
  dryAnswer: Awaited<ReturnType<IngestPort['dryRun']>> = { kind: 'valid', count: 2 };
  state: PositionState = { kind: 'durable' };
  /** When set, `awaitPosition` answers it at once; else it waits for its signal. */
  awaited: PositionState | undefined;
  reasons: { readonly code: string; readonly detail: string }[] = [];
  failure: Error | undefined;
  snapshotList: SnapshotSummary[] = [];
  channelAnswer: ChannelAnswer = { kind: 'done', channel: { name: 'edge-7', epoch: 4n, next: 0n } };
  /** Offsets with which channels were opened. */
  readonly opened: (bigint | undefined)[] = [];
  readonly openedNames: string[] = [];
  fileList: Awaited<ReturnType<ControlPort['files']>> = [];
  checkpointList: CheckpointRecord[] = [];
  readonly maintenance = new FakeMaintenance();

  diagnosis: DiagnosisPort = {
    diagnose: () => Promise.resolve(undefined),
    health: () => Promise.resolve(undefined),
    healthHistory: () => Promise.resolve(undefined),
  };
  letterPage: LetterPage | undefined = { letters: [] };
  letterGroups: readonly LetterGroup[] = [];
  settled: Awaited<ReturnType<DeadLetterPort['settle']>>;
  /** What was asked of dead letters: arguments as they came. */
  readonly asked: unknown[][] = [];

  list(...asked: Parameters<DeadLetterPort['list']>): ReturnType<DeadLetterPort['list']> {
    this.asked.push(asked);
    return Promise.resolve(this.letterPage);
  }

  groups(): ReturnType<DeadLetterPort['groups']> {
    return Promise.resolve(this.letterGroups);
  }

  settle(...asked: Parameters<DeadLetterPort['settle']>): ReturnType<DeadLetterPort['settle']> {
    this.asked.push(asked);
    return Promise.resolve(this.settled);
  }

  append(request: AppendRequest): Promise<AppendAnswer> {
    this.appended.push(request);
    return this.answer(request);
  }

  open(_table: unknown, name: string, start?: bigint): Promise<ChannelAnswer> {
    this.opened.push(start);
    this.openedNames.push(name);
    return Promise.resolve(this.channelAnswer);
  }

  close(): Promise<ChannelAnswer> {
    return Promise.resolve(this.channelAnswer);
  }

  channel(): Promise<ChannelAnswer> {
    return Promise.resolve(this.channelAnswer);
  }

  channels(): ReturnType<ChannelPort['channels']> {
    const { channelAnswer } = this;
    return Promise.resolve({
      kind: 'listed',
      channels: channelAnswer.kind === 'done' ? [channelAnswer.channel] : [],
    });
  }

  dryRun(): ReturnType<IngestPort['dryRun']> {
    return Promise.resolve(this.dryAnswer);
  }

  position(): Promise<PositionState> {
    return Promise.resolve(this.state);
  }

  async awaitPosition(_table: unknown, _position: unknown, signal: AbortSignal): Promise<PositionState> {
    if (this.awaited !== undefined) return this.awaited;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return this.state;
  }

  tables(): Promise<readonly TableStatus[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return Promise.resolve([...this.created.values()].map(statusOf));
  }

  openTables(): readonly TableStatus[] {
    return [...this.created.values()].map(statusOf);
  }

  describe(table: TableView['name']): ReturnType<ControlPort['describe']> {
    const view = this.created.get(formatTableName(table));
    return Promise.resolve(view === undefined ? undefined : { view, status: statusOf(view) });
  }

  createTable(definition: TableDefinition): ReturnType<ControlPort['createTable']> {
    const name = formatTableName(definition.name);
    const there = this.created.get(name);
    if (there !== undefined) return Promise.resolve({ kind: 'exists', view: there });
    const view = viewOf(definition);
    this.created.set(name, view);
    return Promise.resolve({ kind: 'created', view });
  }

  snapshots(table: TableView['name']): ReturnType<ControlPort['snapshots']> {
    return Promise.resolve(this.created.has(formatTableName(table)) ? this.snapshotList : undefined);
  }

  files(table: TableView['name']): ReturnType<ControlPort['files']> {
    return Promise.resolve(this.created.has(formatTableName(table)) ? this.fileList : undefined);
  }

  checkpoint(table?: TableView['name']): Promise<readonly CheckpointRecord[]> {
    this.checkpointed.push(table === undefined ? undefined : formatTableName(table));
    return Promise.resolve(this.checkpointList);
  }

  checkpoints(): Promise<readonly CheckpointRecord[]> {
    return Promise.resolve(this.checkpointList);
  }

  notReady(): readonly { readonly code: string; readonly detail: string }[] {
    return this.reasons;
  }
}

const statusOf = (view: TableView): TableStatus => ({
  name: view.name,
  state: 'running',
  lagRecords: 9_007_199_254_740_993n,
  lagBytes: 12,
  freshnessSeconds: 1.5,
  lastCommit: COMMITTED,
  health: {
    score: 62,
    worst: 'small-files',
    files: 40,
    smallFilesRatio: 0.75,
    snapshots: 8,
    manifests: 5,
    lost: { 'small-files': 38 },
  },
});

export const checkpointRecord = (table: string): CheckpointRecord => ({
  table,
  epoch: epoch(7),
  trigger: 'operator',
  startedAt: COMMITTED.at,
  result: 'committed',
  snapshot: SNAPSHOT,
  records: 10,
  files: 1,
  bytes: 1000,
  cut: { [LANE]: '10' },
  phases: { write: 0.1, upload: 0.2, commit: 0.3 },
});

export class FakeConfig implements ConfigPort {
  readonly validated: string[] = [];
  config: RunningConfig = { source: '/etc/sluice.yaml', settings: { pipeline: 'x' }, needsRestart: [] };
  faults: readonly ConfigFault[] = [];
  outcome: ReloadOutcome = { kind: 'reloaded', applied: [], needsRestart: [], noEffect: [] };

  running(): RunningConfig {
    return this.config;
  }

  validate(text: string): readonly ConfigFault[] {
    this.validated.push(text);
    return this.faults;
  }

  reload(): Promise<ReloadOutcome> {
    return Promise.resolve(this.outcome);
  }
}

const SETTINGS: ApiSettings = {
  maxBodyBytes: 1024 * 1024,
  decompressionRatio: 50,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 100,
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  keepAliveMs: 5_000,
  maxWaitMs: 60_000,
  maxColumns: 50,
};

export interface TestContext {
  readonly context: ApiContext;
  readonly ports: FakePorts;
  readonly config: FakeConfig;
  readonly budget: ByteBudget;
  readonly events: EventHub;
  readonly logged: { readonly facts: object; readonly message: string }[];
}

export interface TestApi extends TestContext {
  readonly app: FastifyInstance;
  /** Closes the app; throws when it gave an answer that the API document does not know. */
  readonly close: () => Promise<void>;
}

export interface TestOptions {
  readonly settings?: Partial<ApiSettings>;
  readonly budgetBytes?: number;
  readonly runtime?: Runtime;
  readonly tracer?: Tracer;
  readonly access?: AccessPort;
  readonly listener?: Listener;
}

/** Lets everybody do everything and remembers what it was told. */
class OpenAccess implements AccessPort {
  readonly recorded: AuditEvent[] = [];
  readonly authenticator: AccessPort['authenticator'] = {
    authenticate: () => ({
      kind: 'known',
      principal: { id: 'anonymous', account: 'anyone', scopes: [{ grant: 'admin', tables: '*' }], limits: {} },
    }),
  };
  readonly limiter: AccessPort['limiter'] = {
    admit: () => ({ kind: 'admitted', allowances: [], charge: () => undefined }),
  };
  readonly audit: AccessPort['audit'] = {
    record: (event) => void this.recorded.push(event),
    latest: (limit) =>
      Promise.resolve(
        this.recorded
          .toReversed()
          .slice(0, limit)
          .map((event) => ({ ...event })),
      ),
  };
}

export function testContext(options: TestOptions = {}): TestContext {
  const ports = new FakePorts();
  const config = new FakeConfig();
  const budget = new ByteBudget(options.budgetBytes ?? 64 * 1024 * 1024);
  const logged: { facts: object; message: string }[] = [];
  const log = (facts: object, message: string): void => void logged.push({ facts, message });
  const runtime = options.runtime ?? systemRuntime;
  const events = new EventHub(runtime);
  const context: ApiContext = {
    ingest: ports,
    channels: ports,
    keyWindow: { maxAgeMs: 86_400_000, maxKeys: 1_000 },
    control: ports,
    diagnosis: {
      diagnose: (table, visible) => ports.diagnosis.diagnose(table, visible),
      health: (table) => ports.diagnosis.health(table),
      healthHistory: (table, limit) => ports.diagnosis.healthHistory(table, limit),
    },
    deadLetters: ports,
    config,
    draining: () => ports.reasons.some(({ code }) => code === 'draining'),
    maintenance: ports.maintenance,
    settings: { ...SETTINGS, ...options.settings },
    metrics: createMetrics({ version: '1.2.3' }),
    tracer: options.tracer ?? NO_TRACER,
    events,
    runtime,
    bodyBudget: budget,
    log: { warn: log, error: log },
    version: '1.2.3',
    access: options.access ?? new OpenAccess(),
    levels: () => ({ log: { bytes: 5, maxBytes: 10, parkedTables: 0 }, memory: { used: 1, limit: 2 } }),
  };
  return { context, ports, config, budget, events, logged };
}

export function testApi(options: TestOptions = {}): TestApi {
  const made = testContext(options);
  const app = buildApi(made.context, options.listener);
  const faults: string[] = [];
  app.addHook('onSend', (request, reply, payload, done) => {
    const fault = apiDocument().fault({
      method: request.method,
      path: request.url.replace(/[?#].*$/s, ''),
      status: reply.statusCode,
      contentType: reply.getHeader('content-type')?.toString(),
      body: typeof payload === 'string' || payload instanceof Buffer ? payload.toString() : '',
    });
    if (fault !== undefined) faults.push(fault);
    done();
  });
  const close = async (): Promise<void> => {
    await app.close();
    if (faults.length > 0) throw new Error(`answers that the API document does not know:\n${faults.join('\n')}`);
  };
  return { ...made, app, close };
}
