/** Facts of a daemon and a table that are in order, to be spoilt one at a time. */
import type { DaemonFacts, DiagnosisView, TableFacts, TableSurvey } from '../../src/contracts/diagnosis.ts';
import type { CheckpointRecord, TableStatus } from '../../src/contracts/service-ports.ts';
import type { SnapshotSummary } from '../../src/contracts/tables.ts';
import { snapshotId } from '../../src/core/ids.ts';
import { COMMITTED, checkpointRecord } from './fake-ports.ts';

export const NOW = COMMITTED.at + 1_000;
const MIB = 1024 * 1024;

export const daemonInOrder: DaemonFacts = {
  now: NOW,
  startedAt: NOW - 3_600_000,
  windowSeconds: 600,
  pipeline: 'sluice',
  notReady: [],
  log: { accepting: true, bytes: 10 * MIB, maxBytes: 4096 * MIB, parkedTables: 0 },
  memory: {
    bodiesUsed: MIB,
    bodiesLimit: 64 * MIB,
    heapUsed: 50 * MIB,
    heapLimit: 4096 * MIB,
    resident: 500 * MIB,
    machine: 8192 * MIB,
  },
  eventLoop: { p99Seconds: 0.01, maxSeconds: 0.05 },
  store: { requests: 1_000, failed: 0, slowDowns: 0 },
  settings: { checkpointIntervalMs: 10_000, trimGraceMs: 600_000 },
};

export const snapshotOf = (
  summary: Readonly<Record<string, string>> = {},
  facts: Partial<SnapshotSummary> = {},
): SnapshotSummary => ({
  snapshotId: 1n,
  sequenceNumber: 1n,
  timestampMs: COMMITTED.at,
  operation: 'append',
  summary: new Map(Object.entries({ 'sluice.pipeline': 'sluice', 'changed-partition-count': '2', ...summary })),
  ...facts,
});

/** 100 files of the target size in 10 partitions. */
export const surveyInOrder: TableSurvey = {
  measuredAt: NOW,
  snapshot: snapshotId(1n),
  files: 100,
  bytes: 100 * 256 * MIB,
  records: 1_000_000n,
  sampledFiles: 100,
  targetBytes: 256 * MIB,
  smallFiles: 0,
  smallBytes: 64 * MIB,
  sparableFiles: 0,
  partitions: { count: 10, largestBytes: 2560 * MIB, medianBytes: 2560 * MIB },
  deleteFiles: 0,
  deleteRows: 0n,
  manifests: 20,
  snapshots: 100,
  metadataBytes: 100_000,
  recent: [snapshotOf()],
  progress: { bytes: 300, maxBytes: 65_536 },
};

const statusInOrder: TableStatus = {
  name: { namespace: ['web'], name: 'clicks' },
  state: 'running',
  lagRecords: 0n,
  lagBytes: 0,
  freshnessSeconds: 0,
  lastCommit: COMMITTED,
};

export const tableInOrder: TableFacts = {
  status: statusInOrder,
  parked: false,
  checkpoints: [],
  intake: { recordsPerSecond: 1_000, lastAt: NOW },
  attempts: { committed: 60, conflicts: 0, unknown: 0 },
  survey: surveyInOrder,
};

export const daemon = (facts: Partial<DaemonFacts>): DiagnosisView => ({
  daemon: { ...daemonInOrder, ...facts },
  tables: [tableInOrder],
});

export const table = (facts: Partial<TableFacts>): DiagnosisView => ({
  daemon: daemonInOrder,
  tables: [{ ...tableInOrder, ...facts }],
});

export const status = (facts: Partial<TableStatus>): DiagnosisView => table({ status: { ...statusInOrder, ...facts } });

export const survey = (facts: Partial<TableSurvey>): DiagnosisView => table({ survey: { ...surveyInOrder, ...facts } });

export const checkpoints = (phases: CheckpointRecord['phases']): DiagnosisView =>
  table({ checkpoints: [1, 2, 3].map(() => ({ ...checkpointRecord('web.clicks'), phases })) });
