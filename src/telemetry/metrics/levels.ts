/** Gauges that are set from `Levels` before each exposition. Tables that went away, or are past the cap, leave no series behind. */
import { Gauge, type Registry } from 'prom-client';
import { HEALTH_CAUSES, type PointsLost } from '../../contracts/health.ts';
import type { Levels } from '../../contracts/metrics.ts';
import type { TableStatus } from '../../contracts/service-ports.ts';
import { formatTableName } from '../../core/ids.ts';
import type { TableLabels } from './table-labels.ts';

export function levelGauges(registry: Registry, labels: TableLabels): (levels: Levels) => void {
  const ofTables = tableGauges(registry, labels);
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const ready = gauge('sluice_ready', '1 when /readyz says yes.');
  const catalog = gauge('sluice_catalog_up', '1 when the catalog listed its tables at this scrape.');
  const logBytes = gauge('sluice_wal_bytes', 'Bytes the log holds.');
  const logLimit = gauge('sluice_wal_limit_bytes', 'Bytes the log may hold.');
  const tableLimit = gauge('sluice_wal_table_limit_bytes', 'Bytes of the log that one table may have waiting.');
  const logOldest = gauge(
    'sluice_wal_oldest_record_timestamp_seconds',
    'Arrival of the oldest untrimmed record; 0 for none.',
  );
  const parked = gauge('sluice_wal_parked_tables', 'Tables whose records were moved aside so that the log can trim.');
  const memory = gauge('sluice_memory_budget_used_bytes', 'Bytes of the memory budget of request bodies in use.');
  const memoryLimit = gauge('sluice_memory_budget_bytes', 'The memory budget of request bodies.');
  const readers = gauge('sluice_event_readers', 'Readers of /api/v1/events.');

  return (levels) => {
    const { log, memory: budget } = levels;
    ready.set(levels.ready ? 1 : 0);
    catalog.set(levels.catalogAnswers === false ? 0 : 1);
    readers.set(levels.eventSubscribers ?? 0);
    if (log !== undefined) {
      logBytes.set(log.bytes);
      logLimit.set(log.maxBytes);
      if (log.maxTableBytes !== undefined) tableLimit.set(log.maxTableBytes);
      logOldest.set((log.oldestAt ?? 0) / 1000);
      parked.set(log.parkedTables);
    }
    if (budget !== undefined) {
      memory.set(budget.used);
      memoryLimit.set(budget.limit);
    }
    ofTables(levels.tables);
  };
}

/** Of the tables that share a series: the sum of what adds up, the worst of what does not. */
type Join = (a: number, b: number) => number;
const sum: Join = (a, b) => a + b;

interface TableLevel {
  readonly name: string;
  readonly help: string;
  readonly join: Join;
  /** Undefined: no series. */
  readonly of: (status: TableStatus) => number | undefined;
}

/** From the last look at each table; tables nobody has looked at yet have no series. */
const HEALTH_LEVELS: readonly TableLevel[] = [
  {
    name: 'sluice_table_health_score',
    help: '100 is healthy; docs/diagnosis.md says what takes points.',
    join: Math.min,
    of: ({ health }) => health?.score,
  },
  {
    name: 'sluice_table_files',
    help: 'Live data files of the current snapshot.',
    join: sum,
    of: ({ health }) => health?.files,
  },
  {
    name: 'sluice_table_small_files_ratio',
    help: 'Part of the data files below a quarter of their target.',
    join: Math.max,
    of: ({ health }) => health?.smallFilesRatio,
  },
  {
    name: 'sluice_table_snapshots',
    help: 'Snapshots that the metadata holds.',
    join: sum,
    of: ({ health }) => health?.snapshots,
  },
  {
    name: 'sluice_table_manifests',
    help: 'Manifests with live files.',
    join: sum,
    of: ({ health }) => health?.manifests,
  },
];

const TABLE_LEVELS: readonly TableLevel[] = [
  ...HEALTH_LEVELS,
  {
    name: 'sluice_table_lag_records',
    help: 'Acknowledged records not yet in the table.',
    join: sum,
    of: (status) => Number(status.lagRecords),
  },
  {
    name: 'sluice_buffer_bytes',
    help: 'Bytes of acknowledged records not yet in the table.',
    join: sum,
    of: (status) => status.lagBytes,
  },
  {
    name: 'sluice_table_staging_bytes',
    help: 'Bytes of records staged in the spool for the next commits of the table.',
    join: sum,
    of: (status) => status.stagedBytes,
  },
  {
    name: 'sluice_table_wal_bytes',
    help: 'Bytes of the log that wait for a commit of the table.',
    join: sum,
    of: (status) => status.logBytes,
  },
  {
    name: 'sluice_table_freshness_seconds',
    help: 'Age of the oldest record not yet in the table; 0 for none.',
    join: Math.max,
    of: (status) => status.freshnessSeconds,
  },
  {
    name: 'sluice_commit_last_success_timestamp_seconds',
    help: 'When the last commit of ours was made.',
    join: Math.min,
    of: (status) => (status.lastCommit === undefined ? undefined : status.lastCommit.at / 1000),
  },
];

function tableGauges(registry: Registry, labels: TableLabels): (tables: readonly TableStatus[]) => void {
  const gauge = (name: string, help: string, ...more: string[]) =>
    new Gauge({ name, help, labelNames: ['table', ...more], registers: [registry] });
  const levels = TABLE_LEVELS.map((level) => ({ ...level, gauge: gauge(level.name, level.help) }));
  const states = gauge(
    'sluice_table_state',
    'How many tables of this label are in this state: 1 of one table.',
    'state',
  );

  const lost = gauge('sluice_table_health_lost_points', 'Points of the health score that a cause takes.', 'cause');

  return (tables) => {
    const named = tables.map((status) => ({ table: labels.of(formatTableName(status.name)), status }));
    for (const { gauge, join, of } of levels) {
      const values = new Map<string, number>();
      for (const { table, status } of named) {
        const value = of(status);
        const known = values.get(table);
        if (value !== undefined) values.set(table, known === undefined ? value : join(known, value));
      }
      gauge.reset();
      for (const [table, value] of values) gauge.set({ table }, value);
    }
    lost.reset();
    for (const [table, points] of pointsByTable(named))
      for (const cause of HEALTH_CAUSES) lost.set({ table, cause }, points[cause] ?? 0);
    states.reset();
    for (const { table, status } of named) states.inc({ table, state: status.state });
  };
}

/** Of tables whose health is known; of those that share a series the worst by cause. */
function pointsByTable(
  named: readonly { readonly table: string; readonly status: TableStatus }[],
): ReadonlyMap<string, PointsLost> {
  const worst = new Map<string, PointsLost>();
  for (const { table, status } of named) {
    if (status.health === undefined) continue;
    const { lost } = status.health;
    const known = worst.get(table) ?? {};
    worst.set(
      table,
      Object.fromEntries(HEALTH_CAUSES.map((cause) => [cause, Math.max(lost[cause] ?? 0, known[cause] ?? 0)])),
    );
  }
  return worst;
}
