/**
 * The Prometheus registry: names, labels and buckets of every series (`sluice_*`), plus Node's own defaults.
 * Owns the exposition; who reports what is `contracts/metrics.ts`.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { IngestObservation, Levels, Metrics } from '../contracts/metrics.ts';
import type { CheckpointRecord } from '../contracts/service-ports.ts';
import { formatTableName } from '../core/ids.ts';

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const PHASE_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

export interface MetricsRegistry extends Metrics {
  readonly contentType: string;
  /** The text exposition with these levels. */
  render(levels: Levels): Promise<string>;
}

/** One registry a process: the defaults of Node are registered with it. */
export function createMetrics(build: { readonly version: string }): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const info = new Gauge({ name: 'sluice_build_info', help: 'Constant 1.', labelNames: ['version'], registers });
  info.set({ version: build.version }, 1);
  const records = new Counter({
    name: 'sluice_ingest_records_total',
    help: 'Records of requests, by what became of them.',
    labelNames: ['table', 'source', 'result'],
    registers,
  });
  const bytes = new Counter({
    name: 'sluice_ingest_bytes_total',
    help: 'Bytes of request bodies after decompression.',
    labelNames: ['table'],
    registers,
  });
  const requests = new Counter({
    name: 'sluice_ingest_requests_total',
    help: 'Requests for records, by result.',
    labelNames: ['result'],
    registers,
  });
  const duration = new Histogram({
    name: 'sluice_ingest_request_duration_seconds',
    help: 'From the headers to the answer.',
    labelNames: ['ack'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const phases = new Histogram({
    name: 'sluice_checkpoint_duration_seconds',
    help: 'Seconds of each phase of a checkpoint of one table.',
    labelNames: ['phase'],
    buckets: PHASE_BUCKETS,
    registers,
  });
  const commits = new Counter({
    name: 'sluice_commits_total',
    help: 'Checkpoints of a table by result.',
    labelNames: ['table', 'result'],
    registers,
  });
  const committed = new Counter({
    name: 'sluice_committed_records_total',
    help: 'Records that checkpoints put into the table.',
    labelNames: ['table'],
    registers,
  });
  const written = new Counter({
    name: 'sluice_written_bytes_total',
    help: 'Bytes of data files that checkpoints put into the table.',
    labelNames: ['table'],
    registers,
  });
  const attempts = new Counter({
    name: 'sluice_commit_attempts_total',
    help: 'Compare-and-swaps on a table by outcome.',
    labelNames: ['table', 'outcome'],
    registers,
  });
  const storeDuration = new Histogram({
    name: 'sluice_store_request_duration_seconds',
    help: 'Requests to the object store by operation and code.',
    labelNames: ['op', 'code'],
    buckets: PHASE_BUCKETS,
    registers,
  });
  const levels = levelGauges(registry);

  return {
    contentType: registry.contentType,
    ingest: (seen: IngestObservation) => {
      requests.inc({ result: seen.result });
      duration.observe({ ack: seen.ack }, seen.seconds);
      if (seen.table === undefined) return;
      records.inc({ table: seen.table, source: 'http', result: seen.result }, seen.records);
      bytes.inc({ table: seen.table }, seen.bytes);
    },
    checkpoint: (record: CheckpointRecord) => {
      commits.inc({ table: record.table, result: record.result });
      phases.observe({ phase: 'encode' }, record.phases.write);
      phases.observe({ phase: 'upload' }, record.phases.upload);
      phases.observe({ phase: 'commit' }, record.phases.commit);
      if (record.result !== 'committed') return;
      committed.inc({ table: record.table }, record.records);
      written.inc({ table: record.table }, record.bytes);
    },
    commitAttempt: (table, outcome) => attempts.inc({ table, outcome }),
    storeRequest: (op, code, seconds) => storeDuration.observe({ op, code }, seconds),
    render: (now) => {
      levels(now);
      return registry.metrics();
    },
  };
}

/** Gauges that are set from `Levels` before each exposition; tables that went away leave no series behind. */
function levelGauges(registry: Registry): (levels: Levels) => void {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const perTable = (name: string, help: string) => new Gauge({ name, help, labelNames: ['table'], registers });
  const ready = gauge('sluice_ready', '1 when /readyz says yes.');
  const logBytes = gauge('sluice_wal_bytes', 'Bytes the log holds.');
  const logLimit = gauge('sluice_wal_limit_bytes', 'Bytes the log may hold.');
  const logOldest = gauge(
    'sluice_wal_oldest_record_timestamp_seconds',
    'Arrival of the oldest untrimmed record; 0 for none.',
  );
  const parked = gauge('sluice_wal_parked_tables', 'Tables whose records were moved aside so that the log can trim.');
  const memory = gauge('sluice_memory_budget_used_bytes', 'Bytes of the memory budget in use.');
  const memoryLimit = gauge('sluice_memory_budget_bytes', 'The memory budget.');
  const lag = perTable('sluice_table_lag_records', 'Acknowledged records not yet in the table.');
  const buffer = perTable('sluice_buffer_bytes', 'Bytes of acknowledged records not yet in the table.');
  const freshness = perTable(
    'sluice_table_freshness_seconds',
    'Age of the oldest record not yet in the table; 0 for none.',
  );
  const lastCommit = perTable('sluice_commit_last_success_timestamp_seconds', 'When the last commit of ours was made.');
  const state = new Gauge({
    name: 'sluice_table_state',
    help: '1 for the state a table is in.',
    labelNames: ['table', 'state'],
    registers,
  });

  return ({ tables, log, memory: budget, ready: isReady }) => {
    ready.set(isReady ? 1 : 0);
    if (log !== undefined) {
      logBytes.set(log.bytes);
      logLimit.set(log.maxBytes);
      logOldest.set((log.oldestAt ?? 0) / 1000);
      parked.set(log.parkedTables);
    }
    if (budget !== undefined) {
      memory.set(budget.used);
      memoryLimit.set(budget.limit);
    }
    for (const series of [lag, buffer, freshness, lastCommit, state]) series.reset();
    for (const status of tables) {
      const table = formatTableName(status.name);
      lag.set({ table }, Number(status.lagRecords));
      buffer.set({ table }, status.lagBytes);
      freshness.set({ table }, status.freshnessSeconds);
      if (status.lastCommit !== undefined) lastCommit.set({ table }, status.lastCommit.at / 1000);
      state.set({ table, state: status.state }, 1);
    }
  };
}
