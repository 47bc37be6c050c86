/** Wire forms of diagnoses and health: snake_case, 64-bit numbers as text, times as ISO 8601. */
import type { DaemonFacts, Diagnosis, Finding, TableFacts, TableHealth, TableSurvey } from '../contracts/diagnosis.ts';
import type { HealthPoint } from '../contracts/health.ts';
import { isoTime, statusJson } from './wire.ts';

export const diagnosisJson = ({ view, findings }: Diagnosis) => ({
  healthy: findings.every(({ severity }) => severity !== 'error'),
  at: isoTime(view.daemon.now),
  findings: findings.map(findingJson),
  daemon: daemonJson(view.daemon),
  tables: view.tables.map(tableJson),
});

const findingJson = ({ rule, table, severity, verdict, evidence, remedy, command }: Finding) => ({
  rule,
  ...(table === undefined ? {} : { table }),
  severity,
  verdict,
  evidence,
  try: remedy,
  command,
});

const daemonJson = ({ notReady, log, memory, eventLoop, store, ...daemon }: DaemonFacts) => ({
  started_at: isoTime(daemon.startedAt),
  pipeline: daemon.pipeline,
  ready: notReady.length === 0,
  ...(log === undefined
    ? {}
    : {
        log: {
          bytes: String(log.bytes),
          max_bytes: String(log.maxBytes),
          parked_tables: log.parkedTables,
          ...(log.oldestAt === undefined ? {} : { oldest_at: isoTime(log.oldestAt) }),
        },
      }),
  memory: {
    bodies_used_bytes: String(memory.bodiesUsed),
    bodies_limit_bytes: String(memory.bodiesLimit),
    heap_used_bytes: String(memory.heapUsed),
    heap_limit_bytes: String(memory.heapLimit),
    resident_bytes: String(memory.resident),
    machine_bytes: String(memory.machine),
  },
  event_loop: { p99_seconds: eventLoop.p99Seconds, max_seconds: eventLoop.maxSeconds },
  store: {
    over_seconds: daemon.windowSeconds,
    requests: store.requests,
    failed: store.failed,
    slow_downs: store.slowDowns,
  },
});

const tableJson = ({ status, parked, intake, attempts, checkpoints }: TableFacts) => {
  const last = checkpoints.at(-1);
  return {
    ...statusJson(status),
    parked,
    records_per_second: intake.recordsPerSecond,
    ...(intake.lastAt === undefined ? {} : { last_record_at: isoTime(intake.lastAt) }),
    attempts,
    ...(last === undefined
      ? {}
      : { last_checkpoint: { records: String(last.records), files: last.files, phases: last.phases } }),
  };
};

export const healthJson = (table: string, health: TableHealth, survey: TableSurvey) => ({
  table,
  score: health.score,
  factors: health.factors.map(({ cause, lost, value, fineUpTo, evidence, remedy, command }) => ({
    cause,
    lost,
    value,
    fine_up_to: fineUpTo,
    evidence,
    try: remedy,
    command,
  })),
  measured_at: isoTime(survey.measuredAt),
  snapshot_id: survey.snapshot ?? null,
  files: survey.files,
  sampled_files: survey.sampledFiles,
  bytes: String(survey.bytes),
  records: survey.records,
  target_file_bytes: String(survey.targetBytes),
  small_files: survey.smallFiles,
  sparable_files: survey.sparableFiles,
  partitions: {
    count: survey.partitions.count,
    largest_bytes: String(survey.partitions.largestBytes),
    median_bytes: String(survey.partitions.medianBytes),
  },
  delete_files: survey.deleteFiles,
  delete_rows: survey.deleteRows,
  manifests: survey.manifests,
  snapshots: survey.snapshots,
  metadata_bytes: String(survey.metadataBytes),
});

export const healthHistoryJson = (table: string, points: readonly HealthPoint[]) => ({
  table,
  points: points.map((point) => ({
    at: isoTime(point.at),
    score: point.score,
    lost: point.lost,
    files: point.files,
    small_files: point.smallFiles,
    delete_files: point.deleteFiles,
    manifests: point.manifests,
    snapshots: point.snapshots,
  })),
});
